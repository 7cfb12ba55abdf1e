"""Code of every course is graded as it is checked."""

from pathlib import Path

import pytest
from support.helpers import EXAMPLES

from rnncalc.check.code import check_file
from rnncalc.classroom.code.run import grade_code


@pytest.mark.parametrize("course", ["cs231n", "deeplearning_ai", "d2l", "min_char_rnn", "deep_ml"])
def test_verdicts_are_those_of_check(course: str, tmp_path: Path) -> None:
    """The numbers travel between two processes, and nothing of them or of what is said is lost."""
    if course == "d2l":
        pytest.importorskip("torch")
    for kind in ("right", "wrong"):
        for path in sorted((EXAMPLES / "code" / course / kind).glob("*.py"))[:3]:
            (tmp_path / f"{kind}_{path.name}").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    book = grade_code(course, tmp_path, trust=True)
    assert len(book) > 3
    for row in book.rows:
        verdicts = {verdict.function: verdict for verdict in check_file(tmp_path / f"{row.id}.py", course)}
        for function, result in row.results.items():
            if function not in verdicts:
                assert result.verdict == "unreadable"
                continue
            verdict = verdicts[function]
            assert result.verdict == verdict.verdict
            assert [mistake["id"] for mistake in result.mistakes] == [mistake.id for mistake in verdict.mistakes]
            assert [mistake["line"] for mistake in result.mistakes] == [
                mistake.data()["line"] for mistake in verdict.mistakes
            ]
            exact = verdict.first and verdict.first.exact
            assert (result.first_wrong and result.first_wrong["computed"]) == exact
