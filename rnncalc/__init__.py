"""rnncalc: recurrent networks that are fast, exact and explain themselves.

The names below are loaded on first use, so that `import rnncalc` and `rnncalc --help` cost next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rnncalc.common.version import __version__ as __version__

if TYPE_CHECKING:
    from rnncalc.classroom.grading import grade as grade
    from rnncalc.errors import RnncalcError as RnncalcError
    from rnncalc.model.cells import CELLS as CELLS
    from rnncalc.model.cells import Cell as Cell
    from rnncalc.model.layer import Layer as Layer
    from rnncalc.network.network import Network as Network
    from rnncalc.network.stepper import Stepper as Stepper
    from rnncalc.network.trace import Trace as Trace
    from rnncalc.network.weights.model_file import load_model as load_model
    from rnncalc.network.weights.model_file import save_model as save_model
    from rnncalc.network.weights.pytorch import from_state_dict as from_state_dict
    from rnncalc.pipeline.estimators import RNNClassifier as RNNClassifier
    from rnncalc.pipeline.estimators import RNNRegressor as RNNRegressor
    from rnncalc.report.notebook import load_problem as load_problem
    from rnncalc.report.notebook import problem as problem

_HOMES = {
    "CELLS": "model.cells",
    "Cell": "model.cells",
    "Layer": "model.layer",
    "Network": "network.network",
    "RNNClassifier": "pipeline.estimators",
    "RNNRegressor": "pipeline.estimators",
    "RnncalcError": "errors",
    "Stepper": "network.stepper",
    "Trace": "network.trace",
    "from_state_dict": "network.weights.pytorch",
    "grade": "classroom.grading",
    "load_model": "network.weights.model_file",
    "save_model": "network.weights.model_file",
    "load_problem": "report.notebook",
    "problem": "report.notebook",
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
        from rnncalc.model.cells import CELLS
        from rnncalc.network.one_layer import one_layer

        value = one_layer(name, CELLS[_CELLS[name]])
    else:
        raise AttributeError(f"module 'rnncalc' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
