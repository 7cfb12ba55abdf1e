"""Pages of Word as they may come: damaged anywhere, of another program, too large. Each is refused for what it is."""

import contextlib
import io
import random
import zipfile

import pytest

from rnncalc.errors import ParseError
from rnncalc.problems.parse import pages
from rnncalc.problems.parse.page_elements import LARGEST
from rnncalc.problems.parse.page_word import PAGE

LINES = "".join(f"<w:p><w:r><w:t>h_{k} = 0.{k * 7919 % 997}</w:t></w:r></w:p>" for k in range(200))
DOCUMENT = f'<w:document xmlns:w="u"><w:body>{LINES}</w:body></w:document>'


def package(**parts: str) -> bytes:
    """A zip file of these parts."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {"[Content_Types].xml": "<Types/>", **parts}.items():
            archive.writestr(name, text)
    return data.getvalue()


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_page_is_refused_or_read(seed: int) -> None:
    rng, whole = random.Random(seed), package(**{PAGE: DOCUMENT})
    for _number in range(50):
        data = bytearray(whole)
        for _flip in range(rng.choice((1, 1, 2, 5))):
            data[rng.randrange(4, len(data))] ^= 1 << rng.randrange(8)
        with contextlib.suppress(ParseError):
            pages.text_of(bytes(data[: rng.choice((len(data), rng.randrange(4, len(data))))]))


@pytest.mark.parametrize("name", ["xl/workbook.xml", "ppt/presentation.xml", "homework.txt"])
def test_another_archive_is_called_one(name: str) -> None:
    with pytest.raises(ParseError, match="no page of Word: unpack"):
        pages.text_of(package(**{name: "<a/>"}))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" " * (LARGEST + 1), "larger than"),
        ("<a>", "damaged"),
        ('<?xml version="1.0" encoding="nobody"?><a/>', "damaged"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "damaged"),
    ],
)
def test_a_page_that_is_none(text: str, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        pages.text_of(package(**{PAGE: text}))
