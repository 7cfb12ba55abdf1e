"""Packed tables, lines and texts are read as they are unpacked, and no further than is allowed."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncalc.errors import ParseError
from rnncalc.pipeline import data
from rnncalc.pipeline.data_description import DataDescription
from rnncalc.pipeline.recipe import prepare

PACKED: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress}


def contents(rng: np.random.Generator) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """ending → a file, and how it is read."""
    rows = rng.normal(size=(70, 3)).round(3).tolist()
    lines = [",".join(map(str, row)) for row in [["x", "y", "Größe"], *rows]]
    words = "".join(rng.choice(list("abcé "), 90))
    return {
        ".csv": ("\n".join(lines).encode("cp1252"), {"target": "y"}),
        ".tsv": ("\r\n".join(lines).replace(",", "\t").encode("utf-16"), {"target": "Größe"}),
        ".jsonl": ("\n".join(json.dumps({"x": [row], "y": "ab"[k % 2]}) for k, row in enumerate(rows)).encode(), {}),
        ".txt": (words.encode(), {}),
    }


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".txt"])
def test_packed_files_are_read_as_they_are_unpacked(ending: str, packed: str, tmp_path: Path) -> None:
    content, options = contents(np.random.default_rng(0))[ending]
    plain, small = tmp_path / f"a{ending}", tmp_path / f"b{ending}{packed.upper()}"
    plain.write_bytes(content)
    small.write_bytes(PACKED[packed](content))
    runs = [prepare({"data": str(path), "engine": "equations", **options}) for path in (plain, small)]
    first, second = (run.trainer.data for run in runs)
    assert np.array_equal(first.x, second.x)
    assert np.array_equal(first.y, second.y, equal_nan=True)
    assert runs[0].about.known() == runs[1].about.known()
    small.write_bytes(PACKED[packed](content.translate(bytes.maketrans(b"ab1", b"ba2"))))
    other = prepare({"data": str(small), "engine": "equations", **options})
    assert other.about.known() != runs[0].about.known() or not np.array_equal(other.trainer.data.y, first.y)


@pytest.mark.parametrize("packed", PACKED)
def test_what_unpacks_to_more_than_is_allowed_or_not_at_all_is_refused(
    packed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, content = tmp_path / f"a.csv{packed}", b"x,y\n" + b"1,2\n" * 10_000
    whole = PACKED[packed](content)
    path.write_bytes(whole)
    monkeypatch.setenv("RNNCALC_MAX_BYTES", str(len(content)))
    assert data.read(str(path), DataDescription(target="y"))[0].x.shape == (10_000, 1)
    path.write_bytes(PACKED[packed](content + b"1,2\n"))
    with pytest.raises(ParseError, match="more than 40004 bytes"):
        data.read(str(path), DataDescription(target="y"))
    for broken in (whole[: len(whole) // 2], whole[:20] + bytes(20) + whole[40:], content):
        path.write_bytes(broken)
        with pytest.raises(ParseError, match=f"a.csv{packed}"):
            data.read(str(path), DataDescription(target="y"))
