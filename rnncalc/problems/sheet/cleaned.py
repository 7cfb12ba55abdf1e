"""A sheet in one spelling, without what is of no use in it: imports, remarks, names of people; its headings."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rnncalc.problems.formulas.spelling import unified
from rnncalc.problems.sheet import (
    code,
    decimal_commas,
    drawn_matrices,
    named_vectors,
    piecewise,
    remarks,
    rewritten,
    sentence_values,
    step_lines,
    tables,
)

_ANSWERS = re.compile(
    r"\b(?:my|your|our|his|her|their|student(?:'?s)?|submitted)\b.{0,20}\b(?:answers?|solutions?|results?|work)\b|^\W*answers?\W*$|"
    r"^\W*(?:is (?:this|it|that) (?:correct|right)|(?:i|we) (?:get|got|have|obtain)|check (?:my|our|the)\b.*|mine)\W*$|"
    r"^\W*(?:answers?|solutions?|work|results?|submission|attempt)\s+(?:of|by|from)\b|"
    r"^\W*(?!(?:check|grad|mark|correct|review|judg|verif|find)\w*\b)[\w.-]{1,20}(?: [\w.-]{1,20})?['’]s\s+(?:own\s+)?"
    r"(?:answers?|solutions?|work|results?|submission|attempt)\W*$|"
    r"(?<![一-鿿])(?![一-鿿]{0,3}(?:[下上前后]面|[以如][下上]|正确|最[终后]|所有|标准|参考|各|题|[这那本]|检查|批改|判断|核对|分析))"
    r"[一-鿿]{2,4}的(?:答案|解答|作答)(?!\w)|(?:这样|对)(?:对)?吗|(?:我|学生)(?:算|求)(?:得|出)|"
    r"\b(?:meine|mes|ma|mis?|mio|ответ)\b.{0,20}(?:lösung|antwort|ergebnis|réponse|respuesta|solution|$)|(?:我|你|您|学生|同学|他|她)们?的?(?:答案|解答|结果|作答)|^\W*(?:答案|作答|解答)\W*$",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]+\S.*|[^ \t\n|][^\n|]{1,59}[:：][ \t]*|\\(?:sub)*section\*?\{[^{}\n]*\}|"
    r"(?:[Mm]y |[Oo]ur )?[Aa]nswers?(?:[ \t]*\([^()\n]*\))?[ \t]*|"
    r"(?:ANSWERS?|SOLUTIONS?|Answers?|Solutions?) (?:of|by|from|OF|BY|FROM) (?=[^\n]{0,40}[A-Z\d])[^\n=.,;:]{1,40}|"
    r"\*\*[^*\n]+\*\*[ \t]*[:：]?[ \t]*|"
    r"(?:[Ii]s (?:this|it|that)|[Ii] (?:get|got|have)|[Ww]e (?:get|got)|"
    r"[^\n]{0,12}(?:对吗|算得|求得|算出|答案))[^\n=]{0,40})$",
    re.MULTILINE,
)
_BESIDE_HEADING = re.compile(  # what stands before a name with a number: My answer: h = 0.46
    r"(?P<head>[^\n=≈]{1,80}?)[:：\s*]*[$`(\\]{0,3}[A-Za-z\u0370-\u03ff][\w\u0300-\u036f{}\[\]^,()\\<>⟨⟩']{0,20}[\s$`*)]{0,3}[=≈]"
    r"[\s$\[({\\]{0,6}[-+−]?\s?\.?\d"
)
_IS_HEADING = re.compile(
    r"(?:(?:my|our|his|her|(?:the )?student(?:'?s)?|submitted)\s+(?:final\s+)?"
    r"(?:answers?|solutions?|results?|work)|answers?|"
    r"(?:so\s+|here\s+)?(?:i|we)\s+(?:get|got|have|obtain(?:ed)?|found|computed))"
    r"(?:\s+(?:is|are|was|were|for\b.{0,30}))?(?:\s*\(.{0,30}\))?|"
    "(?:我|我们|学生|同学)(?:的)?(?:答案|解答|结果|作答|算得|求得|算出|求出|得到|计算得到)(?:是|为|如下)?|"
    "(?:答案|作答|解答)(?:是|为)?",
    re.IGNORECASE,
)
_INSTRUCTION = re.compile(r"\b(?:write|give|use|report|round|enter|put)\b|写|填|给出", re.IGNORECASE)
_WHO = re.compile(r"^[ \t]*(?:name|id|student id|姓名|学号)[ \t]*[:：][^\n=]*$", re.MULTILINE | re.IGNORECASE)
_IMPORT = re.compile(  # “from left to right” is prose
    r"^[ \t]*(?:from[ \t]+[\w.]{1,80}[ \t]+import\b.*|"
    r"import[ \t]+[\w.]{1,80}(?:[ \t]+as[ \t]+\w+)?[ \t]*(?:[,;#].*)?)$",
    re.MULTILINE,
)
_BESIDE = re.compile(r"(?<![\w\\])(?:\\?_){2,}(?=[-+−]?[\d.])|(?<=\d)(?:\\?_){2,}(?![\w\\])")
_SEED = re.compile(r"^[ \t]*(?:np|numpy)\.random\.seed\([ \t]*(\d{1,10})[ \t]*\)[ \t]*;?[ \t]*$", re.MULTILINE)
_REMARK = re.compile(r"(?:(?<=\s)|(?<=;)|^)(?:#|//|%+)(?=[# \t\w一-鿿]|$)[^\n]*", re.MULTILINE)
_STATED = re.compile(
    r"^[ \t]*(?:#|//)+[ \t]*\w[^\n=]{0,30}=[^\n]*[_\[(^{<][ \t]*t\b[^\n]*$", re.MULTILINE
)  # a remark, an equation
NUMBERING = re.compile(
    r"^[ \t>]*(?:[-*•+]|\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)、]|（\w{1,3}）|[①-⑳])(?=[ \t]|$)|"
    r"^[ \t]*#{1,6}[^\n]*|^[ \t>]+",
    re.MULTILINE,
)
_NUMBER_ONLY = re.compile(
    r"(?:\W|_|\b(?:part|question|problem|exercise|task|step|q|no|solution|answer|teil|aufgabe)\b|[第小问题步解答证]|"
    r"(?<![^\W_])[^\W_]{1,3}(?![^\W_])|[一二三四五六七八九十\d])*",
    re.IGNORECASE,
)
_PLAINLY = (  # line by line as a reader of headings sees it; each takes what those before it wrote
    rewritten.with_bars,  # a table whose cells tabs separate
    piecewise.in_calls,  # \\begin{cases} z & z > 0 … → cases(z; z; 0; …)
    tables.unescaped,  # | h\[1\] | → | h[1] |
    code.plain,  # self.W.dot(x) → W @ x
    step_lines.numbered,  # t = 1, and below it h = 0.5 → h_1 = 0.5
    rewritten.with_edges,  # a table without bars at its edges
    rewritten.in_letters,  # Input weights: [[…]] → U = [[…]]
    rewritten.in_one_word,  # learning rate = 0.1 → learning_rate = 0.1
    rewritten.with_circles,  # z_t o h_{t-1} → z_t ∘ h_{t-1}
    rewritten.with_targets,  # x(0) = 1 with label 0.6 → x(0) = 1, target_0 = 0.6
    rewritten.with_loss,  # the loss is ½(…) → L = ½(…)
    rewritten.one_after_another,  # a_1 = 0.93, so h_1 = 0.73 → a_1 = 0.93, h_1 = 0.73
    rewritten.gate_by_gate,  # all gates in one column → an equation each
)
_IN_ONE_SPELLING = (
    unified,
    sentence_values.assigned,  # the bias is 0.1 → b = 0.1
    named_vectors.with_indices,  # e(time) → e_{time}
    rewritten.without_sums,  # Σ_j U_{ij} x_j(t) → U x(t)
    rewritten.one_by_one,  # (u, w) = (0.5, 0.3) → u = 0.5, w = 0.3
)


class CleanText:
    """text: what is left, line by line as it was.

    commas: whether numbers had decimal commas; columns: names whose columns are the steps; seeds: (line, seed);
    headings: their lines; answers: those of them above answers. decimal: comma or point, where somebody says it.
    all_answers: whether there is nothing but answers.
    """

    def __init__(self, text: str, decimal: str = "", all_answers: bool = False):
        self.all_answers = all_answers
        text, self.commas = decimal_commas.with_points(_as_numbers(drawn_matrices.on_one_line(text)), decimal)
        if not self.commas and not decimal:  # whoever answers may write otherwise than the sheet
            text, self.commas = _answers_with_points(text, all_answers)
        self.columns = code.columns(text)
        text = remarks.as_answers(text, heads_answers)
        text = _rewritten(text, _PLAINLY)
        self.text = blanked(_WHO, blanked(_IMPORT, _rewritten(text, _IN_ONE_SPELLING)))
        self.seeds = [(self.line(seed.start()), int(seed[1])) for seed in _SEED.finditer(self.text)]
        self.text = blanked(_SEED, self.text)
        headings = _headings(text.split("\n"))
        self.headings = _without_numbering(headings)
        self.answers = [number for number, line in headings.items() if heads_answers(line)]
        self.beside = _answers_beside(text.split("\n"))
        self.text = _STATED.sub(lambda remark: remark[0].replace("#", " ").replace("//", "  "), self.text)
        self.text = blanked(_REMARK, self.text)

    def line(self, at: int) -> int:
        return self.text.count("\n", 0, at)

    def under_answers(self, line: int) -> bool:
        """Whether the nearest heading above is one of answers, or the line begins with one, My answer: h = 0.46."""
        if self.all_answers or line in self.beside:
            return True
        above = [heading for heading in self.headings if heading <= line]
        return bool(above) and above[-1] in self.answers


def _rewritten(text: str, rewrites: Sequence[Callable[[str], str]]) -> str:
    for rewrite in rewrites:
        text = rewrite(text)
    return text


def _without_numbering(headings: dict[int, str]) -> list[int]:
    """The lines of the headings, without those that only number the answers below a heading of answers: (1) 解："""
    kept: list[int] = []
    answers = 0  # how deep the heading of the answers is, 0 outside of them
    for number, line in headings.items():
        depth = _depth(line)
        if answers and depth > answers and _NUMBER_ONLY.fullmatch(line):
            continue
        answers = depth if heads_answers(line) else 0
        kept.append(number)
    return kept


def _depth(line: str) -> int:
    marks = re.match(r"[ \t]*(#{1,6})[ \t]", line)
    return len(marks[1]) if marks else 5 if line.lstrip().startswith("\\sub") else 4 if "section" in line[:9] else 7


def heads_answers(line: str) -> bool:
    """Whether a line is a heading above answers: “My answers”, 我的答案."""
    bare = re.sub(r"\\\w+\*?", "", line).strip(" #*:：{}")
    return bool(_HEADING.match(line) and _ANSWERS.search(bare))


def _answers_beside(lines: list[str]) -> set[int]:
    """The lines that begin with a heading of answers and have numbers behind it, and those below up to a blank one."""
    answers = set[int]()
    below = False
    for number, line in enumerate(lines):
        named = _BESIDE_HEADING.match(NUMBERING.sub("", line))
        bare = re.sub(r"\\\w+\*?", "", named["head"]).strip(" #*:：{}\t") if named else ""
        heads = bool(named and _IS_HEADING.fullmatch(bare) and not _INSTRUCTION.search(bare))
        below = heads or (below and bool(line.strip()) and not _HEADING.match(line))
        if below:
            answers.add(number)
    return answers


def _as_numbers(text: str) -> str:
    """Numbers without the line on which they are written, __0.5__, and without mathematics for a sign alone, $-$0.5."""
    return re.sub(r"\$\s?[-−]\s?\$(?=[\d.])", "-", _BESIDE.sub("", text))


def _headings(lines: list[str]) -> dict[int, str]:
    return {number: line for number, line in enumerate(lines) if _HEADING.match(line)}


def _answers_with_points(text: str, all_answers: bool) -> tuple[str, bool]:
    """The text with decimal points under its headings of answers, and whether there were commas: at least two 0,12."""
    lines = text.split("\n")
    headings, commas = [0] if all_answers else _without_numbering(_headings(lines)), False
    for begin, end in zip(headings, [*headings[1:], len(lines)]):
        part = "\n".join(lines[begin:end])
        if (all_answers or heads_answers(lines[begin])) and len(re.findall(r"(?<![\d.,])0,\d\d", part)) > 1:
            part, changed = decimal_commas.with_points(part)
            lines[begin:end] = part.split("\n")
            commas = commas or changed
    return "\n".join(lines), commas


def blanked(pattern: re.Pattern[str], text: str) -> str:
    """The text with spaces in place of a pattern; every place stays where it is."""
    return pattern.sub(lambda part: re.sub(r"[^\n]", " ", part[0]), text)


def line_end(text: str, at: int) -> int:
    """The place where a line ends."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end
