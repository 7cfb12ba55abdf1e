"""Arrays that are made when they are read: once or every time, of the names that there are and no others."""

import numpy as np
import pytest

from rnncalc.common.lazy_arrays import LazyArrays


class Squares(LazyArrays):
    def make(self, name: str) -> np.ndarray:
        return np.full(2, int(name) ** 2)


@pytest.mark.parametrize("keep", [False, True])
def test_an_array_is_made_when_it_is_read(keep: bool) -> None:
    made: list[str] = []

    def make(name: str) -> np.ndarray:
        made.append(name)
        return np.full(2, int(name) ** 2)

    arrays = LazyArrays({"2": 0, "3": 0}, make, keep)
    assert (list(arrays), len(arrays), "2" in arrays, "4" in arrays) == (["2", "3"], 2, True, False)
    assert made == []
    for _time in range(2):
        assert {name: array.tolist() for name, array in arrays.items()} == {"2": [4, 4], "3": [9, 9]}
    assert made == ["2", "3"] * (1 if keep else 2)
    assert arrays.get("4") is None
    assert Squares(("2",), keep=keep)["2"].tolist() == [4, 4]
    with pytest.raises(KeyError):
        Squares(("2",), keep=keep)["3"]
