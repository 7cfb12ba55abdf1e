"""The description of data: how it was read and what was learnt of it, so that the next file is read alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from rnncalc.network.weights.model_file import Model


@dataclass
class DataDescription:
    """What is known of data: first what a person may say of it, then what reading finds out. Empty means not known.

    A model file keeps it as an object of JSON, without what is not known, or belongs to one file (OF_A_FILE).
    """

    kind: str | None = None  # table, arrays, lines or text
    input: str | list[str] | None = None  # columns, arrays or keys; as text with commas between them
    target: str | list[str] | None = None
    weight: str | None = None  # column, array or key: what each target counts in the loss
    class_weight: str | None = None  # what the targets of each class count: balanced, or a=2,b=0.5
    id: str | None = None  # the column that tells sequences apart
    time: str | None = None  # the column that orders their steps
    time_format: str = ""  # how its dates are written, unless they are numbers or ISO 8601
    missing: str | None = None  # what stands for inputs that are missing: error, forward, mean or mask
    tokens: str = ""  # of a text: chars or words
    by: str = ""  # a text as one stream, or line by line
    encoding: str = ""  # of a text, unless it is to be found
    sep: str = ""  # between the columns of a table, unless it is to be found
    window: int | None = None  # steps
    stride: int | None = None  # steps from one window to the next
    ahead: int | None = None  # steps
    horizon: int | None = None  # how many steps are foretold, from `ahead` on
    past: bool | None = None  # whether targets that lie ahead are inputs too
    scale: str | None = None  # none, inputs or both
    at: str | None = None  # targets at every step, or at the last one
    inputs: int = 0  # D
    outputs: int = 0  # O
    classes: bool | None = None  # whether targets are classes, else numbers
    targets: bool | None = None  # whether there are any
    vocabulary: list[str] = field(default_factory=list)  # the tokens, by number
    labels: list[str] = field(default_factory=list)  # the classes, by number
    x_fill: list[float] = field(default_factory=list)  # what stands for a missing input, in the units of the data
    x_mean: list[float] = field(default_factory=list)  # of each input
    x_std: list[float] = field(default_factory=list)
    y_mean: list[float] = field(default_factory=list)  # of each target
    y_std: list[float] = field(default_factory=list)
    predicting: bool | None = None  # whether inputs alone are read, with what says whose and when they are
    notes: list[str] = field(default_factory=list)  # what a person should know of how files were read

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> DataDescription:
        """Make a description of a model's data, or of options, by the names of the fields; other names are left out."""
        return cls(**{name: known[name] for name in NAMES if known.get(name) is not None})

    @classmethod
    def of_model(cls, model: Model) -> DataDescription:
        """Make the description of a model's data; for weights that come without one every column is an input."""
        if model.data:
            return cls.of({"scale": "none", **model.data})  # what it does not say was not learnt, and is not now
        sizes = model.network.sizes
        return cls(scale="none", at="every", inputs=sizes["D"], outputs=sizes["O"], classes=False, targets=False)

    def known(self) -> dict[str, Any]:
        """Return what is known, by name: the inverse of `of`."""
        unknown = vars(DataDescription())
        return {name: value for name, value in vars(self).items() if value != unknown[name] and name not in OF_A_FILE}

    def foretold(self) -> list[str]:
        """Return the names of the targets; of those that lie ahead with how many steps later they are: temp+5."""
        names, first = list(self.target or []), self.ahead or bool(self.horizon)
        if not first:
            return names
        return [f"{name}+{first + step}" for step in range(self.horizon or 1) for name in names]

    def complete(self, **values: Any) -> None:
        """Fill in what reading found out; what is known already stays."""
        for name, value in values.items():
            if value is not None and not (known := getattr(self, name)) and known is not False:
                setattr(self, name, value)


OF_A_FILE = ("encoding", "sep", "predicting", "notes")
NAMES = tuple(part.name for part in fields(DataDescription))
OPTIONS = {
    part.name: str(part.type) for part in fields(DataDescription)[: NAMES.index("inputs")]
}  # what a person may say
