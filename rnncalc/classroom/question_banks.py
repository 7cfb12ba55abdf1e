"""The formats of question banks for learning platforms, and the endings of files that choose one.

Apart from what writes them, so that the help of a command does not load it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class BankFormat:
    """module: the file in this folder that writes it, with `bank(exercises, kind, mistakes) -> str`.

    kind: of its questions, where a module writes several. ending: of its files; of two formats the first is chosen.
    """

    name: str
    module: str
    ending: str
    kind: str = ""


FORMATS = {
    entry.name: entry
    for entry in (
        BankFormat("moodle", "moodle", ".xml", "cloze"),
        BankFormat("moodle-numerical", "moodle", ".xml", "numerical"),
    )
}
ENDINGS = {entry.ending: entry.name for entry in reversed(FORMATS.values())}
