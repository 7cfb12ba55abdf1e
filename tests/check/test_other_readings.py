"""Where a problem may be read in two ways that both fit, the other one is said before any mistake is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Done, command

import rnncalc
from rnncalc.model.cells import CELLS

GATED = ("lstm", "gru", "gru_after")
EQUATION = "h_t = tanh(W h_{t-1} + U x_t)\n"


def weights(cell: str, seed: int, D: int, H: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    gates = len(CELLS[cell].gates) or 1
    sizes = {"U": (gates * H, D), "W": (gates * H, H)}
    return {name: random.normal(size=size).round(2).tolist() for name, size in sizes.items()} | {
        "x": random.normal(size=(3, D)).round(1).tolist()
    }


def sheet(cell: str, keys: dict[str, Any], h: np.ndarray, equation: str = "") -> str:
    lines = [equation, f"cell = {cell}\n" if cell in GATED else ""]
    lines += [f"{name} = {keys[name]}\n" for name in keys if name != "x"]
    lines += [f"x_{number} = {row}\n" for number, row in enumerate(keys["x"], 1)]
    lines += ["\n# My answer\n", *(f"h_{number} = {row}\n" for number, row in enumerate(h.round(4).tolist(), 1))]
    return "".join(lines)


def checked(text: str, folder: Path, *options: str) -> Done:
    (folder / "sheet.txt").write_text(text)
    return command("check", str(folder / "sheet.txt"), *options, "--format", "json")


@pytest.mark.parametrize("cell", ["elman", *GATED])
@pytest.mark.parametrize("units", [1, 2, 3])
def test_letters_that_fit_both_ways(cell: str, units: int, tmp_path: Path) -> None:
    keys = weights(cell, units, units, units)
    other = rnncalc.problem(cell=cell, **{**keys, "U": keys["W"], "W": keys["U"]}).forward().h
    done = checked(sheet(cell, keys, other), tmp_path)
    assert (done.code, done.data["mistakes"], done.data["option"]) == (1, [], "--notation swapped")
    assert any("--notation swapped" in note for note in done.data["notes"])
    assert checked(sheet(cell, keys, other), tmp_path, "--notation", "swapped").code == 0
    plain = command("check", str(tmp_path / "sheet.txt")).out
    assert "No mistake" in plain
    assert "first slip" not in plain


def test_an_equation_leaves_nothing_open(tmp_path: Path) -> None:
    keys = weights("elman", 5, 2, 2)
    other = rnncalc.problem(**{**keys, "U": keys["W"], "W": keys["U"]}).forward().h
    done = checked(sheet("elman", keys, other, EQUATION), tmp_path)
    assert [mistake["id"] for mistake in done.data["mistakes"]][:1] == ["U_W_swapped"]
    assert "reading" not in done.data
    assert "option" not in done.data["mistakes"][0]


def test_one_number_that_neither_reading_gives(tmp_path: Path) -> None:
    keys = weights("elman", 6, 2, 2)
    other = rnncalc.problem(**{**keys, "U": keys["W"], "W": keys["U"]}).forward().h.copy()
    other[1, 0] += 0.05
    assert "reading" not in checked(sheet("elman", keys, other), tmp_path).data


def test_letters_that_fit_one_way_are_not_open(tmp_path: Path) -> None:
    keys = weights("elman", 7, 3, 2)
    h = rnncalc.problem(**keys).forward().h + 0.05
    done = checked(sheet("elman", keys, h), tmp_path)
    assert "reading" not in done.data
    assert not any("--notation" in note for note in done.data.get("notes", ()))


@pytest.mark.parametrize("seed", range(3))
def test_rows_or_columns(seed: int, tmp_path: Path) -> None:
    """W_xh and W_hh are rows' in one book and columns' in another."""
    keys = weights("elman", seed, 2, 2)
    named = {"W_xh": keys["U"], "W_hh": keys["W"], "x": keys["x"]}
    assumed, other = (rnncalc.problem(**named, vectors=vectors).forward().h for vectors in ("column", "row"))
    (tmp_path / "p.json").write_text(json.dumps(named | {"answers": {"h": other.round(4).tolist()}}))
    done = command("check", str(tmp_path / "p.json"), "--format", "json")
    assert not np.allclose(assumed, other)
    assert (done.data["mistakes"], done.data["option"]) == ([], "--vectors row")
    assert command("check", str(tmp_path / "p.json"), "--vectors", "row").code == 0


def test_our_own_letters_are_not_open_but_the_option_is_named() -> None:
    keys = weights("elman", 8, 2, 2)
    other = rnncalc.problem(**{**keys, "U": keys["W"], "W": keys["U"]}).forward().h.round(4).tolist()
    mistake = rnncalc.problem(**keys).check(h=other).mistakes[0]
    assert (mistake.id, mistake.option) == ("U_W_swapped", "--notation swapped")


def test_grades_say_it(tmp_path: Path) -> None:
    keys = weights("elman", 9, 2, 2)
    other = rnncalc.problem(**{**keys, "U": keys["W"], "W": keys["U"]}).forward().h.round(4)
    (tmp_path / "sheet.txt").write_text(sheet("elman", keys, other).partition("\n#")[0])
    (tmp_path / "a.json").write_text(json.dumps({"h": other.tolist()}))
    done = command("grade", str(tmp_path / "sheet.txt"), str(tmp_path / "a.json"), "--format", "json")
    assert "--notation swapped" in done.out
