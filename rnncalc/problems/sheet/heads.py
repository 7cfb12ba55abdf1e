"""Heads of a sheet: the names that stand in front of an equals sign, a colon, an arrow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from rnncalc.problems.formulas import symbol as symbols
from rnncalc.problems.formulas.spelling import BREAK, MATRIX
from rnncalc.problems.formulas.symbol import NAME, Symbol
from rnncalc.problems.sheet.cleaned import NUMBERING, line_end

WORDS = (  # keys whose value is a word, or words
    "title source notes cell activation output update gates notation layout loss reduction vectors fused direction "
    "merge vocabulary decimal precision points carry signals"
).split()
SHORT = "cell activation output update layout loss reduction vectors fused direction merge decimal".split()  # one word
PLAIN = ("u", "w", "b", "v", "c", "d", "r", "x", "h0", "c0", "y0", "targets", "lr", "dy", "lengths", "mask")
FACT_ENDS = re.compile(r"[;；。,，]|\.(?=\s)")
_SIGN = re.compile(r":=|<-|←|≈|\+=(?!=)|(?<![=<>!:≈+])=(?!=)|[:：](?![=:])")
GRADIENT = re.compile(
    r"(?:\\frac\s*\{\s*[∂dδ]\s*[A-Za-z]\w*\s*\}\s*\{\s*[∂d]\s*|[∂dδ]\s*(?:[LJE]|loss)\s*/\s*[∂d]\s*|∇_?\{?)",
    re.IGNORECASE,
)
_ENTRY = re.compile(r"[ }]*((?:\[[ ]?\d{1,6}[ ]?\][ ]*){0,2})[ }]*")
_OF_LOSS = re.compile(r"[ }]*(?:[LJEℒ]|loss)[ ]*")  # ∇_W L
_STEP_OF_DESCENT = re.compile(  # W - η ∂L/∂W: what stands behind the sign is no gradient
    r"(?:[-+*/·×∘]|(?<![A-Za-z])(?:η|\\?eta|α|\\?alpha|lr|\d{1,9}(?:\.\d{0,9})?))[ ]{0,9}"
    r"(?:\\cdot[ ]{0,9}|\\,|[*·×])?[ ]{0,9}\Z"
)
_TYPED = re.compile(  # U_new.o, answers.h_2[1]
    r"(?:answers\.[^\s=:：,;]{1,80}(?:\s{0,2},\s{0,2}\d{1,7}\s{0,2}[\])}]{1,2})?|[A-Za-z]\w*(?:\.[A-Za-z]\w*)+)\s*\Z"
)
LONGEST = 120  # characters of a head
FAR = 500  # before a head, more than any numbering
_BRACKET = re.compile(r"[()\n]")
_BEFORE = re.compile(  # ∂L_t/∂o_t = ŷ_t - y_t defines no o_t; 输入x_1 = 1 defines x_1
    r"(?:(?![\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])[\w.@\\/\u0300-\u036f-]|∂\s?)\Z"
)


class Head(NamedTuple):
    """begin: where it begins; at: the place behind the sign; kind: "" or gradient, function, word, key."""

    begin: int
    at: int
    names: list[Symbol]
    kind: str


class Heads:
    """The heads of one text."""

    def __init__(self, text: str):
        self.text = text
        self.matrix = -1, -1  # where the last one that was looked at begins and ends

    def __iter__(self) -> Iterator[Head]:
        """Every head, from the top."""
        opened: list[int] = []  # the brackets of the line that are open at a sign
        behind = 0
        for sign in _SIGN.finditer(self.text):
            for mark in _BRACKET.finditer(self.text, behind, sign.start()):
                if mark[0] == "(":
                    opened.append(mark.start())
                elif mark[0] == "\n":
                    opened.clear()
                elif opened:
                    opened.pop()
            behind = sign.start()
            if self._inside_matrix(sign.start()) or (opened and self._calls(opened[-1])):
                continue
            line = self.text.rfind("\n", 0, sign.start()) + 1
            begin = max(line, sign.start() - LONGEST)
            head = self._head(begin, sign.start())
            if head is None:
                continue
            start, left, kind = head
            key = left[-1].text.strip().lower().replace("-", "_")
            behind_mark = FACT_ENDS if key in (*SHORT, *PLAIN) else None
            if sign[0] in (":", "：") and (self._words_before(line, start, behind_mark) or kind == "function"):
                continue
            yield Head(start, sign.end(), left, kind)

    def _head(self, begin: int, end: int) -> tuple[int, list[Symbol], str] | None:
        """The name, or the names with commas between them, that end at a place."""
        stripped = begin + len(self.text[begin:end].rstrip(f" \t&{BREAK}"))
        gradient = None
        for last in GRADIENT.finditer(self.text, begin, stripped):
            gradient = last
        if gradient is not None:
            read = symbols.read(self.text, gradient.end())
            behind = _ENTRY.fullmatch(self.text, read[1], stripped) if read else None
            if read and gradient[0][0] == "∇" and (of_loss := _OF_LOSS.fullmatch(self.text, read[1], stripped)):
                behind = _ENTRY.match("")
                stripped = of_loss.end()
            before = NUMBERING.sub("", self.text[begin : gradient.start()])
            if read and behind and _STEP_OF_DESCENT.search(before):
                return None
            if read and read[1] <= stripped and behind:
                entry = tuple(re.findall(r"\d+", behind[1]))  # of ∂L/∂W, [1][2]
                name = replace(read[0], indices=(*read[0].indices, *entry), text=read[0].text + behind[1])
                return gradient.start(), [name], "gradient"
        typed = _TYPED.search(self.text[begin:stripped])
        if typed and not _BEFORE.search(self.text[begin : begin + typed.start()]):
            return begin + typed.start(), [Symbol(typed[0].strip(), (), typed[0].strip())], "key"
        function = re.compile(rf"({symbols.LETTERS}+(?:_\w)?)\(([a-su-z])\)\Z").search(self.text[begin:stripped])
        if function and not re.search(rf"\(\s*{function[2]}\s*[-+]\s*1\s*\)", self.text):  # x(n) is a step's
            return begin + function.start(), [Symbol(function[1], (), function[0])], "function"
        names: list[Symbol] = []
        start = stripped
        while True:
            ending = self._ending(begin, start)
            if ending is None:
                break
            start, name = ending
            names.insert(0, name)
            before = self.text[begin:start].rstrip(" \t")
            if not before.endswith(","):
                break
            start = begin + len(before) - 1
        if len(names) > 1 and NUMBERING.sub("", self.text[begin:start]).strip(f" \t{BREAK}"):
            names = names[-1:]  # the others are prose before a comma
            start = stripped - len(names[0].text)
        if not names:
            return None
        first = begin + self.text[begin:stripped].find(names[0].text, max(0, start - begin))
        rest = self.text[end : line_end(self.text, end)][1:]
        word = len(names) == 1 and names[0].text.strip().lower().replace("-", "_") in WORDS
        an_object = rest.lstrip(f"=: {BREAK}").startswith("{")  # precision = {"decimals": 2}
        kind = "word" if word and (an_object or not _SIGN.search(rest.lstrip("="))) else ""
        return max(first, begin), names, kind

    def _ending(self, begin: int, end: int) -> tuple[int, Symbol] | None:
        """The symbol that ends at a place, the longest one."""
        end = begin + len(self.text[begin:end].rstrip(f" \t&{BREAK}"))
        for word in NAME.finditer(self.text, begin, end):
            start = word.start()
            if start > begin and _BEFORE.search(self.text, max(begin, start - 2), start):
                continue
            read = symbols.read(self.text, start)
            if read and read[1] == end:
                return start, read[0]
        return None

    def _words_before(self, line: int, start: int, mark: re.Pattern[str] | None) -> bool:
        """Whether prose stands before a name; not where a mark ends the fact before it: t_1 = 1; loss: mse."""
        line = max(line, start - FAR)
        ends = [end.end() for end in mark.finditer(self.text, line, start)] if mark else []
        line = ends[-1] if ends else line
        return bool(re.sub(NUMBERING, "", self.text[line:start]).strip(f" \t{BREAK}*$"))

    def _inside_matrix(self, at: int) -> bool:
        begin = self.text.rfind("\\begin{", 0, at)
        if begin >= 0 and begin != self.matrix[0]:  # one matrix has many signs
            matrix = MATRIX.match(self.text, begin)
            self.matrix = begin, matrix.end() if matrix else begin
        return begin >= 0 and self.matrix[1] > at

    def _calls(self, bracket: int) -> bool:
        """Whether a bracket is that of a call, whose arguments have names: f(precision=4)."""
        return bool(re.match(r"[A-Za-z0-9_]", self.text[bracket - 1 : bracket]))
