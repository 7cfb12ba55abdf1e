"""The JSON Schema of a problem file, made from the lists that its reader uses: no key and no word stands here twice.

Descriptions are English, as a schema's are: editors show them, and the site's page of keys is made of them.
"""

from __future__ import annotations

import re
from typing import Any

from rnncalc.check.verdicts.precision import KINDS
from rnncalc.problems.keys import KEYS, KEYS_CALLED, OF_A_LAYER, OF_ONE_DIRECTION, OWN_CELL, WORDS_CALLED, words_by_key
from rnncalc.problems.notation import GATE_NAMES, NOTATIONS
from rnncalc.problems.stated_sizes import KEYS as SIZES

Schema = dict[str, Any]

NUMBER: Schema = {"$ref": "#/$defs/number"}
ARRAY: Schema = {"$ref": "#/$defs/array"}
BY_GATE: Schema = {"anyOf": [ARRAY, {"type": "object", "additionalProperties": ARRAY}]}
STEPS: Schema = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}]}
TEXT: Schema = {"type": "string"}
DEFS: Schema = {
    "number": {
        "description": "A number, or its text, which keeps its digits: 0.80, 1/3, 5.8×10^{-9}.",
        "type": ["number", "string"],
    },
    "array": {
        "description": "A number, a vector, a matrix or a batch: nested lists, or a text in any form of a matrix. "
        "null: no number here.",
        "anyOf": [NUMBER, {"type": "null"}, {"type": "array", "items": {"$ref": "#/$defs/array"}}],
    },
    "answers": {
        "description": "Numbers by name: h, y, dU, U_new; by gate, by step, or a list of layers.",
        "type": "object",
        "additionalProperties": {"anyOf": [ARRAY, {"type": "boolean"}, {"type": "object"}, {"type": "array"}]},
    },
}
DESCRIPTIONS = {  # one for each key of `KEYS`
    "title": "What people call it.",
    "source": "Where it was published.",
    "notes": "For people; nothing is computed from them.",
    "cell": "The cell: a built-in one by its name, or one of your own by its equations.",
    "activation": "The function f of the cells elman and jordan, h_t = f(a_t).",
    "output": "The function of the read-out, y_t = g(s_t).",
    "update": "Which gate of a GRU keeps the old state: z_old is (1−z)∘n + z∘h, z_new the other way round.",
    "gates": "The order in which stacked matrices have their gates: ifog.",
    "notation": "Whose letters these are: a textbook's or a library's.",
    "equations": "The equations of the sheet. They decide the cell, the letters, the orientation and the functions.",
    "U": "Input weights (H, D); gates stacked below each other, or one matrix a gate.",
    "W": "Recurrent weights (H, H); gates stacked below each other, or one matrix a gate.",
    "b": "Bias (H,); 0 where it is not given.",
    "V": "Read-out weights (O, H). Without them y is h.",
    "c": "The read-out's bias (O,).",
    "d": "The second bias (H,) of gru_after.",
    "R": "Weights (O, D) from the input to the output, of i2h_i2o.",
    "h0": "The initial state (H,), in a batch also (N, H); 0 by default.",
    "c0": "The initial memory of an LSTM.",
    "y0": "The initial output of a Jordan network.",
    "x": "The inputs: (T, D), or (N, T, D), a batch.",
    "lengths": "How many steps each sequence of a batch has (N,).",
    "mask": "Where false, the step is skipped and the state carried: (T,) or (N, T).",
    "layout": "Whether a batch is given sequence first or step first.",
    "targets": "What y should be: the shape of y, or class numbers from 0; null: no target.",
    "loss": "The loss. It is needed beside targets.",
    "reduction": "How the losses of steps and sequences become one number; sum by default.",
    "dy": "In place of targets and loss: the gradient that arrives at y, in its shape.",
    "lr": "The learning rate: updated parameters are θ − lr·dθ.",
    "truncate": "A step's loss reaches this many latest steps, its own included.",
    "chunk": "The sequence is cut in blocks of so many steps; no gradient passes between them.",
    "clip_norm": "Scale the gradients so that their joint norm is at most this.",
    "clip_value": "Cut every entry of the gradients at ± this.",
    "rounded_inputs": "Whether the given numbers are themselves rounded at their last digit.",
    "carry": "What a number that follows rightly from an earlier slip earns, 0 to 1; at most a share of all points.",
    "points": "What is asked, and its points; 1 a number where nothing is said.",
    "min_digits": "The significant digits that a number needs to count.",
    "precision": "What the sheet asks for, for all numbers or by quantity; else the digits typed decide.",
    "vectors": "Whether vectors are rows (x W) or columns (W x).",
    "signals": "What the sheet calls signals: its name → ours.",
    "fused": "U and W in one matrix, which multiplies [h; x] or [x; h].",
    "answers": "What somebody claims.",
    "layers": "A stack of layers, from the input up; V, c and output stand beside it.",
    "direction": "Which way a layer reads the sequence.",
    "backward": "The weights of the second direction, where direction is both.",
    "merge": "How two directions become one output.",
    "decimal": "How numbers are written in this file: 0.5 or 0,5.",
    "vocabulary": "Words, by their number: targets may be words, and inputs words for one-hot vectors.",
}
VALUES: dict[str, Schema] = {  # the others are arrays, by gate or not
    **dict.fromkeys(("title", "source"), TEXT),
    "notes": {"anyOf": [TEXT, {"type": "array", "items": TEXT}]},
    "equations": {"anyOf": [TEXT, {"type": "array", "items": TEXT}]},
    "gates": TEXT,
    "vocabulary": {"anyOf": [TEXT, {"type": "array", "minItems": 1, "uniqueItems": True, "items": TEXT}]},
    "lengths": {"anyOf": [TEXT, {"type": "array", "items": {"type": "integer", "minimum": 0}}]},
    "mask": {"anyOf": [TEXT, {"type": "array"}]},
    **dict.fromkeys(("truncate", "chunk"), STEPS),
    **dict.fromkeys(("lr", "clip_norm", "clip_value", "min_digits"), NUMBER),
    "rounded_inputs": {"type": ["boolean", "string"]},
    "points": {"anyOf": [NUMBER, TEXT, {"type": "object", "additionalProperties": NUMBER}]},
    "signals": {"type": "object", "additionalProperties": TEXT},
    "answers": {"$ref": "#/$defs/answers"},
    "layers": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/layer"}},
    "backward": {"$ref": "#/$defs/direction"},
    "carry": {"anyOf": [NUMBER, {"type": "object", "properties": {"credit": NUMBER, "at_most": NUMBER}}]},
}


