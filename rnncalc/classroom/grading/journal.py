"""Marks as they come, so that a run that is killed goes on where it was: each answer's result under its digest."""

from __future__ import annotations

import re
from typing import Any

from rnncalc.classroom.grading.judging import Result
from rnncalc.common.journal import Journal


class MarksJournal(Journal[Result]):
    """The results of answers, for the eyes of whoever grades."""

    begins = b'{"key": "'
    mode = 0o600

    def entry(self, key: str, result: Result) -> dict[str, Any]:
        return {"key": key, "result": vars(result)}

    def understood(self, entry: Any) -> tuple[str, Result]:
        key, result = entry["key"], entry["result"]
        if not re.fullmatch("[0-9a-f]{32}", key):
            raise KeyError(key)
        return key, Result(**result)
