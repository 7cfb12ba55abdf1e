"""What a network reaches on data, in figures that the field knows by name; defined here and nowhere else.

Numbers: RMSE and MAE, over all targets that are there, in the units of the data. Classes: the accuracy, and the macro
F1, the mean of 2 TP / (2 TP + FP + FN) over the classes that targets or predictions have. A target that is a row of
probabilities means its likeliest class; of several that are equally likely each is right. Outputs with a yes or no of
their own are a class each, a single one two. Text: the perplexity, e to the cross-entropy a token.
"""

from __future__ import annotations

import math

import numpy as np

from rnncalc.common.spool import blocks
from rnncalc.model.losses import SIGN, Loss, are_right
from rnncalc.pipeline.data import scaling
from rnncalc.pipeline.data_description import DataDescription


def perplexity(loss: float) -> float:
    """Compute e to a cross-entropy; infinite beyond what a number holds."""
    return math.exp(loss) if loss < 709 else loss * math.inf


def of_numbers(y: np.ndarray, targets: np.ndarray, about: DataDescription) -> dict[str, float]:
    """Return the RMSE and the MAE of rows of outputs, (R, O), in the units of the data."""
    squares, apart, count = 0.0, 0.0, 0
    for some, wanted in blocks(y, targets):
        error = scaling.undone(some.astype(np.float64), about) - scaling.undone(wanted, about)
        squares += float(np.nansum(error * error))
        apart += float(np.nansum(abs(error)))
        count += int((~np.isnan(wanted)).sum())
    mean = squares / max(count, 1)
    return {"mean_squared_error": mean, "rmse": math.sqrt(mean), "mae": apart / max(count, 1)}


def of_classes(y: np.ndarray, targets: np.ndarray, loss: Loss, middle: float) -> dict[str, float]:
    """Return the accuracy and the macro F1 of rows of outputs. targets, middle: as `losses.are_right` has them."""
    hits, rows, classes = 0, 0, 2 if loss.right == SIGN and y.shape[1] == 1 else y.shape[1]
    counts = np.zeros((3, classes))  # of each class: it was right, it was said wrongly, it was not said
    for some, wanted in blocks(y, targets):
        right, there = are_right(loss, some, wanted, middle), wanted >= 0 if wanted.ndim == 1 else ~np.isnan(wanted)
        hits, rows = hits + int(right.sum()), rows + int((there if there.ndim == 1 else there.any(axis=1)).sum())
        counts += _signs(some > middle, wanted > 0.5, there) if loss.right == SIGN else _largest(some, wanted, right)
    sizes = 2 * counts[0] + counts[1] + counts[2]
    scores = 2 * counts[0][sizes > 0] / sizes[sizes > 0]
    return {"accuracy": hits / max(rows, 1), "macro_f1": float(scores.mean()) if scores.size else 0.0}


def _signs(said: np.ndarray, wanted: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Count for each output, of which each has a label of its own; of one output for no and for yes."""
    if said.shape[1] == 1:
        said, wanted, there = (
            np.concatenate(pair, axis=1) for pair in ((~said, said), (~wanted, wanted), (there, there))
        )
    return np.array([(part & there).sum(axis=0) for part in (said & wanted, said & ~wanted, ~said & wanted)])


def _largest(y: np.ndarray, targets: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Count for each class, of which a row has one."""
    said, there = y.argmax(axis=1), targets >= 0
    wanted = targets
    if targets.ndim == 2:
        there = ~np.isnan(targets).all(axis=1)
        wanted = np.where(np.isnan(targets), -math.inf, targets).argmax(axis=1)
    wrong, classes = there & ~right, y.shape[1]
    return np.array([np.bincount(numbers, minlength=classes) for numbers in (said[right], said[wrong], wanted[wrong])])
