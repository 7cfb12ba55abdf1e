"""The reference of the site, made of the program itself: a page a command, a page a public name, keys, mistakes, cells.

Plain functions that give MyST Markdown; they need no Sphinx, and `tests/test_site.py` holds them.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import click

import rnncalc
from rnncalc import errors
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.cli.main import COMMANDS, commands
from rnncalc.model.cells import CELLS
from rnncalc.report import explain_cell, explain_mistake, explain_topic
from rnncalc.report.document import Document, Formulas, Heading, Paragraph
from rnncalc.report.explain_list import mistake_words
from rnncalc.report.problem_schema import schema, words
from rnncalc.report.render import RenderOptions, render
from rnncalc.report.render.html import Html

SCHEMA_FILE = "reference/problem.schema.json"
FAMILIES = {
    "forward": "On the way forward",
    "gated": "In cells with gates",
    "gradient": "On the way back",
    "code": "In code",
}
ERRORS = [name for name, kind in vars(errors).items() if inspect.isclass(kind) and kind.__module__ == errors.__name__]


def pages() -> dict[str, str]:
    """Path below docs/ → text of every page of the reference."""
    made = {f"reference/commands/{name}.md": command(name) for name in COMMANDS}
    made |= {f"reference/python/{name}.md": public_name(name) for name in rnncalc.__all__}
    made |= {f"reference/cells/{name}.md": shown(explain_cell.cell(cell)) for name, cell in CELLS.items()}
    made |= {f"reference/topics/{name}.md": shown(explain_topic.topic(name)) for name in explain_topic.TOPICS}
    said = {name: (COMMANDS[name], f"rnncalc {name}") for name in COMMANDS}
    made["reference/commands.md"] = contents("Commands", COMMANDS_INTRODUCTION, "commands", said)
    made["reference/python.md"] = (
        contents(
            "Python", PYTHON_INTRODUCTION, "python", {name: (summary(name), f"`{name}`") for name in rnncalc.__all__}
        )
        + python_errors()
    )
    titles = {name: cell.literature.title if cell.literature else "" for name, cell in CELLS.items()}
    made["reference/cells.md"] = contents(
        "Cells", CELLS_INTRODUCTION, "cells", {name: (title, f"`{name}`") for name, title in titles.items()}
    )
    topics = {name: (topic.title, name) for name, topic in explain_topic.TOPICS.items()}
    made["reference/topics.md"] = contents("Topics", TOPICS_INTRODUCTION, "topics", topics)
    made["reference/mistakes.md"] = mistakes()
    made["reference/problem-files.md"] = problem_files()
    made[SCHEMA_FILE] = json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"
    return made


COMMANDS_INTRODUCTION = """
Everything that `rnncalc COMMAND --help` says. `forward`, `backward` and `check` take every
[key of a problem file](problem-files.md) as an option besides: `--U`, `--targets`, `--lr`. Exit codes: 0 done, 1 an
answer is wrong, 2 the question cannot be read, 3 a number overflowed, 70 a fault of rnncalc itself.
"""
PYTHON_INTRODUCTION = """
What `import rnncalc` gives. Nothing else is public: other modules may change between any two versions.
"""
CELLS_INTRODUCTION = """
Every recurrence that has a name here. The equations are those that are computed: they are written from the same lines.
`U` multiplies the input and `W` the previous state in every cell; [other letters](topics/notations.md) are understood.
"""
TOPICS_INTRODUCTION = """
What `rnncalc explain TOPIC` says of what concerns every cell.
"""


def contents(title: str, introduction: str, folder: str, entries: dict[str, tuple[str, str]]) -> str:
    """A page that lists pages: name → (what is said of it, what it is called)."""
    lines = "\n".join(f"| [{called}]({folder}/{name}.md) | {said} |" for name, (said, called) in entries.items())
    tree = "```{toctree}\n:hidden:\n\n" + "\n".join(f"{folder}/{name}" for name in entries) + "\n```"
    return f"# {title}\n{introduction}\n| | |\n|---|---|\n{lines}\n\n{tree}\n"


# commands ------------------------------------------------------------------------------------------------------------


def command(name: str) -> str:
    """The page of one command: its help, and each of its options."""
    ctx = click.Context(commands, info_name="rnncalc")
    spoken = commands.get_command(ctx, name)
    assert spoken is not None
    own = click.Context(spoken, info_name=name, parent=ctx)
    usage = " ".join(spoken.collect_usage_pieces(own))
    parts = [f"# rnncalc {name}", COMMANDS[name], f"```text\nrnncalc {name} {usage}\n```"]
    parts += [_help(paragraph) for paragraph in inspect.cleandoc(spoken.help or "").split("\n\n")]
    parts += ["## Options", f"```{{program}} rnncalc {name}\n```"]
    for option in spoken.get_params(own):
        if isinstance(option, click.Option):
            parts.append(_option(option, own))
    return "\n\n".join(parts) + "\n"


def _help(paragraph: str) -> str:
    """A paragraph of help; behind a \\b lines stand as they are."""
    if paragraph.startswith("\b"):
        lines = paragraph.removeprefix("\b").strip("\n")
        return f"```text\n{inspect.cleandoc(lines)}\n```"
    return literal(" ".join(paragraph.split()))


def _option(option: click.Option, ctx: click.Context) -> str:
    """One option, as a directive that can be linked to."""
    metavar = "" if option.is_flag or option.count else f" {option.make_metavar(ctx)}"
    names = ", ".join(f"{name}{metavar}" for name in (*option.opts, *option.secondary_opts))
    record = option.get_help_record(ctx)
    help_ = record[1] if record else option.help or ""
    return f"```{{option}} {names}\n{literal(help_)}\n```"


def _sentence(words: str) -> str:
    """Words with a capital letter, unless they begin with a symbol or a function."""
    return words[0].upper() + words[1:] if re.match(r"(?!relu|tanh|softmax)[a-z]{2}", words) else words


def literal(text: str) -> str:
    """A text of the program in Markdown, in which nothing but words is meant."""
    text = re.sub(r"([\\`*_<>\[\]|~$])", r"\\\1", text)
    return re.sub(r"(?<![\w\\-])(--[\w.-]+)", r"`\1`", text)


# Python --------------------------------------------------------------------------------------------------------------


def summary(name: str) -> str:
    """The first sentence of a public name's docstring, in one line."""
    value = getattr(rnncalc, name)
    if isinstance(value, dict):
        return "The built-in cells by name."
    return literal((inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " "))


