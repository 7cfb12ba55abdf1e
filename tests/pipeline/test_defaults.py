"""Whether targets are classes, and what is standardised: one default for every kind of file, said in one note."""

import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncalc.errors import RnncalcError
from rnncalc.network.weights import model_file as models
from rnncalc.network.weights.initialise import random_network
from rnncalc.pipeline import data, recipe
from rnncalc.pipeline.data_description import DataDescription

STEPS = 12
LITTLE = {"hidden": 2, "epochs": 1, "engine": "equations"}
Values = list[Any]
X = np.random.default_rng(0).normal(size=(STEPS, 2)) * [3, 40] + [10, -500]


def csv(folder: Path, y: Values) -> Any:
    (folder / "a.csv").write_text("a,b,y\n" + "".join(
        f"{a!r},{b!r},{'' if value is None else value}\n" for (a, b), value in zip(X.tolist(), y)))  # fmt: skip
    return str(folder / "a.csv")


class Columns(dict[str, Any]):
    """A frame without a library."""

    @property
    def columns(self) -> list[str]:
        return [*self]


def columns(_folder: Path, y: Values) -> Any:
    """As NumPy and pandas have them: a gap makes fractions of whole numbers."""
    numbers = all(value is None or type(value) in (int, float) for value in y)
    return Columns(a=X[:, 0], b=X[:, 1], y=gaps_as_nan(y) if numbers else np.array(y, object))


def pandas(folder: Path, y: Values) -> Any:
    return pytest.importorskip("pandas").DataFrame(dict(columns(folder, y)))


def parquet(folder: Path, y: Values) -> Any:
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(
        pyarrow.table({"a": X[:, 0], "b": X[:, 1], "y": y}), folder / "a.parquet"
    )
    return str(folder / "a.parquet")


def arrays(folder: Path, y: Values) -> Any:
    if all(value is None or isinstance(value, str) for value in y):
        given = np.array([value or "" for value in y])
    else:
        given = gaps_as_nan(y)
    np.savez(folder / "a.npz", x=X[None], y=given[None])
    return str(folder / "a.npz")


def lines(folder: Path, y: Values) -> Any:
    (folder / "a.jsonl").write_text(json.dumps({"x": X.tolist(), "y": y}))
    return str(folder / "a.jsonl")


def gaps_as_nan(y: Values) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in y] if None in y else y)


