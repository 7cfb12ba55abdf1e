"""Loads somebody's code: the definitions of a file, without its training loop, its tests and its prints.

This runs the code, with all rights of whoever asks for it. Only `check --code` and `grade --code` come here.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from io import BufferedWriter, RawIOBase, StringIO, TextIOWrapper
from textwrap import dedent
from typing import Any

import numpy as np

from rnncalc.common import strict_json
from rnncalc.common.i18n import _
from rnncalc.errors import ParseError
from rnncalc.problems.parse import files

DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.Try)
FRAMES = 6  # of a traceback that are shown


@dataclass
class Code:
    """Somebody's code.

    Attributes
    ----------
    names : its global names
    file : the file name in tracebacks
    text : its source, or "" where it cannot be seen
    line : the number of the source's first line
    missing : modules that it imports and that are not here
    broken : definitions that fail
    """

    names: dict[str, Any]
    file: str
    text: str = ""
    line: int = 1
    missing: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @classmethod
    def of_file(cls, path: str) -> Code:
        """Run the definitions of a file. Raises ParseError if it is no Python."""
        text = _cells(files.content(path), path) if path.endswith(".ipynb") else files.content(path)
        code = cls({"__name__": "checked", "__file__": path, "__builtins__": builtins}, path, text)
        try:
            tree = ast.parse(text, path)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            where = getattr(error, "lineno", None) or 1
            raise ParseError(
                _("{path}, line {line}: this is no Python: {error}"), path=path, line=where, error=error
            ) from None
        own = {part.name for part in tree.body if isinstance(part, ast.FunctionDef | ast.ClassDef)}
        with quietly(), _folder_of(path):
            for statement in tree.body:
                if isinstance(statement, DEFINITIONS) and not _calls(statement, own):
                    code._run(statement)
        code._lend()
        return code

    @classmethod
    def of_function(cls, function: Callable[..., Any]) -> Code:
        """The code around a function that is there already."""
        names = getattr(inspect.unwrap(function), "__globals__", {})
        file = getattr(getattr(function, "__code__", None), "co_filename", "")
        try:
            lines, line = inspect.getsourcelines(function)
        except (OSError, TypeError):
            return cls(names, file)
        return cls(names, file, "".join(lines), line)

    def _run(self, statement: ast.stmt) -> None:
        """Run one statement; what an assignment needs and does not find here is no definition."""
        try:
            exec(compile(ast.Module([statement], []), self.file, "exec"), self.names)  # what `--code` asks for
        except ImportError as error:
            self.missing.append(error.name or str(error))
        except (Exception, SystemExit) as error:
            if not isinstance(statement, ast.Assign | ast.AnnAssign):
                text = _("line {line} fails: {error}").format(line=statement.lineno, error=message(error))
                self.broken.append(text)

    def _lend(self) -> None:
        """Lend what notebooks have from modules of their course, where these are not here."""
        for name, function in (("np", np), ("sigmoid", sigmoid), ("softmax", softmax)):
            if name == "np" or self.missing:
                self.names.setdefault(name, function)

    def arguments(self, name: str) -> list[str]:
        """The names of a function's arguments."""
        try:
            return [*inspect.signature(self.names[name]).parameters]
        except (TypeError, ValueError):
            return []

    def functions(self) -> list[str]:
        """The functions and classes that the file itself, or the cell of a notebook, defines, in its order."""
        return [
            name
            for name, value in self.names.items()
            if (inspect.isfunction(value) and value.__code__.co_filename == self.file)
            or (inspect.isclass(value) and value.__module__ == self.names.get("__name__") and self._defines(value))
        ]

    def _defines(self, value: type) -> bool:
        return value.__module__ == "checked" or self.definition(value.__name__) is not None

    @cached_property
    def tree(self) -> ast.Module:
        """The source as a tree, with the line numbers of the file; empty where it cannot be seen."""
        try:
            tree = ast.parse(dedent(self.text))
            return ast.increment_lineno(tree, self.line - 1) if self.line > 1 else tree
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ast.Module([], [])

    def definition(self, name: str) -> ast.FunctionDef | ast.ClassDef | None:
        """The definition of a function or class, or of a method, as Class.method."""
        body: list[ast.stmt] = self.tree.body
        node = None
        for part in name.split("."):
            made = [each for each in body if isinstance(each, ast.FunctionDef | ast.ClassDef) and each.name == part]
            if not made:
                return None
            node, body = made[-1], made[-1].body
        return node

    def calls(self, name: str) -> list[str]:
        """The functions of the same file that a function calls."""
        own, node = set(self.functions()), self.definition(name)
        called = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)] if node else []
        return list(dict.fromkeys(part.id for part in called if isinstance(part, ast.Name) and part.id in own))

    def frames(self, error: BaseException) -> list[str]:
        """Where an error arose: the lines of this code alone, the last first, and the error."""
        lines, trace = self.text.splitlines(), error.__traceback__
        places = []
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.file:
                number = trace.tb_lineno
                at = number - self.line
                text = lines[at].strip() if 0 <= at < len(lines) else ""
                name = trace.tb_frame.f_code.co_name
                places.append(_("line {line}, in {name}: {text}").format(line=number, name=name, text=text[:120]))
            trace = trace.tb_next
        return places[::-1][:FRAMES]


def message(error: BaseException) -> str:
    """An error in one line; its own words may fail, too."""
    try:
        text = " ".join(str(error).split())[:300]
    except Exception:
        text = "…"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def sigmoid(x: Any) -> Any:
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


def softmax(x: Any) -> Any:
    """softmax along the first axis, in which these courses keep the outputs."""
    e = np.exp(x - np.max(x, axis=0))
    return e / e.sum(axis=0)


class Nowhere(RawIOBase):
    """Where prints go. bytes: how many went there, in all."""

    bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        Nowhere.bytes += len(data)
        return len(data)


@contextmanager
def quietly() -> Iterator[None]:
    """Without prints, warnings or input from the keyboard."""
    before = sys.stdout, sys.stderr, sys.stdin
    nowhere = TextIOWrapper(BufferedWriter(Nowhere()), "utf-8", "replace")
    with nowhere, np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.stdout, sys.stderr, sys.stdin = nowhere, nowhere, StringIO()
        try:
            yield
        finally:
            sys.stdout, sys.stderr, sys.stdin = before


@contextmanager
def _folder_of(path: str) -> Iterator[None]:
    """With the file's folder among those from which modules are imported."""
    folder = os.path.dirname(os.path.abspath(path))
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def _cells(text: str, path: str) -> str:
    """The code of a notebook, cell after cell, without lines for IPython. Raises ParseError if it is no notebook."""
    notebook = strict_json.plain(text)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ParseError(_("{path} is no notebook: it has no cells"), path=path)
    code = [cell.get("source", "") for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    parts = ["".join(map(str, source)) if isinstance(source, list) else str(source) for source in code]
    lines = "\n".join(part for part in parts if not part.startswith("%%")).splitlines()
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines) + "\n"


def _calls(statement: ast.stmt, own: set[str]) -> bool:
    """Whether an assignment calls a function of the file, such as one that trains."""
    return isinstance(statement, ast.Assign | ast.AnnAssign) and any(
        isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in own
        for part in ast.walk(statement)
    )
