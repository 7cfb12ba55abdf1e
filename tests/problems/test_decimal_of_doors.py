"""A number is read alike at every door: options, files, standard input, problem files, sheets, answers, Python.

One matrix, of random numbers that are all written with decimals, is written in every form with decimal points and with
decimal commas. What is stated decides; where nothing is stated, other numbers are never read without a word.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Done, command

import rnncalc
from rnncalc.errors import RnncalcError

SIZES = [(1, 1), (3, 1), (1, 2), (4, 2), (3, 3)]


def inputs(seed: int, shape: tuple[int, int]) -> list[list[str]]:
    """Random numbers as texts, with one to three decimals; some begin with 0, some are negative."""
    random = np.random.default_rng(seed)
    return [[f"{random.normal() * 3:.{random.integers(1, 4)}f}" for _ in range(shape[1])] for _ in range(shape[0])]


def forms(x: list[list[str]]) -> Iterator[tuple[str, str]]:
    """The matrix in each form with decimal commas: the ending of its file, "" for a text; the text."""
    rows = [[number.replace(".", ",") for number in row] for row in x]
    head = [f"x{column}" for column in range(len(rows[0]))]
    yield "", "; ".join(" ".join(row) for row in rows)
    yield "txt", "\n".join(" ".join(row) for row in rows)
    yield "txt", "\n".join("\t".join(row) for row in rows)
    for first in ([], [head]):
        yield "csv", "\n".join(";".join(row) for row in [*first, *rows])
        yield "csv", "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in [*first, *rows])
        yield "tsv", "\n".join("\t".join(row) for row in [*first, *rows])
        if len(head) == 1:
            yield "csv", "\n".join(",".join(row) for row in [*first, *rows])
    yield "json", json.dumps(rows)


def network(columns: int) -> list[str]:
    return ["--U", " ".join(["1"] * columns), "--W", "0.5"]


def given(ending: str, text: str, folder: Path) -> str:
    """What an option says for a text: itself, or @ and the file that holds it."""
    if not ending:
        return text
    (folder / f"x.{ending}").write_text(text, newline="")
    return f"@{folder / f'x.{ending}'}"


def preactivations(done: Done) -> list[list[float]]:
    trace: list[list[float]] = done.data["trace"]["a"]
    return trace


def wanted(x: list[list[str]]) -> list[list[float]]:
    a, h = [], 0.0
    for row in x:
        a.append([0.5 * h + sum(map(float, row))])
        h = float(np.tanh(a[-1][0]))
    return a


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_decimal_comma_reaches_every_form(seed: int, shape: tuple[int, int], tmp_path: Path) -> None:
    x = inputs(seed, shape)
    for ending, text in forms(x):
        done = command(
            "forward",
            *network(shape[1]),
            "--x",
            given(ending, text, tmp_path),
            "--decimal",
            "comma",
            "--format",
            "json",
        )
        assert done.code == 0, (text, done.err)
        assert np.allclose(preactivations(done), wanted(x)), text


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_without_a_word_no_other_numbers_are_read(seed: int, shape: tuple[int, int], tmp_path: Path) -> None:
    x = inputs(seed, shape)
    for ending, text in forms(x):
        done = command("forward", *network(shape[1]), "--x", given(ending, text, tmp_path), "--format", "json")
        if done.code == 0:
            read, right = preactivations(done), wanted(x)
            same = np.shape(read) == np.shape(right) and np.allclose(read, right)
            assert ("decimal commas" if same else "--decimal comma") in done.err, text


@pytest.mark.parametrize("seed", range(3))
def test_points_are_read_where_points_are_stated(seed: int, tmp_path: Path) -> None:
    x = inputs(seed, (3, 2))
    for ending, text in forms(x):
        pointed = text.replace(",", ".").replace('"."', '","')
        pointed = json.dumps(x) if ending == "json" else pointed
        for said in ([], ["--decimal", "point"]):
            where = given(ending, pointed, tmp_path)
            done = command("forward", *network(2), "--x", where, *said, "--format", "json")
            assert done.code == 0, (pointed, done.err)
            assert np.allclose(preactivations(done), wanted(x)), pointed


@pytest.mark.parametrize("seed", range(4))
def test_every_door_takes_what_is_stated(seed: int, tmp_path: Path) -> None:
    """Standard input, targets, initial states, a problem file, a sheet, Python, and answers in each of their forms."""
    x = inputs(seed, (3, 1))
    state, rate = inputs(seed + 50, (1, 1))[0][0], "0.25"
    keys: dict[str, Any] = {
        "U": [["1"]],
        "W": [["0.5"]],
        "h0": state,
        "x": x,
        "targets": x,
        "lr": rate,
        "loss": "squared_error",
    }
    right = rnncalc.problem(**keys)
    h, dW = np.round(right.forward().h, 4).tolist(), f"{right.backward().W.item():.4f}"
    with_comma = json.loads(json.dumps(keys).replace(".", ","))
    texts = [f"{row[0]:.4f}".replace(".", ",") for row in h]
    (tmp_path / "x.csv").write_text("\n".join(row[0].replace(".", ",") for row in x))
    (tmp_path / "h.csv").write_text("\n".join(texts))
    (tmp_path / "p.json").write_text(json.dumps(with_comma | {"decimal": "comma"}))
    (tmp_path / "a.json").write_text(json.dumps({"h": [[text] for text in texts], "dW": dW.replace(".", ",")}))
    (tmp_path / "a.txt").write_text("\n".join(f"h_{n} = {text}" for n, text in enumerate(texts, 1)))
    (tmp_path / "sheet.txt").write_text(
        "U = 1\nW = 0,5\nh_0 = {}\n".format(state.replace(".", ","))
        + "\n".join(f"x_{n} = {row[0].replace('.', ',')}" for n, row in enumerate(x, 1))
    )
    options = ["--U", "1", "--W", "0,5", "--h0", state.replace(".", ","), "--lr", "0,25", "--loss", "squared_error"]
    options += ["--targets", f"@{tmp_path / 'x.csv'}", "--decimal", "comma"]
    with_file = [*options, "--x", f"@{tmp_path / 'x.csv'}"]
    answers = [
        ["--h", " ".join(texts)],
        ["--h", f"@{tmp_path / 'h.csv'}"],
        ["--answers", str(tmp_path / "a.json")],
        ["--answers", str(tmp_path / "a.txt")],
        ["--answers", json.dumps({"h": [[text] for text in texts]})],
        ["--h_1", texts[0], "--h_2", texts[1], "--answers.dW", dW.replace(".", ",")],
    ]
    problems = [with_file, [str(tmp_path / "p.json")], [str(tmp_path / "sheet.txt"), "--decimal", "comma"]]
    for problem in problems:
        for answer in answers:
            if "sheet.txt" in problem[0] and ("dW" in "".join(answer) or answer[-1].endswith("a.json")):
                continue  # which states no loss
            done = command("check", *problem, *answer)
            assert done.code == 0, (problem, answer, done.out, done.err)
    assert command("check", *options, "--x", "@-", *answers[0], stdin=(tmp_path / "x.csv").read_text()).code == 0
    python = rnncalc.problem(**with_comma, decimal="comma")
    assert python.check(h=texts).verdict == "right"
    assert python.check({"h": " ".join(texts), "dW": dW.replace(".", ",")}).verdict == "right"
    assert rnncalc.problem(**{**with_comma, "x": f"@{tmp_path / 'x.csv'}"}, decimal="comma").check(h=texts).score == 1


@pytest.mark.parametrize("seed", range(3))
def test_submissions_are_read_as_the_problem_says(seed: int, tmp_path: Path) -> None:
    """Lines, a single line, which leaves it open, JSON and a table; points are taken too."""
    x = inputs(seed, (2, 1))
    keys: dict[str, Any] = {
        "U": [["1"]],
        "W": [["0,5"]],
        "x": json.loads(json.dumps(x).replace(".", ",")),
        "decimal": "comma",
    }
    (tmp_path / "p.json").write_text(json.dumps(keys))
    h = [f"{row[0]:.4f}" for row in rnncalc.problem(**keys).forward().h]
    for text in (h, [number.replace(".", ",") for number in h]):
        folder = tmp_path / ("points" if text is h else "commas")
        folder.mkdir()
        (folder / "lines.txt").write_text("".join(f"h_{n} = {number}\n" for n, number in enumerate(text, 1)))
        (folder / "one.txt").write_text(f"h_2 = {text[1]}\n")
        (folder / "flat.json").write_text(json.dumps({"h": text}))
        (folder / "text.json").write_text(json.dumps({"h": "; ".join(text)}))
        done = command("grade", str(tmp_path / "p.json"), str(folder), "--format", "json")
        verdicts = {row["id"]: row["verdict"] for row in done.data["rows"]}
        assert done.code == 0
        assert len(verdicts) == 4
        assert set(verdicts.values()) <= {"right", "incomplete"}, (verdicts, done.out)


@pytest.mark.parametrize("table", ["1,5\n2,75\n", "x\n1,5\n2,7\n", "x;y\n1,234;5,678\n", '"1,234"\n'])
def test_what_may_be_two_things_is_said_or_refused(table: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(table)
    done = command("forward", "--U", "1", "--W", "0.5", "--x", f"@{tmp_path / 'x.csv'}")
    assert "--decimal comma" in done.err


def test_columns_need_another_mark_than_a_decimal_comma(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("temp,wind\n1,5\n2,7\n")
    done = command("forward", "--U", "1", "--W", "0.5", "--x", f"@{tmp_path / 'x.csv'}", "--decimal", "comma")
    assert done.code == 2
    assert "temp,wind" in done.err
    assert command("forward", "--U", "1 1", "--W", "0.5", "--x", f"@{tmp_path / 'x.csv'}").code == 0


@pytest.mark.parametrize("table", ["a;b\n", '"temp"\n', "x\n\n"])
def test_a_table_without_numbers_is_refused(table: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(table)
    with pytest.raises(RnncalcError, match="header"):
        rnncalc.problem(U=1, W=0.5, x=f"@{tmp_path / 'x.csv'}")
