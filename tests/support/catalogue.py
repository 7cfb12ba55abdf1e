"""The catalogue of messages: taken from the sources, kept as .po, compiled to .mo.

    python tests/support/catalogue.py           # what is missing or stale
    python tests/support/catalogue.py --write   # add what is new, drop what is gone, compile

A message is what stands in `_("…")`; so are the help texts of commands, paragraph by paragraph, the help of their
options, and what the list of commands says of each. The .po is for translators; the .mo is what Python reads, and
nobody who installs the package has anything to build.
"""

from __future__ import annotations

import ast
import re
import struct
import sys
from pathlib import Path

from rnncalc.cli.click_words import PLURALS

PACKAGE = Path(__file__).parents[2] / "rnncalc"
LOCALE = PACKAGE / "common" / "locale"
LITERATURE = ("title", "remarks", "not_to_be_confused_with")
HEADER = "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\nLanguage: {}\n"
_WIDTH = 100


def messages(package: Path = PACKAGE) -> dict[str, str]:
    """Every message with the first place where it stands."""
    places: dict[str, str] = {}
    for path in sorted(package.rglob("*.py")):
        where = str(path.relative_to(package.parent))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        special = {"cli": _helped, "cells": _literature}.get(path.parent.name)
        for text in [*_called(tree), *(special(tree) if special else [])]:
            places.setdefault(text, where)
    return places


def _called(tree: ast.AST) -> list[str]:
    """What stands in _("…"), and in N_("…"), which marks what is translated later."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    marked = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in ("_", "N_")]
    return [text for call in marked for text in _texts(call.args[0])]


def _texts(node: ast.expr) -> list[str]:
    """A constant, or both sides of a choice between constants."""
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body), *_texts(node.orelse)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _literature(tree: ast.AST) -> list[str]:
    """What a cell says of itself; titles of papers and what others call it stay as they are."""
    said = [node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg in LITERATURE]
    constants = [part for value in said for part in ast.walk(value) if isinstance(part, ast.Constant)]
    return [part.value for part in constants if isinstance(part.value, str)]


def _helped(tree: ast.AST) -> list[str]:
    """The help of options and commands, and the list of commands. Paragraphs of examples need no translation."""
    texts = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "help" and isinstance(node.value, ast.Constant):
            texts.append(str(node.value.value))
        elif isinstance(node, ast.FunctionDef) and any(
            "click" in ast.unparse(decorator) for decorator in node.decorator_list
        ):
            texts += paragraphs(ast.get_docstring(node) or "")
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id.endswith("HELP"):
                texts += paragraphs(_constant(node.value))
            elif node.targets[0].id == "COMMANDS" and isinstance(node.value, ast.Dict):
                texts += [str(value.value) for value in node.value.values if isinstance(value, ast.Constant)]
            elif node.targets[0].id in ("OPTIONS", "SWITCHES") and isinstance(node.value, ast.Dict):
                last = [value.elts[-1] if isinstance(value, ast.Tuple) else value for value in node.value.values]
                texts += [str(text.value) for text in last if isinstance(text, ast.Constant) and text.value]
    return texts


def _constant(node: ast.expr) -> str:
    """A text, or an f-string without what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "\n\n" for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ""


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a help text that are sentences."""
    pieces = [piece.strip("\n") for piece in text.split("\n\n")]
    return [piece for piece in pieces if piece.strip() and not _is_code(piece)]


def _is_code(piece: str) -> bool:
    lines = [line for line in piece.splitlines() if line.strip() not in ("", "\b")]
    return piece.lstrip().startswith("\b") and lines[0].lstrip().startswith("rnncalc ") and "  # " not in piece


def placeholders(text: str) -> list[str]:
    """The names in braces, in order; {{ and }} are braces."""
    return sorted(re.findall(r"\{(\w*)[^{}]*\}", text.replace("{{", "").replace("}}", "")))


# ---------------------------------------------------------------------------------------------------------------- files


def read(path: Path) -> dict[str, str]:
    """message → translation, from a .po."""
    translations: dict[str, str] = {}
    kind, parts = "", {"msgid": "", "msgstr": ""}

    def keep() -> None:
        if kind == "msgstr" and parts["msgid"]:
            translations[parts["msgid"]] = parts["msgstr"]

    for line in path.read_text(encoding="utf-8").splitlines():
        head = re.match(r'(msgid|msgstr) (".*")$', line)
        if head:
            if head[1] == "msgid":
                keep()
                parts = {"msgid": "", "msgstr": ""}
            kind = head[1]
            parts[kind] += ast.literal_eval(head[2])
        elif line.startswith('"'):
            parts[kind] += ast.literal_eval(line)
    keep()
    return translations


def written(language: str, translated: dict[str, str], places: dict[str, str]) -> str:
    """A .po: each message below the place where it stands."""
    blocks = [_entry("", HEADER.format(language))]
    for message in sorted(places, key=lambda message: (places[message], message)):
        blocks.append(f"#: {places[message]}\n" + _entry(message, translated.get(message, "")))
    return "\n\n".join(blocks) + "\n"


def _entry(message: str, translation: str) -> str:
    return f"msgid {_quoted(message)}\nmsgstr {_quoted(translation)}"


def _quoted(text: str) -> str:
    lines = text.split("\n")
    pieces = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    quoted = ['"' + piece.replace("\\", "\\\\").replace('"', '\\"').replace("\b", "\\b").replace("\n", "\\n") + '"'
              for piece in pieces]  # fmt: skip
    return quoted[0] if len(quoted) == 1 else "\n".join(['""', *quoted])


def compiled(language: str, translated: dict[str, str]) -> bytes:
    """A .mo, as GNU gettext lays it out: sorted, without a hash table."""
    entries = {"": HEADER.format(language), **{message: text for message, text in translated.items() if text}}
    for single, several in PLURALS:  # gettext keeps the forms of a plural in one entry
        if single in translated and several in translated:
            entries[f"{single}\0{several}"] = f"{translated[single]}\0{translated[several]}"
    pairs = sorted((message.encode(), text.encode()) for message, text in entries.items())
    begin = 28 + 16 * len(pairs)
    ids, texts = b"", b""
    id_table, text_table = [], []
    for message, _text in pairs:
        id_table += [len(message), begin + len(ids)]
        ids += message + b"\0"
    for _message, text in pairs:
        text_table += [len(text), begin + len(ids) + len(texts)]
        texts += text + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, begin)
    return head + struct.pack(f"<{4 * len(pairs)}I", *id_table, *text_table) + ids + texts


def catalogues() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/rnncalc.po"))


def main() -> int:
    places, faults = messages(), 0
    for path in catalogues():
        language, known = path.parts[-3], read(path)
        missing = [message for message in places if not known.get(message)]
        stale = [message for message in known if message not in places]
        if "--write" in sys.argv:
            kept = {message: text for message, text in known.items() if message in places}
            path.write_text(written(language, kept, places), encoding="utf-8")
            path.with_suffix(".mo").write_bytes(compiled(language, kept))
        print(f"{language}: {len(places)} messages, {len(missing)} missing, {len(stale)} stale")
        faults += len(missing)
        for message in missing:
            print(f"  {places[message]}: {message!r}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
