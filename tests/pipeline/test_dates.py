"""Dates as people write them: put in order by instant where the column leaves no doubt, else refused with advice."""

import itertools
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncalc.errors import ParseError, ProblemError
from rnncalc.pipeline import data
from rnncalc.pipeline.data import table_file
from rnncalc.pipeline.data_description import DataDescription

DATES = ["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y.%m.%d"]
CLOCKS = ["", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S%p", " %H:%M:%S.%f", "T%H:%M%z"]


def moments(rng: np.random.Generator, count: int, days: tuple[int, int]) -> list[datetime]:
    """Instants in no order, on certain days of the month only."""
    return [
        datetime(int(rng.integers(1995, 2030)), int(rng.integers(1, 13)), int(rng.integers(*days)), tzinfo=UTC)
        + timedelta(minutes=int(rng.integers(24 * 60)))
        for _n in range(count)
    ]


def texts(instants: list[datetime], written: str, padded: bool, rng: np.random.Generator) -> list[str]:
    zones = [
        timezone(timedelta(minutes=15 * int(rng.integers(-40, 40)))) if "%z" in written else UTC for _t in instants
    ]
    made = [t.astimezone(zone).strftime(written) for t, zone in zip(instants, zones)]
    return made if padded else [text[1:] if text[0] == "0" else text for text in made]


def read(
    folder: Path, when: list[str], ids: list[str] | None = None, **about: Any
) -> tuple[list[float], DataDescription]:
    """The numbers of the rows, in the order in which they were put."""
    ids = ids or ["a"] * len(when)
    rows = "".join(f"{i},{t},{n},0\n" for n, (i, t) in enumerate(zip(ids, when)))
    (folder / "a.csv").write_text("id,when,x,y\n" + rows)
    description = DataDescription.of({"id": "id", "time": "when", "input": "x", "target": "y", **about})
    sequences, _loss = data.read(str(folder / "a.csv"), description, None)
    return sequences.x[:, 0].tolist(), description


@pytest.mark.parametrize("lines", [1, 7, 50_000])
@pytest.mark.parametrize("date", DATES)
def test_dates_are_put_in_order_by_instant(
    date: str, lines: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_file, "LINES", lines)
    rng = np.random.default_rng(DATES.index(date))
    for clock, padded in itertools.product(CLOCKS, (True, False)):
        instants = moments(rng, 24, (1, 28))
        if "%z" in clock:  # so near that the offset decides
            instants = [t.replace(year=2001, month=3, day=24 + t.day % 2) for t in instants]
        instants[int(rng.integers(24))] = datetime(2001, 3, 25, 23, 59, tzinfo=UTC)  # beyond doubt, somewhere
        keys = [t if clock else t.replace(hour=0, minute=0) for t in instants]
        order = sorted(range(24), key=lambda n: (keys[n], n))
        when = texts(instants, date + clock, padded, rng)
        if "%z" in clock and not any(int(part) > 12 for text in when for part in day_and_month(text, date)):
            continue
        rows, about = read(tmp_path, when)
        assert rows == order, (date + clock, when)
        assert about.time_format == date + clock
        assert any(date + clock in note for note in about.notes)
        rows, about = read(tmp_path, when, time_format=date + clock)
        assert (rows, about.notes) == (order, [])
        few, _about = read(tmp_path, when[:3], **about.known())
        assert few == sorted(range(3), key=lambda n: order.index(n))


def day_and_month(text: str, date: str) -> list[str]:
    parts = text[:10].rstrip("T ").replace("/", "-").replace(".", "-").split("T")[0].split("-")
    return [part for part in parts if len(part) < 3] if date[1] != "Y" else ["13"]


@pytest.mark.parametrize("mark", "/-")
def test_day_and_month_that_could_be_exchanged_are_refused(mark: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    for clock in CLOCKS[:-1]:
        instants = moments(rng, 9, (1, 13))
        for date in (f"%d{mark}%m{mark}%Y", f"%m{mark}%d{mark}%Y"):
            when = texts(instants, date + clock, bool(rng.integers(2)), rng)
            with pytest.raises(ParseError) as error:
                read(tmp_path, when)
            for words in (
                "line 2",
                when[0],
                "when",
                f'--time-format "%d{mark}%m{mark}%Y{clock}"',
                f"%m{mark}%d{mark}%Y",
            ):
                assert words in str(error.value)
            order = sorted(range(9), key=lambda n: (instants[n] if clock else instants[n].date(), n))
            assert read(tmp_path, when, time_format=date + clock)[0] == order


def test_a_date_that_does_not_fit_is_refused_with_its_line(tmp_path: Path) -> None:
    good = ["25/01/2024", "26/01/2024", "01/02/2024", "02/02/2024"]
    for at, bad in itertools.product(range(4), ("2024-01-25", "31/02/2024", "25/01/24", "", "7", "25.01.2024")):
        when = [bad if n == at else text for n, text in enumerate(good)]
        with pytest.raises(ParseError, match=rf"line {at + 2 if at else '[23]'}: .*--time-format"):
            read(tmp_path, when)
        with pytest.raises(ParseError, match=f"line {at + 2}: “{bad}” in column when is no time of the format"):
            read(tmp_path, when, time_format="%d/%m/%Y")
    for written in ("%Q", "%d %d", "%"):
        with pytest.raises(ProblemError, match="--time-format"):
            read(tmp_path, good, time_format=written)
    with pytest.raises(ProblemError, match="--time names"):
        data.read(str(tmp_path / "a.csv"), DataDescription(time_format="%d", target="y"), None)
    named = ["3 Mar 2024", "1 Apr 2024", "2 Feb 2024"]
    assert read(tmp_path, named, time_format="%d %b %Y")[0] == [2, 0, 1]
    with pytest.raises(ParseError, match="--time-format"):
        read(tmp_path, named)


def test_the_year_in_front_may_be_written_without_zeros(tmp_path: Path) -> None:
    assert read(tmp_path, ["2024-1-15", "2024-1-5", "2023-12-31"])[0] == [2, 1, 0]