def public_name(name: str) -> str:
    """The page of one public name: its docstring, and those of its methods."""
    value = getattr(rnncalc, name)
    kind = "autoclass" if inspect.isclass(value) else "automodule" if inspect.ismodule(value) else "autofunction"
    if isinstance(value, dict):
        links = ", ".join(map(_cell_link, value))
        return f"# `{name}`\n\n```{{py:data}} rnncalc.{name}\n{summary(name)}\n```\n\n{links}\n"
    target = f"rnncalc.report.{name}" if inspect.ismodule(value) else f"rnncalc.{name}"
    options = "   :members:\n" * (kind != "autofunction")
    if inspect.isclass(value):  # what it has of a class that has a page, or that is not ours, is not repeated
        others = [base for base in value.__mro__[1:] if base.__name__ in rnncalc.__all__ or not _ours(base)]
        options += f"   :inherited-members: {', '.join(base.__name__ for base in others)}\n"
        options += "   :special-members: __call__\n"
        requests = [member for member in dir(value) if re.fullmatch(r"set_\w+_request", member)]  # scikit-learn's
        options += f"   :exclude-members: {', '.join(requests)}\n" * bool(requests)
    return f"# `{name}`\n\n```{{eval-rst}}\n.. {kind}:: {target}\n{options}```\n"


def _ours(kind: type) -> bool:
    return kind.__module__.startswith("rnncalc")


def _cell_link(name: str) -> str:
    return f"[`{name}`](../cells/{name}.md)"


