"""Keys whose value is one of a list of words, and keys that nobody knows: a slip is refused, whatever is beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import Done, command

from rnncalc.problems.keys import KEYS, WORDS_CALLED, words_by_key

NUMBERS = {"U": 0.5, "W": 0.3, "x": [1, 2]}
SHEET = "U = 0.5\nW = 0.3\nx_1 = 1\nx_2 = 2\n"
EQUATION = "h_t = tanh(W h_{t-1} + U x_t)"
BESIDE = {"cell": {"lstm", "gru"}, "activation": {"relu"}, "output": {"softmax"}}


def slips(word: str) -> Iterator[str]:
    """A word with two letters exchanged, one left out, one doubled."""
    middle = len(word) // 2
    if word[middle - 1] != word[middle]:
        yield word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]
    yield word[:middle] + word[middle + 1 :]
    yield word[:middle] + word[middle] + word[middle:]


def known(key: str) -> list[str]:
    return [*words_by_key()[key], *WORDS_CALLED.get(key, ())]


def doors(key: str, word: str, folder: Path) -> Iterator[tuple[str, Done]]:
    """An option, a key of a file, a line of a sheet; each beside numbers alone and beside an equation."""
    numbers = [part for name, value in NUMBERS.items() for part in (f"--{name}", json.dumps(value))]
    yield "option", command("forward", *numbers, f"--{key}", word)
    yield "option beside an equation", command("forward", *numbers, "--equations", EQUATION, f"--{key}", word)
    for beside in ({}, {"equations": [EQUATION]}):
        (folder / "p.json").write_text(json.dumps({**NUMBERS, **beside, key: word}))
        yield f"file {beside}", command("forward", str(folder / "p.json"))
    for above in ("", EQUATION + "\n"):
        (folder / "s.txt").write_text(f"{above}{SHEET}{key} = {word}\n")
        yield f"sheet {above}", command("forward", str(folder / "s.txt"))
        (folder / "s.txt").write_text(f"{above}{SHEET}")
        yield f"option beside a sheet {above}", command("forward", str(folder / "s.txt"), f"--{key}", word)


@pytest.mark.parametrize("key", words_by_key())
def test_a_slip_in_a_word_is_refused_with_the_word_that_is_near(key: str, tmp_path: Path) -> None:
    for word in known(key):
        for slip in slips(word):
            if len(word) < 4 or slip in known(key):
                continue
            for door, done in doors(key, slip, tmp_path):
                assert done.code == 2, (door, key, slip, done.out)
                assert "did you mean" in done.err, (door, key, slip, done.err)
                assert f"“{slip}”" in done.err, (door, slip, done.err)
            break


@pytest.mark.parametrize("key", words_by_key())
def test_a_word_that_is_near_to_none_is_refused(key: str, tmp_path: Path) -> None:
    for door, done in doors(key, "qqqq", tmp_path):
        if not door.startswith("sheet h_t"):  # a sheet with equations says “output” of much
            assert done.code == 2, (door, key, done.out)
            assert "qqqq" in done.err or key in done.err, (door, key)  # update belongs to gru


@pytest.mark.parametrize("key", sorted(KEYS | {"W_hh", "W_xh", "kernel", "eta"}))
@pytest.mark.parametrize("end", [".foo", ".", ".1"])
def test_nothing_is_inside_what_has_no_parts(key: str, end: str, tmp_path: Path) -> None:
    """A key with a dot and a name behind it, of a cell without gates, is never passed over."""
    name = key + end
    (tmp_path / "p.json").write_text(json.dumps({**NUMBERS, name: 0.25}))
    done = command("forward", str(tmp_path / "p.json"))
    assert done.code == 2, done.out
    assert name in done.err or "gate" in done.err, done.err
    if key != "answers":
        done = command("forward", *[p for k, v in NUMBERS.items() for p in (f"--{k}", json.dumps(v))], f"--{name}", "1")
        assert done.code == 2, done.out
    (tmp_path / "s.txt").write_text(f"{SHEET}{name} = 0.25\n")
    done = command("check" if key == "answers" else "forward", str(tmp_path / "s.txt"))
    assert done.code == 2 or key in done.err, done.out


@pytest.mark.parametrize(
    ("option", "word", "fits"),
    [("notation", "swapped", False), ("notation", "goodfellow", True), ("vectors", "row", False),
     ("vectors", "column", True)],
)  # fmt: skip
def test_a_convention_beside_an_equation_agrees_with_it(option: str, word: str, fits: bool, tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text(f"{EQUATION}\n{SHEET}")
    plain = command("forward", str(tmp_path / "s.txt"))
    done = command("forward", str(tmp_path / "s.txt"), f"--{option}", word)
    assert done.code == 2 * (not fits), done.err
    assert ("contradicts the equation" in done.err) == (not fits)
    assert done.out == (plain.out if fits else "")
    (tmp_path / "s.txt").write_text(f"{EQUATION.replace('W', 'Z').replace('U', 'W').replace('Z', 'U')}\n{SHEET}")
    swapped = command("forward", str(tmp_path / "s.txt"), f"--{option}", word)
    assert (swapped.code == 0) == (fits if option == "vectors" else not fits), swapped.err
