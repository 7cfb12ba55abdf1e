"""rnncalc: recurrent networks that are fast, exact and explain themselves.

The names below are loaded on first use, so that `import rnncalc` and `rnncalc --help` cost next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncalc.common.version import __version__ as __version__

if TYPE_CHECKING:
    from rnncalc.classroom.grading.run import grade as grade
    from rnncalc.errors import RnncalcError as RnncalcError
    from rnncalc.model.cells import CELLS as CELLS
    from rnncalc.model.cells import Cell as Cell
    from rnncalc.model.layer import Layer as Layer
    from rnncalc.network.network import GRU as GRU
    from rnncalc.network.network import I2HI2O as I2HI2O
    from rnncalc.network.network import LSTM as LSTM
    from rnncalc.network.network import Elman as Elman
    from rnncalc.network.network import GRUAfter as GRUAfter
    from rnncalc.network.network import Jordan as Jordan
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

_NAMES = {  # module → its public names: those above, which type checkers read
    "classroom.grading.run": ("grade",),
    "errors": ("RnncalcError",),
    "model.cells": ("CELLS", "Cell"),
    "model.layer": ("Layer",),
    "network.network": ("Elman", "Jordan", "LSTM", "GRU", "GRUAfter", "I2HI2O", "Network"),
    "network.stepper": ("Stepper",),
    "network.trace": ("Trace",),
    "network.weights.model_file": ("load_model", "save_model"),
    "network.weights.pytorch": ("from_state_dict",),
    "pipeline.estimators": ("RNNClassifier", "RNNRegressor"),
    "report.notebook": ("load_problem", "problem"),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = [*_HOMES]

if not TYPE_CHECKING:  # so that a misspelt name is an error to a type checker

    def __getattr__(name):
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module 'rnncalc' has no attribute {name!r}")
        value = getattr(import_module(f"rnncalc.{_HOMES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
