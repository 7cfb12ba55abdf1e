"""rnncalc: recurrent networks that are fast, exact and explain themselves.

The names below are loaded on first use, so that `import rnncalc` and `rnncalc --help` cost next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from rnncalc.cells import CELLS as CELLS
    from rnncalc.cells import Cell as Cell
    from rnncalc.errors import RnncalcError as RnncalcError
    from rnncalc.estimators import RNNClassifier as RNNClassifier
    from rnncalc.estimators import RNNRegressor as RNNRegressor
    from rnncalc.grading import grade as grade
    from rnncalc.layer import Layer as Layer
    from rnncalc.network import Network as Network
    from rnncalc.notebook import load_problem as load_problem
    from rnncalc.notebook import problem as problem
    from rnncalc.stepper import Stepper as Stepper
    from rnncalc.trace import Trace as Trace
    from rnncalc.weights.models import load_model as load_model
    from rnncalc.weights.models import save_model as save_model
    from rnncalc.weights.pytorch import from_state_dict as from_state_dict

_HOMES = {
    "CELLS": "cells",
    "Cell": "cells",
    "Layer": "layer",
    "Network": "network",
    "RNNClassifier": "estimators",
    "RNNRegressor": "estimators",
    "RnncalcError": "errors",
    "Stepper": "stepper",
    "Trace": "trace",
    "from_state_dict": "weights.pytorch",
    "grade": "grading",
    "load_model": "weights.models",
    "save_model": "weights.models",
    "load_problem": "notebook",
    "problem": "notebook",
}
_CELLS = {
    "Elman": "elman",
    "Jordan": "jordan",
    "LSTM": "lstm",
    "GRU": "gru",
    "GRUAfter": "gru_after",
    "I2HI2O": "i2h_i2o",
}

__all__ = [*_HOMES, *_CELLS]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(f"rnncalc.{_HOMES[name]}"), name)
    elif name in _CELLS:
        from rnncalc.cells import CELLS
        from rnncalc.one_layer import one_layer

        value = one_layer(name, CELLS[_CELLS[name]])
    else:
        raise AttributeError(f"module 'rnncalc' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
