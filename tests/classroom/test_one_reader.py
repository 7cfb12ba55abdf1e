"""`check --answers` and `grade` read one file in the same way, in every spelling; a slip loses only its own number."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command

import rnncalc

STEPS, UNITS = 3, 2
Names = Callable[[int, int], str]
NAMES: dict[str, Names] = {
    "h_2[1]": lambda t, u: f"h_{t}[{u}]",
    "h[2][1]": lambda t, u: f"h[{t}][{u}]",
    "h_{2,1}": lambda t, u: f"h_{{{t},{u}}}",
    "h21": lambda t, u: f"h{t}{u}",
    "h_21": lambda t, u: f"h_{t}{u}",
    "h1(2)": lambda t, u: f"h{u}({t})",
    "h_1(2)": lambda t, u: f"h_{u}({t})",
}
OUTPUTS = {"y_2": "y_{}", "ŷ_2": "ŷ_{}", "y[2]": "y[{}]", "y(2)": "y({})", "y^{(2)}": "y^{{({})}}"}
VECTORS = {"h_2": "h_{} = ({}, {})", "h2": "h{} = [{} {}]", "row": "h_{}: {}, {}", "tuple": "$h^{{({})}} = ({}, {})^T$"}


def problem() -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """A problem with numbers of its own, its states and its outputs."""
    rng = np.random.default_rng(11)
    keys: dict[str, Any] = {"U": rng.normal(size=(UNITS, 2)), "W": rng.normal(size=(UNITS, UNITS)), "b": [0.1, -0.3]}
    keys |= {"V": rng.normal(size=(1, UNITS)), "c": [0.2], "x": rng.normal(size=(STEPS, 2))}
    keys = {name: np.round(value, 2).tolist() for name, value in keys.items()} | {"points": {"h": 6, "y": 3}}
    trace = rnncalc.problem(**keys).forward()
    return keys, np.array(trace.h), np.array(trace.y)[:, 0]


KEYS, H, Y = problem()


def texts() -> Iterator[tuple[str, str]]:
    """Right answers, number by number, as vectors, under their steps, and as tables."""
    h, y = np.vectorize("{:.4f}".format)(H), np.vectorize("{:.4f}".format)(Y)
    places = list(np.ndindex(STEPS, UNITS))
    for number, (name, called) in enumerate(NAMES.items()):
        output = list(OUTPUTS.values())[number % len(OUTPUTS)]
        lines = [f"{called(t + 1, u + 1)} = {h[t, u]}" for t, u in places]
        lines += [f"{output.format(t + 1)} = {y[t]}" for t in range(STEPS)]
        yield f"{name} a line", "\n".join(lines)
        yield f"{name} beside each other", "Name: Ada\n\n" + ", ".join(lines)
        if "(" not in name:
            header = [called(t + 1, u + 1) for t, u in places] + [f"y_{t + 1}" for t in range(STEPS)]
            row = [h[place] for place in places] + [*y]
            yield f"{name} a form", "\n".join("\t".join(cells) for cells in (header, row))
    for name, form in VECTORS.items():
        lines = [form.format(t + 1, *h[t]) for t in range(STEPS)] + [f"ŷ_{t + 1} = {y[t]}" for t in range(STEPS)]
        yield f"{name} whole", "\n".join(lines)
    steps = [f"t={t + 1}: h1 = {h[t, 0]}, h2 = {h[t, 1]}, y = {y[t]}" for t in range(STEPS)]
    yield "under steps", "\n".join(steps)
    yield "under headings", "\n".join(f"step {t + 1}:\nh = ({h[t, 0]}, {h[t, 1]})\ny = {y[t]}" for t in range(STEPS))


TEXTS = dict(texts())


def both(text: str, folder: Path) -> tuple[int, dict[str, str]]:
    """The exit code of `check`, and the verdict on every number, which both commands give."""
    (folder / "p.json").write_text(json.dumps(KEYS))
    path = folder / "answers.txt"
    path.write_text(text, encoding="utf-8")
    checked = command("check", str(folder / "p.json"), "--answers", str(path), "--format", "json")
    assert checked.data, checked.err
    row = rnncalc.grade(folder / "p.json", path).rows[0]
    verdicts = [
        {f"{v['name']}{v['step']}{v['index']}": v["verdict"] for v in values}
        for values in (checked.data["values"], row.results[""].values)
    ]
    assert verdicts[0] == verdicts[1], row.remark
    assert checked.data["score"] == row.results[""].score
    return checked.code, verdicts[0]


@pytest.mark.parametrize("name", TEXTS)
def test_every_spelling_is_right_at_both_doors(name: str, tmp_path: Path) -> None:
    code, verdicts = both(TEXTS[name], tmp_path)
    assert (code, set(verdicts.values()), len(verdicts)) == (0, {"right"}, STEPS * (UNITS + 1)), verdicts


@pytest.mark.parametrize("name", [name for name in TEXTS if "a form" not in name])
@pytest.mark.parametrize("typo", ["O", "zero", "wrong"])
def test_a_slip_loses_its_own_number(name: str, typo: str, tmp_path: Path) -> None:
    text = TEXTS[name]
    places = [at for at, letter in enumerate(text) if letter == "." and text[at - 1] == "0"]
    at = places[np.random.default_rng(len(text)).integers(len(places))]
    new = {"O": "O.", "zero": "0.o", "wrong": "7."}[typo]
    code, verdicts = both(text[: at - 1] + new + text[at + 1 :], tmp_path)
    lost = [verdict for verdict in verdicts.values() if verdict not in ("right", "rounding", "carried")]
    assert code == 1
    assert len(lost) <= (UNITS if name.endswith("whole") or name == "under headings" else 1), verdicts


def test_a_correction_loses_the_number_that_it_changes(tmp_path: Path) -> None:
    text = TEXTS["h_2 whole"]
    first = text.split("\n")[0]
    changed = first.replace(f"{H[0, 0]:.4f}", "0.1234")
    code, verdicts = both(f"{text}\nCorrection: {changed}", tmp_path)
    assert code == 1
    assert [verdict for verdict in verdicts.values() if verdict != "right"] == ["unreadable"]


def test_what_cannot_be_placed_is_said(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(KEYS))
    row = rnncalc.grade(KEYS, {"id": "s", "answers": {"h": np.round(H, 5).tolist(), "q": "0.5"}})["s"]
    assert row.results[""].score == pytest.approx(6 / 9)
    assert "unknown name “q”" in row.remark
