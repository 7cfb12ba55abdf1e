"""Times without a row in a regular column are said once; a date that nobody called a time shows the way out."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncalc.common import spool
from rnncalc.errors import ParseError
from rnncalc.pipeline import data
from rnncalc.pipeline.data_description import DataDescription

DAY = np.datetime64("2023-12-28")
EVERY: dict[str, Callable[[int], Any]] = {  # a kind of column → its n-th time, and how many of what are missing
    "day(s)": lambda n: DAY + n,
    "hour(s)": lambda n: np.datetime64("2024-03-30T21:00") + np.timedelta64(n, "h"),
    "minute(s)": lambda n: np.datetime64("2024-02-28T23:50") + np.timedelta64(n, "m"),
    "weekday(s)": lambda n: np.busday_offset(DAY, n),
    "month(s)": lambda n: np.datetime64("2023-11") + n,
    "month(s) ": lambda n: (np.datetime64("2023-11") + n + 1).astype("M8[D]") - 1,  # their last days
    "time(s)": lambda n: np.datetime64("2024-02-28T23:50") + np.timedelta64(15 * n, "m"),
    "time(s) ": lambda n: 0.1 * n,
    "time(s)  ": lambda n: 5 * n - 20,
    "time(s)   ": lambda n: DAY + 7 * n,
}


def noted(folder: Path, rows: list[tuple[str, Any]], ids: bool, predicting: bool, offset: str) -> list[str]:
    lines = [f"{who},{when}{offset},{n}.5,1" for n, (who, when) in enumerate(rows)]
    (folder / "a.csv").write_text("who,when,x,y\n" + "\n".join(lines) + "\n")
    about = DataDescription(
        id="who" if ids else None, time="when", input="x", target="y", predicting=predicting or None
    )
    (data.read_inputs if predicting else data.read)(str(folder / "a.csv"), about)
    return [note for note in about.notes if "missing" in note]


@pytest.mark.parametrize("kind", EVERY)
def test_times_without_a_row_are_counted_and_the_first_is_named(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, time = np.random.default_rng(len(kind)), EVERY[kind]
    for ids, gaps, mixed, predicting, block in itertools.product(
        (True, False), (True, False), (True, False), (True, False), (7, 1 << 16)
    ):
        monkeypatch.setattr(spool, "BLOCK", block)
        rows, missing = list[tuple[str, Any]](), list[tuple[str, Any]]()
        for who in ("b", "a", "c") if ids else ("b",):
            first, count = int(rng.integers(5)), int(rng.integers(20, 40))
            without = set(rng.choice(np.arange(1, count - 1), 4, replace=False).tolist()) if gaps and who != "b" else ()
            without = {3, 4, 9} if gaps and who == "b" else without
            rows += [(who, time(first + n)) for n in range(count) if n not in without]
            missing += [(who, time(first + n)) for n in sorted(without)]
        if mixed:
            kept = rows[0]  # who comes first in the file is the first sequence
            rows = [kept, *(rows[n] for n in 1 + rng.permutation(len(rows) - 1))]
            if ids:
                order = list(dict.fromkeys(who for who, _when in rows))
                missing.sort(key=lambda entry: order.index(entry[0]))
        offset = "+01:00" if kind == "hour(s)" and ids else ""
        notes = noted(tmp_path, rows, ids, predicting, offset)
        if not gaps:
            assert notes == []
            continue
        (note,) = notes
        (who, when) = missing[0]
        if offset:
            when -= np.timedelta64(1, "h")
        said = f"{when:.10g}" if isinstance(when, float) else str(when)
        if kind == "month(s)":
            said += "-01"
        if kind in ("hour(s)", "minute(s)", "time(s)"):
            said = str(when.astype("M8[s]"))
        assert f"missing from column when: {len(missing)} {kind.strip()}, the first {said}" in note
        assert f"the first {said} ({who})" in note or not ids


def test_nothing_is_said_of_times_that_are_not_regular(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for times in (
        [DAY],
        [DAY, DAY, DAY],
        [DAY + int(n) for n in np.cumsum(rng.integers(1, 9, 60))],
        [DAY + n for n in (0, 1, 2, 3, 3, 5, 6)],  # one of them twice
        np.sort(rng.normal(size=50)).tolist(),
        [0, 1, 2, 3, 4, 6.5, 8],
    ):
        assert noted(tmp_path, [("a", when) for when in times], False, False, "") == []


@pytest.mark.parametrize(
    ("header", "cell", "options", "wanted"),
    [
        ("date", "2024-01-31", {}, "--time date"),
        ("date", "31/01/2024", {}, "--time date"),
        ("date", "2024-01-31T10:00Z", {"input": "x,date"}, "--time date"),
        ("date", "2024-01-31", {"time": "n"}, "times are no inputs; --input names"),
        ("station", "Kew", {}, "--id station; --input names"),
        ("sky", "dry", {"id": "n"}, "is no number; --input names"),
        ("sky", "dry", {"input": "x,sky"}, "is no number"),
    ],
)
def test_a_text_among_the_inputs_shows_the_way_out(
    header: str, cell: str, options: dict[str, Any], wanted: str, tmp_path: Path
) -> None:
    for quoted in (cell, f'"{cell}"'):
        (tmp_path / "a.csv").write_text(f"n,{header},x,y\n1,{quoted},2,3\n2,{quoted},3,4\n")
        with pytest.raises(ParseError) as caught:
            data.read(str(tmp_path / "a.csv"), DataDescription(target="y", **options))
        assert f"line 2, column {header}: “{cell}”" in str(caught.value)
        assert wanted in str(caught.value)
        assert ("--" in str(caught.value)) == ("--" in wanted)
