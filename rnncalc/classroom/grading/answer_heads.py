"""The lines of a page that say which problem is answered: Q1, 第一题 答案:, Answer to question 2: the GRU; 1. or 一、.

Bare numbers name the problems where every problem has its own, and each stands alone or a name is answered twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from unicodedata import normalize

from rnncalc.check.answers.entry_names import place
from rnncalc.classroom.grading.long_tables import QUESTIONS
from rnncalc.classroom.grading.person_columns import folded
from rnncalc.classroom.grading.sheet import AskedProblem
from rnncalc.common.i18n import _
from rnncalc.problems.question_heads import COUNTED, NUMERALS, number

LONGEST = 2000  # characters of a line that are looked at
_WORDS = (*QUESTIONS, "ex", "exo")
_MARKS = r"^[ \t#*_>•\\-]{0,20}(?:\\(?:sub)*section\*?\{)?[ \t]*"
_ANSWER_TO = (
    r"(?:(?:my|the|our)[ \t]+)?(?:(?:answers?|solutions?|results?)[ \t]+(?:to|for|of|on)[ \t]+(?:the[ \t]+)?|"
    r"(?:我的)?(?:答案|解答)[ \t]*[:：]?[ \t]*)?"
)
_HEAD = re.compile(
    rf"{_MARKS}{_ANSWER_TO}(?:{COUNTED}|(?P<label>(?P<word>[^\W\d_]{{0,12}})\.?[\s_]{{0,9}}(?:(?:no|nr|number)\b\.?|[#№])?"
    r"[ \t]{0,9}(?P<number>\d{1,3})(?:[ \t]*题)?)(?P<part>\.\d{1,2}|[a-h])?(?![A-Za-z\d_=]|[.,]\d))"
    r"(?![ \t]*[=≈/])(?P<between>(?:[\s*_}]|[:：.)）、,，—–-]|[(（\[【][^()（）=\[\]]{0,60}[)）\]】])*)(?P<rest>.*)$",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"{_MARKS}[(（]?(?P<number>{NUMERALS})[.:：)）、．](?!\d)[\s*_]*(?P<rest>.*)$",
)
_ANSWERED = re.compile(
    r"([^\W\d][^\s=:：|,;，；→≈]{0,30})[ \t]{0,20}(?:=|:|：|→|->|≈|为|是|[ \t])[ \t]{0,20}[-+−]?[\[(]{0,3}[-+−]?\.?\d"
)
_NUMBERS = re.compile(r"[=≈→|\[]|->|[.,]\d")
_ORDINAL = r"first|second|third|fourth|fifth|last|next|other|one|two|three|four|five|[IVX]{1,4}|[A-D]"
_UNCLEAR = re.compile(
    rf"\b(?:{'|'.join(word for word in _WORDS if word.isascii())}|part)\b\W*(?:\d{{1,3}}|\b(?:{_ORDINAL})\b)|"
    rf"\b(?:{_ORDINAL})\b\W+(?:question|problem|exercise|task)\b|{NUMERALS}[ \t]*[道大个]*[ \t]*题|"
    rf"[题练习][ \t]*{NUMERALS}\b|[下另末后]面?一[道个]?大?题",
    re.IGNORECASE,
)


@dataclass
class Piece:
    """What stands below one line that says which problem is answered. question: "" where no problem is called so."""

    question: str
    heading: str
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def pieces(text: str, questions: Mapping[str, AskedProblem]) -> list[Piece]:
    """The text in pieces, of which the first has no heading."""
    pieces, numbers = [Piece("", "")], _by_number(questions)
    for line in text.strip("\ufeff").split("\n"):
        head = _HEAD.match(line[:LONGEST])
        question = _named(head, questions, numbers) if head else None
        rest = head["rest"] if head else ""
        closed = any(piece.question == question for piece in pieces)  # “Q1 was easier” goes not back to it
        if head is None or question is None or (closed and rest and not head["between"].strip() and not _says(rest)):
            pieces[-1].lines.append(line)
        else:
            pieces.append(Piece(question, line.strip(), [rest if _says(rest) else ""]))
    return pieces


def apart(pieces: list[Piece]) -> dict[str, str]:
    """The text of each question."""
    parts: dict[str, list[str]] = {}
    for piece in pieces:
        if piece.question:
            parts.setdefault(piece.question, []).extend(piece.lines)
    return {name: "\n".join(lines) for name, lines in parts.items()}


def doubt(pieces: list[Piece], questions: Mapping[str, AskedProblem]) -> str:
    """Why it is not certain which problem some answers are for; "" where it is."""
    headed = {piece.question for piece in pieces}
    for piece in pieces:
        lines = piece.lines
        at = next((at for at, line in enumerate(lines) if piece.question and _unclear(line, headed, questions)), 0)
        if piece.question and not (at and answered("\n".join(lines[at:]), questions)):
            continue
        if not piece.question and not answered(piece.text, questions):
            continue
        if piece.heading and not piece.question:
            message = _("no question is called “{name}”; there are {known}")
            return message.format(name=piece.heading[:40], known=", ".join(questions))
        if at:
            return _("“{heading}”: which problem is it? {how}").format(
                heading=lines[at].strip()[:40], how=how(questions)
            )
        return how(questions) if len(pieces) > 1 else ""
    return ""


def how(questions: Mapping[str, object]) -> str:
    """How to say which problem is answered."""
    first, known = next(iter(questions)), ", ".join(questions)
    words = f"{first} (第{digits}题)" if (digits := _digits(first)) else first
    message = _("say which problem is answered: write {first} above its answers; there are {known}")
    return message.format(first=words, known=known)


def numbered(text: str, questions: Mapping[str, AskedProblem]) -> dict[str, str]:
    """The text of each question below its bare number; empty where that may be the number of a line or of a step."""
    by_number = _by_number(questions)
    pieces = [Piece("", "")]
    for line in text.strip("\ufeff \t\r\n").split("\n"):
        match = _BARE.match(line[:LONGEST])
        if match:
            rest = match["rest"]
            pieces.append(Piece(number(match["number"]), rest, [rest if _says(rest) else ""]))
        else:
            pieces[-1].lines.append(line)
    before, *below = pieces
    parts = {piece.question: piece.text for piece in below}
    if len(parts) < len(below) or list(parts) != list(by_number) or answered(before.text, questions):
        return {}
    names = [answered(part, questions) for part in parts.values()]
    apart = len(set().union(*names)) < sum(map(len, names)) or not any(_says(piece.heading) for piece in below)
    return {by_number[at]: part for at, part in parts.items()} if apart and all(names) else {}


def answered(text: str, questions: Mapping[str, AskedProblem]) -> set[str]:
    """The names in a text that are asked for and have a number."""
    named = {normalize("NFKC", name).strip("$`*•- ") for name in _ANSWERED.findall(text)}
    return {name for name in named if any(place(name, question.shape_of) for question in questions.values())}


def _says(rest: str) -> bool:
    """Whether what stands behind a heading may be an answer; else it is a title, “Question 2: the GRU”."""
    return bool(_NUMBERS.search(rest) or _ANSWERED.search(rest))


def _named(head: re.Match[str], questions: Mapping[str, AskedProblem], numbers: Mapping[str, str]) -> str | None:
    """The question that a line heads, by its name or by a word for question and its number; "" if there is no such
    question, None where the line heads none."""
    label, rest = folded(head["label"] or ""), head["rest"]
    if named := next((name for name in questions if label and folded(name) == label), ""):
        return named
    is_word = head["counted"] or folded(head["word"]) in _WORDS
    if not is_word or (rest.isdigit() and head["between"].strip()) or (len(rest) > 60 and not _says(rest)):
        return None
    return numbers.get(number(head["counted"] or head["number"]), "")


def _unclear(line: str, headed: set[str], questions: Mapping[str, AskedProblem]) -> bool:
    """Whether a line may head a problem that no line is understood to head."""
    if headed >= set(questions) or len(line.strip()) > 60 or _NUMBERS.search(line):
        return False
    bare = _BARE.match(line)
    if bare and not bare["rest"].strip():
        return _by_number(questions).get(number(bare["number"]), next(iter(headed))) not in headed
    return bool(_UNCLEAR.search(line))


def _by_number(questions: Mapping[str, AskedProblem]) -> dict[str, str]:
    """The questions whose names have one number, which no other has, by it."""
    digits = [_digits(name) for name in questions]
    return {at: name for at, name in zip(digits, questions) if at and digits.count(at) == 1}


def _digits(name: str) -> str:
    numerals = re.findall(r"\d+|[一二三四五六七八九十]+", name)
    return number(numerals[0]) if len(numerals) == 1 else ""
