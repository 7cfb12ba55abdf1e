"""Steps as people choose them."""

import itertools

import pytest

from rnncalc.common.step_ranges import step_numbers
from rnncalc.errors import ProblemError


def test_every_step_and_range_of_steps_is_read_or_refused() -> None:
    """Of every length: one step, two ends, `last` for either, several of them, blanks between."""
    for count in range(1, 6):
        assert step_numbers("", count) == [*range(1, count + 1)]
        ends = {**{str(n): n for n in range(count + 2)}, "last": count}
        read = {text: [n] for text, n in ends.items()}
        for first, last in itertools.product(ends, repeat=2):
            read[f"{first}-{last}"] = [*range(ends[first], ends[last] + 1)]
        for text, wanted in read.items():
            if wanted and 1 <= wanted[0] <= wanted[-1] <= count:
                assert step_numbers(text, count) == wanted
                assert step_numbers(f"{text}, 1", count) == [*wanted, 1]
                continue
            with pytest.raises(ProblemError, match=f"--step {text}: .* to {count}"):
                step_numbers(text, count)


@pytest.mark.parametrize("text", ["a", "-", "1-", "-1", "1--2", "1-2-3", "1.5", "1,", ",", "first", "10**9", "9" * 20])
def test_what_is_no_step_is_refused(text: str) -> None:
    with pytest.raises(ProblemError, match="steps are 3, 10-20 or last, from 1 to 30"):
        step_numbers(text, 30)
