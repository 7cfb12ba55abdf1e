"""rnncalc: recurrent networks that are fast, exact and explain themselves.

Homework            problem, load_problem: worked step by step, checked; grade: a whole class
Code                check_function: the bug in a function; testing.assert_rnn_forward in pytest; %load_ext rnncalc
A network           Elman, Jordan, LSTM, GRU, GRUAfter, I2HI2O of one layer; Network of several, each a Layer
Weights             random_network; load_model, save_model; other libraries': load, save, from_state_dict, to_state_dict
What it gives       net(x); net.forward(x), a Trace; net.backward(trace, …); net.fit(x, y, …)
From step to step   net.stepper(), a Stepper; States of every layer, which go in and come out
Your own equations  Cell; CELLS holds the built-in ones
scikit-learn        RNNClassifier, RNNRegressor
Errors              RnncalcError, the kind of all of them

Examples
--------
>>> import rnncalc
>>> rnncalc.problem(U=0.9, W=0.5, b=0.3, x=[0.7, 0.5]).forward().h.round(4)
array([[0.7306],
       [0.8059]])
>>> rnncalc.random_network("lstm", inputs=3, hidden=8, outputs=2)
Network(lstm, D=3, H=8, O=2, float32)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnncalc.common.version import __version__ as __version__

if TYPE_CHECKING:
    from rnncalc.classroom.grading.run import grade as grade
    from rnncalc.errors import RnncalcError as RnncalcError
    from rnncalc.model.cells import CELLS as CELLS
    from rnncalc.model.cells import Cell as Cell
    from rnncalc.model.layer import Layer as Layer
    from rnncalc.network.network import Network as Network
    from rnncalc.network.one_layer import GRU as GRU
    from rnncalc.network.one_layer import I2HI2O as I2HI2O
    from rnncalc.network.one_layer import LSTM as LSTM
    from rnncalc.network.one_layer import Elman as Elman
    from rnncalc.network.one_layer import GRUAfter as GRUAfter
    from rnncalc.network.one_layer import Jordan as Jordan
    from rnncalc.network.states import States as States
    from rnncalc.network.stepper import Stepper as Stepper
    from rnncalc.network.trace import Trace as Trace
    from rnncalc.network.weights.initialise import random_network as random_network
    from rnncalc.network.weights.model_file import save_model as save_model
    from rnncalc.network.weights.pytorch import from_state_dict as from_state_dict
    from rnncalc.network.weights.pytorch_writer import to_state_dict as to_state_dict
    from rnncalc.network.weights.weight_formats import load as load
    from rnncalc.network.weights.weight_formats import save as save
    from rnncalc.pipeline.estimators import RNNClassifier as RNNClassifier
    from rnncalc.pipeline.estimators import RNNRegressor as RNNRegressor
    from rnncalc.pipeline.trained_model import load_model as load_model
    from rnncalc.report import testing as testing
    from rnncalc.report.checked_code import check_function as check_function
    from rnncalc.report.notebook import load_problem as load_problem
    from rnncalc.report.notebook import problem as problem

_NAMES = {  # module → its public names, loaded on first use, so that `import rnncalc` costs next to nothing
    "classroom.grading.run": ("grade",),
    "errors": ("RnncalcError",),
    "model.cells": ("CELLS", "Cell"),
    "model.layer": ("Layer",),
    "network.network": ("Network",),
    "network.one_layer": ("Elman", "Jordan", "LSTM", "GRU", "GRUAfter", "I2HI2O"),
    "network.states": ("States",),
    "network.stepper": ("Stepper",),
    "network.trace": ("Trace",),
    "network.weights.weight_formats": ("load", "save"),
    "network.weights.initialise": ("random_network",),
    "network.weights.model_file": ("save_model",),
    "network.weights.pytorch": ("from_state_dict",),
    "network.weights.pytorch_writer": ("to_state_dict",),
    "pipeline.estimators": ("RNNClassifier", "RNNRegressor"),
    "pipeline.trained_model": ("load_model",),
    "report.checked_code": ("check_function",),
    "report.notebook": ("load_problem", "problem"),
    "report.testing": ("testing",),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = [*_HOMES]

if not TYPE_CHECKING:  # so that a misspelt name is an error to a type checker

    def __getattr__(name):
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module 'rnncalc' has no attribute {name!r}")
        module = import_module(f"rnncalc.{_HOMES[name]}")
        value = module if name == "testing" else getattr(module, name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext rnncalc` runs: it adds `%%rnncheck`."""
    from rnncalc.report.magic import register

    register(shell)