def schema() -> Schema:
    """The schema of a problem file, JSON Schema 2020-12: what its reader takes, and nothing else."""
    properties = {key: {"description": DESCRIPTIONS[key], **_value(key)} for key in sorted(KEYS)}
    for theirs, key in KEYS_CALLED.items():
        if key in KEYS:
            properties[theirs] = {"description": f"Another name of {key}.", **_value(key)}
    for letter in SIZES:
        properties[letter] = {"description": f"{letter} as the sheet states it; held against the shapes.", **NUMBER}
    properties["problems"] = {
        "description": "Several problems by name; what stands beside them holds for all.",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": "object"},
    }
    known = {"anyOf": [{"enum": sorted(properties)}, {"pattern": _letters()}]}
    own_cell = {"properties": {"cell": {"type": "object"}}, "required": ["cell"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rnncalc: a problem file",
        "description": "A recurrent network, its inputs, and what is asked of them.",
        "type": "object",
        "properties": properties,
        "if": {"anyOf": [{"required": ["equations"]}, own_cell]},  # whose parameters have names of their own
        "else": {"propertyNames": known},
        "$defs": {**DEFS, "layer": _part(OF_A_LAYER), "direction": _part(OF_ONE_DIRECTION), "own_cell": _own_cell()},
    }


def words(key: str) -> list[str]:
    """The words that a key may be; none where it may be anything."""
    return [*words_by_key().get(key, ())]


def _value(key: str) -> Schema:
    """What the value of a key may be; null is as if it were not there."""
    if key == "precision":
        kinds: Schema = {"type": "object", "properties": dict.fromkeys(KINDS, NUMBER), "additionalProperties": False}
        value: Schema = {"anyOf": [TEXT, kinds, {"type": "object", "additionalProperties": {"anyOf": [TEXT, kinds]}}]}
    elif known := words(key):
        spoken = [*known, *WORDS_CALLED.get(key, ())]
        value = {"anyOf": [{"enum": known}, {"type": "string", "pattern": _any_case(spoken)}]}
        value["anyOf"] += [{"$ref": "#/$defs/own_cell"}] if key == "cell" else []
    else:
        value = VALUES.get(key, BY_GATE)
    return {"anyOf": [*value.get("anyOf", [value]), {"type": "null"}]}


def _any_case(spoken: list[str]) -> str:
    """A pattern of these words in capitals or not, with a hyphen or a blank for a low line."""
    return f"^({'|'.join(''.join(map(_either, word)) for word in spoken)})$"


def _either(letter: str) -> str:
    if letter in "_ ":
        return "[-_ ]"
    return f"[{letter.lower()}{letter.upper()}]" if letter.isascii() and letter.isalpha() else letter


def _letters() -> str:
    """A pattern of every name that some notation has for a parameter, of one gate too, and of names to be ignored."""
    gates = sorted({letter for cell in GATE_NAMES.values() for names in cell.values() for letter in names})
    whole = {name for notation in NOTATIONS.values() for name in notation.letters}
    by_gate = {pattern for notation in NOTATIONS.values() for pattern in notation.by_gate}
    names = [_spelled(name) for name in sorted(whole)]
    names += [_spelled(name).replace(r"\*", f"[{''.join(gates)}]") for name in sorted(by_gate)]
    return rf"^(_.*|({'|'.join(names)}|[bcdhy]0?|b_hh|B)(\..+)?)$"


def _spelled(name: str) -> str:
    """A pattern of a name, in which underscores do not count; wx, of one unit, is Wx."""
    letters = [re.escape(letter) for letter in name.replace("_", "")]
    if len(letters) > 1 and letters[0] in "Ww":
        letters[0] = "[Ww]"
    return "_*".join(letters) + "_*"


def _part(keys: tuple[str, ...]) -> Schema:
    """A layer, or one direction of it."""
    return {"type": "object", "properties": {key: {"$ref": f"#/properties/{key}"} for key in keys}}


def _own_cell() -> Schema:
    """A cell by its equations."""
    lines: Schema = {"type": "array", "items": TEXT}
    values = {
        "name": TEXT, "emits": TEXT, "state": lines, "outputs": lines, "constants": {"type": "object"},
        "equations": {"type": "object", "additionalProperties": TEXT},
    }  # fmt: skip
    return {
        "type": "object",
        "properties": {key: values[key] for key in OWN_CELL},
        "required": ["equations", "state", "emits"],
        "additionalProperties": False,
    }
