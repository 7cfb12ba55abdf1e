"""A reader of Moodle's question banks, written from its documentation (docs.moodle.org: Moodle XML format, Embedded
Answers (Cloze) question type, Numerical question type); it knows nothing of how rnncalc writes them.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser

NUMBER = r"-?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?"
FIELD = re.compile(  # {weight:TYPE:alternatives}, a closing brace inside would stand behind a backslash
    r"\{(\d*):(NUMERICAL|NM|MULTICHOICE\w*|MC\w*|SHORTANSWER\w*|SA\w*|MW\w*|MULTIRESPONSE\w*|MR\w*):(.*?)(?<!\\)\}",
    re.DOTALL,
)
ALTERNATIVE = re.compile(rf"(?:(=)|%(-?\d+)%)?({NUMBER})(?::({NUMBER}))?(?:#(.*))?", re.DOTALL)


@dataclass(frozen=True)
class Answer:
    """A number that is accepted, the tolerance on either side, and its share of the points."""

    number: float
    tolerance: float
    fraction: float
    feedback: str = ""


@dataclass(frozen=True)
class Place:
    """Where one number is to be typed: its points and its answers, of which the first that fits counts."""

    points: float
    answers: tuple[Answer, ...]

    def answer(self, text: str) -> Answer | None:
        """The answer that somebody's number meets; a decimal comma is understood."""
        value = float(text.replace(",", "."))
        for answer in self.answers:
            slack = answer.tolerance + 1e-12 * max(1.0, abs(answer.number))
            if answer.number - slack <= value <= answer.number + slack:
                return answer
        return None

    def graded(self, text: str) -> float:
        """The points for what somebody types."""
        answer = self.answer(text)
        return self.points * answer.fraction if answer else 0.0

    def said(self, text: str) -> str:
        """The feedback that somebody reads."""
        answer = self.answer(text)
        return unescape(answer.feedback) if answer else ""


@dataclass(frozen=True)
class Question:
    kind: str
    name: str
    html: str
    places: tuple[Place, ...]

    @property
    def tags(self) -> list[str]:
        """Every tag of the text, in order."""
        tags: list[str] = []
        parser = HTMLParser()
        parser.handle_starttag = lambda tag, attrs: tags.append(tag)  # type: ignore[method-assign]
        parser.feed(self.html)
        return tags

    @property
    def shown(self) -> str:
        """What a person reads: no tags, characters for entities."""
        pieces: list[str] = []
        parser = HTMLParser()
        parser.handle_data = lambda data: pieces.append(data)  # type: ignore[method-assign]
        parser.feed(FIELD.sub("▢", self.html))
        return "".join(pieces)


def read(text: str) -> tuple[list[str], list[Question]]:
    """The categories and the questions of a bank."""
    root = ET.fromstring(text.encode())
    assert root.tag == "quiz"
    categories, questions = [], []
    for element in root:
        assert element.tag == "question"
        kind = element.attrib["type"]
        if kind == "category":
            categories.append(_content(element, "category/text"))
            continue
        html = _content(element, "questiontext/text")
        head = element.find("questiontext")
        assert head is not None
        assert head.attrib["format"] == "html"
        fields = FIELD.findall(html)
        if kind == "cloze":
            assert element.find("answer") is None
            places = tuple(_place(*field) for field in fields)
        else:
            assert kind == "numerical"
            assert not fields
            answers = tuple(map(_answer, element.findall("answer")))
            places = (Place(float(_content(element, "defaultgrade")), answers),)
        assert places
        assert all(any(answer.fraction == 1 for answer in place.answers) for place in places)
        questions.append(Question(kind, _content(element, "name/text"), html, places))
    return categories, questions


def _content(element: ET.Element, path: str) -> str:
    part = element.find(path)
    assert part is not None, path
    return part.text or ""


def _answer(part: ET.Element) -> Answer:
    fraction = float(part.attrib["fraction"]) / 100
    return Answer(
        float(_content(part, "text")), float(_content(part, "tolerance")), fraction, _content(part, "feedback/text")
    )


def _place(weight: str, kind: str, alternatives: str) -> Place:
    assert kind in ("NUMERICAL", "NM")
    answers = []
    for text in re.split(r"(?<!\\)~", alternatives):
        match = ALTERNATIVE.fullmatch(text)
        assert match, text
        equals, percent, number, tolerance, feedback = match.groups()
        fraction = 1.0 if equals else float(percent or 0) / 100
        answers.append(Answer(float(number), float(tolerance or 0), fraction, feedback or ""))
    return Place(float(weight or 1), tuple(answers))