KINDS: dict[str, Callable[[Path, Values], Any]] = {
    "csv": csv, "columns": columns, "pandas": pandas, "parquet": parquet, "arrays": arrays, "lines": lines
}  # fmt: skip
TARGETS: dict[str, Callable[[np.random.Generator], Values]] = {
    "fractions": lambda rng: rng.normal(size=STEPS).tolist(),
    "whole": lambda rng: rng.permutation([0, 1, 2, 3] * (STEPS // 4)).tolist(),
    "yes or no": lambda rng: rng.permutation([0, 1] * (STEPS // 2)).tolist(),
    "texts": lambda rng: rng.permutation(["wet", "dry", "fog"] * (STEPS // 3)).tolist(),
    "truths": lambda rng: rng.permutation([True, False] * (STEPS // 2)).tolist(),
}
NAMED = ("texts", "truths")


def drawn(target: str, gaps: bool) -> Values:
    rng = np.random.default_rng(sorted(TARGETS).index(target))
    y = TARGETS[target](rng)
    for at in rng.choice(STEPS, 3, replace=False) if gaps else ():
        y[at] = None
    return y


def prepared(kind: str, folder: Path, y: Values, **options: Any) -> recipe.Run:
    table = kind in ("csv", "columns", "pandas", "parquet")
    source = KINDS[kind](folder, y)
    return recipe.prepare({"data": source, **({"target": "y"} if table else {}), **LITTLE, **options})


def standardised(rows: np.ndarray) -> np.ndarray:
    return (rows - np.nanmean(rows, axis=0)) / np.nanstd(rows, axis=0)


LOSSES = (None, "mean_squared_error", "mean_absolute_error", "cross_entropy", "binary_cross_entropy")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_has_the_same_targets(
    kind: str, target: str, gaps: bool, loss: str | None, tmp_path: Path
) -> None:
    """Numbers or classes, scaled or not, by what targets are and what the loss learns; never by the kind of file."""
    if target == "truths" and (loss not in (None, "cross_entropy") or (gaps and kind == "arrays")):
        pytest.skip("NumPy has no gaps among them; as numbers they are not asked for")
    if loss == "binary_cross_entropy" and target in ("fractions", "whole"):
        pytest.skip("its targets are two")
    y = drawn(target, gaps)
    options = {} if loss is None else {"loss": loss}
    if target == "texts" and loss in ("mean_squared_error", "mean_absolute_error"):
        with pytest.raises(RnncalcError, match="number"):
            prepared(kind, tmp_path, y, **options)
        return
    run = prepared(kind, tmp_path, y, **options)
    about, train, there = run.about, run.trainer.data, np.array([value is not None for value in y])
    classes = loss == "cross_entropy" or target in NAMED
    assert about.classes == classes
    assert run.trainer.settings.loss == (loss or ("cross_entropy" if classes else "mean_squared_error"))
    np.testing.assert_allclose(train.x, standardised(X), rtol=1e-12)
    assert train.targets == there.sum()
    if classes:
        assert not about.y_mean
        names = [value for value in y if value is not None]
        names = sorted(set(names)) if target != "truths" else [False, True]
        number = {str(name) if target in NAMED else float(name): n for n, name in enumerate(names)}
        labels = about.labels if target in NAMED else list(map(float, about.labels))
        assert labels == list(number)
        wanted = [-1 if value is None else number[str(value) if target in NAMED else float(value)] for value in y]
        assert train.y.tolist() == wanted
        return
    numbers = np.array([np.nan if value is None else value for value in y], float)[:, None]
    scaled = loss != "binary_cross_entropy"
    assert about.scale == ("both" if scaled else "inputs")
    np.testing.assert_allclose(train.y, standardised(numbers) if scaled else numbers, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(data.scaling.undone(train.y, about), numbers, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("scale", [None, "none", "inputs", "both"])
@pytest.mark.parametrize("output", [None, "identity", "tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_goes_before_the_default(kind: str, output: str | None, scale: str | None, tmp_path: Path) -> None:
    given = {name: value for name, value in {"scale": scale, "output": output}.items() if value}
    run = prepared(kind, tmp_path, drawn("whole", True), **given)
    usual = "inputs" if output in ("tanh", "relu", "sigmoid") else "both"
    assert run.about.scale == (scale or usual)
    assert bool(run.about.x_mean) == (run.about.scale != "none")
    assert bool(run.about.y_mean) == (run.about.scale == "both")


@pytest.mark.parametrize("kind", KINDS)
def test_scores_of_yes_or_no_are_not_standardised_and_weights_of_classes_are_of_classes(
    kind: str, tmp_path: Path
) -> None:
    y = drawn("yes or no", True)
    for output in (None, "identity", "sigmoid"):
        given = {"output": output} if output else {}
        about = prepared(kind, tmp_path, y, loss="binary_cross_entropy", **given).about
        assert (about.scale, about.y_mean, about.classes) == ("inputs", [], False)
    about = prepared(kind, tmp_path, y, class_weight="balanced").about
    assert (about.classes, list(map(float, about.labels))) == (True, [0, 1])


@pytest.mark.parametrize("kind", KINDS)
def test_one_note_says_what_nobody_has_said(kind: str, tmp_path: Path) -> None:
    for target, scale, loss in itertools.product(TARGETS, (None, "none", "inputs", "both"), (None, "cross_entropy")):
        given = {name: value for name, value in {"scale": scale, "loss": loss}.items() if value}
        run = prepared(kind, tmp_path, drawn(target, False), **given)
        notes = [note for note in run.notes if "standardised" in note or "learnt as" in note]
        assert len(notes) == (scale is None or loss is None)
        note = "".join(notes)
        assert ("standardised" in note) == (scale is None)
        assert ("targets are standardised" in note) == (scale is None and loss is None and target not in NAMED)
        assert ("learnt as numbers" in note) == (loss is None and target not in NAMED)
        assert (f"learnt as {len(run.about.labels)} classes" in note) == (loss is None and target in NAMED)


def test_texts_of_lines_are_tokens_which_nothing_scales(tmp_path: Path) -> None:
    for y, classes in (([1.5, 2.5], False), ([3, 4], False), (["a", "b"], True), ([True, False], True)):
        records = [{"x": "abc", "y": y[0]}, {"x": "cb", "y": y[1]}]
        (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
        run = recipe.prepare({"data": str(tmp_path / "a.jsonl"), **LITTLE})
        assert (run.about.classes, run.about.x_mean, bool(run.about.y_mean)) == (classes, [], not classes)
        (note,) = run.notes
        assert ("inputs" in note, "targets" in note) == (False, not classes)
    (tmp_path / "a.txt").write_text("abcab")
    assert recipe.prepare({"data": str(tmp_path / "a.txt"), **LITTLE}).notes == []
    assert recipe.prepare({"data": "example:sin-cos", **LITTLE, "epochs": 0}).notes == []


@pytest.mark.parametrize("said", [{"scale": "none"}, {}, {"scale": "inputs", "x_mean": [1, 2.0], "x_std": [3, 4.0]}])
@pytest.mark.parametrize("classes", [False, True])
def test_a_model_that_was_trained_before_keeps_what_it_says(
    classes: bool, said: Mapping[str, Any], tmp_path: Path
) -> None:
    """Whole numbers that were classes stay classes, and what was not standardised is not standardised now."""
    outputs = 4 if classes else 1
    net = random_network(
        "gru", inputs=2, hidden=3, outputs=outputs, output="softmax" if classes else "identity", engine="equations"
    )
    about = {"inputs": 2, "outputs": outputs, "classes": classes, "at": "every", **said}
    about |= {"labels": ["0", "1", "2", "3"]} if classes else {}
    loss = "cross_entropy" if classes else "mean_squared_error"
    for kind, named in (("arrays", "arrays"), ("lines", "lines"), ("csv", "table")):
        model = models.Model(net, {**about, "kind": named}, {"loss": loss})
        models.save(model, tmp_path / "m.safetensors")
        source = KINDS[kind](tmp_path, drawn("whole", False))
        options = {"data": source, "epochs": 1, "engine": "equations"} | ({"target": "y"} if kind == "csv" else {})
        run = recipe.prepare({**options, "continue_from": str(tmp_path / "m.safetensors")})
        assert run.about.classes == classes
        assert (run.about.scale, run.about.y_mean) == (said.get("scale", "none"), [])
        mean, deviation = said.get("x_mean", [0, 0]), said.get("x_std", [1, 1])
        np.testing.assert_allclose(run.trainer.data.x, (X - mean) / deviation, rtol=1e-12)
        assert not [note for note in run.notes if "standardised" in note or "learnt as" in note]
        reread = data.read_again(source, DataDescription.of_model(model) if kind != "csv" else run.about)
        np.testing.assert_array_equal(reread.x, run.trainer.data.x)


def test_moments_of_huge_and_small_numbers_are_right(tmp_path: Path) -> None:
    """Squares that overflow: the mean and the deviation do not, beside columns whose squares would vanish."""
    rng = np.random.default_rng(4)
    sizes = np.array([1e-140, 1, 1e160, 3e300])
    rows = (rng.normal(size=(50, 4)) + np.array([2, 0, -3, 0.5])) * sizes
    np.savez(tmp_path / "a.npz", x=rows[None], y=rows[None, :, 2:])
    run = recipe.prepare({"data": str(tmp_path / "a.npz"), **LITTLE, "dtype": "float64"})
    np.testing.assert_allclose(run.about.x_mean, (rows / sizes).mean(axis=0) * sizes, rtol=1e-12)
    wanted = (rows / sizes).std(axis=0) * sizes
    wanted[0] = 1  # which counts as constant
    np.testing.assert_allclose(run.about.x_std, wanted, rtol=1e-12)
    np.testing.assert_allclose(run.about.y_std, wanted[2:], rtol=1e-12)
    assert np.isfinite(run.trainer.data.x).all()
