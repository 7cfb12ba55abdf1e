"""Lines of a terminal, in both languages and mixed."""

import re
import shutil
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncalc.common.wrapping import columns, display_width, wrap

WORDS = st.sampled_from(
    [
        "h_t",
        "softmax、",
        "leaky_relu",
        "梯度消失",
        "（见",
        "）。",
        "“前”：",
        "--clip_norm",
        "1/4；",
        "一、",
        "，",
        "and",
        "x)",
    ]
)


@given(st.lists(st.tuples(WORDS, st.sampled_from(["", " ", "\n  "])), min_size=9, max_size=30), st.integers(20, 40))
def test_nothing_is_lost_and_words_stay_whole(parts: list[tuple[str, str]], width: int) -> None:
    text = re.sub(r"\s+(?=[，）])", "", "".join(word + blank for word, blank in parts))
    lines = wrap(text, width)
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    for word in re.findall(r"[\w-]+", re.sub("[\u2e80-\u9fff]", " ", text)):
        assert len(word) > 15 or any(word in line for line in lines), word
    if re.search("[\u2e80-\u9fff]", text):
        assert all(display_width(line) <= width or " " not in line for line in lines)
        for line, following in zip(lines, lines[1:]):
            assert not line.endswith(("（", "“"))
            assert len(line) == 1 or not following.startswith(tuple("，。、；：）”"))


def test_english_is_broken_as_ever() -> None:
    text = "Backwards goes the “transposed” matrix: well-known, and - so they say - seldom right. " * 3
    assert wrap(text, 40) == textwrap.wrap(text, 40, break_long_words=False)


@pytest.mark.parametrize("stated", [None, "", "0", "-3", "many", "1", "57", "300"])
def test_the_width_is_that_of_the_standard_library(stated: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if stated is not None:
        monkeypatch.setenv("COLUMNS", stated)
    assert columns() == shutil.get_terminal_size().columns
