"""The command line in this process: what it prints, its exit code, and whatever escapes it."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import click

from rnncalc.cli.main import commands
from rnncalc.common.i18n import speak
from rnncalc.errors import RnncalcError

REFUSED = 2


class Done(NamedTuple):
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out, parse_constant=_not_strict)


def command(*arguments: str, stdin: str = "") -> Done:
    """Run a command as `rnncalc ARGUMENTS` does, piped. Whatever is no answer for a person is raised, warnings too."""
    language = arguments[arguments.index("--lang") + 1] if "--lang" in arguments else "en"
    out, err = _stream(), _stream()
    with warnings.catch_warnings(), _redirected(out, err, stdin):
        warnings.simplefilter("error")
        speak(language)
        try:
            code = commands.main(list(arguments), standalone_mode=False) or 0
        except click.ClickException as error:
            error.show()
            code = error.exit_code
        except RnncalcError as error:
            print(error, file=err)
            code = REFUSED
        finally:
            speak("en")
    return Done(code, _text(out), _text(err))


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode()  # type: ignore[attr-defined]


@contextlib.contextmanager
def _redirected(out: io.TextIOWrapper, err: io.TextIOWrapper, given: str) -> Iterator[None]:
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        kept = sys.stdin
        sys.stdin = io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8")
        try:
            yield
        finally:
            sys.stdin = kept


def _not_strict(name: str) -> Any:
    raise ValueError(f"{name} is not strict JSON")
