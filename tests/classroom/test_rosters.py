"""A roster names every person once, by an id; what it lacks is said before anything is written."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from rnncalc.classroom.grading.submissions import read_roster
from rnncalc.errors import RnncalcError

HEADERS = ["id,name", "学号,姓名", "ID number;Full name"]
FAULTS = {
    "nobody": ([], "names nobody"),
    "shared": (["7,Ada", "8,Bo", "7,Cy"], "belongs to two people"),
    "shared, one without a name": (["7,Ada", "7,"], "belongs to two people"),
    "no id": (["7,Ada", ",Bo", "9,Cy"], "has no id"),
}


def roster(folder: Path, header: str, rows: list[str]) -> str:
    path, mark = folder / "roster.csv", ";" if ";" in header else ","
    path.write_text("\n".join([header, *(row.replace(",", mark) for row in rows)]) + "\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(("header", "fault"), list(itertools.product(HEADERS, FAULTS)))
def test_what_a_roster_lacks_is_refused(header: str, fault: str, tmp_path: Path) -> None:
    rows, message = FAULTS[fault]
    with pytest.raises(RnncalcError, match=message):
        list(read_roster(roster(tmp_path, header, rows)))


@pytest.mark.parametrize("header", HEADERS)
def test_everybody_is_read_once(header: str, tmp_path: Path) -> None:
    people = [("007", "Ada"), ("8", "Bo"), ("9", "")]
    rows = [f"{person},{name}" for person, name in people]
    assert list(read_roster(roster(tmp_path, header, [*rows, rows[1]]))) == people