def python_errors() -> str:
    """The errors that public functions raise; all are `RnncalcError`."""
    lines = [f".. autoexception:: rnncalc.errors.{name}\n   :show-inheritance:\n" for name in ERRORS]
    return "\n## Errors\n\n```{eval-rst}\n" + "\n".join(lines) + "```\n"


# what the program explains -------------------------------------------------------------------------------------------


def shown(document: Document) -> str:
    """A document of the program as a page; formulas are MathML, which every browser sets by itself."""
    parts = list[str]()
    for number, block in enumerate(document.blocks):
        if isinstance(block, Heading):
            parts.append(f"{'##' if number else '#'} {literal(block.text)}")
        elif isinstance(block, Formulas):
            formulas = Html(RenderOptions()).block(block)
            parts.append(f'```{{raw}} html\n<div class="formulas">{formulas}</div>\n```')
        elif isinstance(block, Paragraph) and (command := re.fullmatch(r"try: (.*)", block.text)):
            parts.append(f"Try:\n\n```sh\n{command[1]}\n```")
        else:
            parts.append(render(Document([block], {}), "markdown", RenderOptions()).strip())
    return "\n\n".join(parts) + "\n"


def mistakes() -> str:
    """Every mistake with its lesson, by family."""
    parts = [
        "# Mistakes",
        "Every mistake that `rnncalc check` can name, with what `rnncalc explain ID` teaches. A mistake is a rewrite "
        "of the computation: what fits has given the very numbers that are wrong.",
    ]
    for family, title in FAMILIES.items():
        parts.append(f"## {title}")
        for name, mistake in MISTAKES.items():
            if mistake.family == family:
                said, lesson = mistake_words(name), explain_mistake.lesson(name)
                lesson.blocks = [block for block in lesson.blocks if not isinstance(block, Heading)]
                parts.append(f"(mistake-{name})=\n\n### `{name}`\n\n{literal(_sentence(said))}.\n\n" + shown(lesson))
    return "\n\n".join(parts) + "\n"


def problem_files() -> str:
    """Every key of a problem file, from the schema."""
    whole = schema()
    parts = [
        "# Problem files",
        "A problem is JSON, or [a sheet as it stands](../student.md). In JSON an unknown key is refused, and the "
        "nearest one named; keys that begin with `_` are ignored, and `null` is as if the key were not there. Every "
        "key is an option too: `--U`, `--clip_norm`. Letters of [other notations](topics/notations.md) work as keys, "
        "`W_hx`, `kernel`, and a gate's matrix as `U.i`.",
        "The JSON Schema (2020-12) is {download}`problem.schema.json`, for editors that check as you type; "
        "`rnncalc explain problem_file --format json` prints it too. It has no public address.",
        "## Keys",
    ]
    for key, about in sorted(whole["properties"].items(), key=lambda item: (item[0].lower(), item[0])):
        parts.append(f"({key_place(key)})=\n`{key}`\n: " + "\n\n  ".join(_key(key, about)))
    parts += ["## A cell of one's own", "The value of `cell` may be an object with these keys:"]
    parts.append("\n".join(f"- `{key}`" for key in whole["$defs"]["own_cell"]["properties"]))
    parts += ["## Layers", "An entry of `layers` may have these keys:"]
    parts.append(", ".join(f"`{key}`" for key in whole["$defs"]["layer"]["properties"]))
    parts += ["And `backward`, the second direction of a layer, these:"]
    parts.append(", ".join(f"`{key}`" for key in whole["$defs"]["direction"]["properties"]))
    return "\n\n".join(parts) + "\n"


def key_place(key: str) -> str:
    """The name of a key's place on its page: U and u are two, and an address has no capitals."""
    plain = {"η": "eta-letter"}.get(key, key.replace("_", "-").lower())
    return f"key-{plain}" if key == key.lower() else f"key-capital-{plain}"


def _key(key: str, about: dict[str, Any]) -> Iterator[str]:
    yield literal(about["description"])
    if known := words(key):
        yield "One of " + ", ".join(f"`{word}`" for word in known) + "."
