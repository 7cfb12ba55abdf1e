"""The process of one submission: it limits itself, then answers requests, a line of JSON each, until there are no more.

What the submission prints, and what it reads, goes elsewhere. It answers with numbers alone: the verdict on them is
found in the worker, which never runs a line of the submission.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any, NoReturn

from rnncalc.classroom.code.descendants import die_with_parent
from rnncalc.classroom.code.limits import Limits, impose
from rnncalc.classroom.code.session import stay_in_session
from rnncalc.common.i18n import speak

ANSWERS = "rnncalc.classroom.code.answers:CodeAnswers"
LONGEST = 2_000  # of a text that is sent
EARLY = 0.9  # the share of its time after which a process says in which line it is

Request = dict[str, Any]
Reply = dict[str, Any]
Answerer = Callable[[Request], Reply]  # of one submission


@dataclass(frozen=True)
class Setup:
    """What all submissions of a run share. signature: a name or a file. answers: module:class of what answers."""

    signature: str
    limits: Limits = Limits()
    language: str = "en"
    answers: str = ANSWERS

    def loaded(self) -> Callable[[str], Answerer]:
        """A submission's file → what answers for it, with everything imported."""
        speak(self.language)
        module, _colon, name = self.answers.partition(":")
        made: Callable[[str], Answerer] = getattr(import_module(module), name)(self.signature)
        return made

    def text(self) -> str:
        """For another process."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str | bytes) -> Setup:
        """From the text."""
        data = json.loads(text)
        return cls(**{**data, "limits": Limits(**data["limits"])})


def run(path: str, folder: str, setup: Setup, made: Callable[[str], Answerer]) -> NoReturn:
    """Answer requests on standard input by standard output; standard error takes what is printed."""
    requests, replies = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    die_with_parent()
    os.chdir(folder)
    sys.path.insert(0, os.path.dirname(path))
    os.environ.update(TMPDIR=folder, MPLBACKEND="Agg")
    faulthandler.enable(replies, all_threads=False)
    encode, decode = json.JSONEncoder().encode, json.loads  # before the submission can replace them by accident
    impose(setup.limits)
    stay_in_session()
    answer = made(path)
    for line in os.fdopen(requests, "rb"):
        request = decode(line)
        faulthandler.dump_traceback_later(EARLY * request["seconds"], file=replies)
        try:
            reply = answer(request)
        except BaseException as error:  # SystemExit, MemoryError, whatever was let through
            reply = {"raised": type(error).__name__}
        faulthandler.cancel_dump_traceback_later()
        data = f"\n{encode({**_bounded(reply), 'number': request['number']})}\n".encode(errors="replace")
        while data:
            data = data[os.write(replies, data) :]
    os._exit(0)


def _bounded(value: Any) -> Any:
    """A value of JSON without long texts."""
    if isinstance(value, str):
        return value[:LONGEST]
    if isinstance(value, dict):
        return {key: _bounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_bounded(part) for part in value] if value and not isinstance(value[0], float) else value
    return value


def main() -> NoReturn:
    """Where processes cannot be forked: path, folder and setup come on the command line."""
    path, folder, text = sys.argv[1:]
    setup = Setup.read(text)
    run(path, folder, setup, setup.loaded())


if __name__ == "__main__":
    main()
