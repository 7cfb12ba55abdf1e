"""English and Chinese: every message has its translation, with the same names in braces, and both are really used.

Longer than other files: both languages, wherever a word is shown.
"""

import ast
import gettext
import re
import shutil
import string
from pathlib import Path
from typing import Any

import click
import pytest
from support import catalogue
from support.helpers import run

from rnncalc.check.code.signature_file import PYTORCH, SHIPPED
from rnncalc.check.verdicts.precision import KINDS
from rnncalc.cli.main import COMMANDS, commands
from rnncalc.cli.translated_commands import Spoken
from rnncalc.common import i18n as language
from rnncalc.common.wrapping import display_width
from rnncalc.model.cells import CELLS
from rnncalc.model.equations.functions import FUNCTIONS
from rnncalc.model.losses import LOSSES
from rnncalc.problems.keys import KEYS
from rnncalc.problems.notation import NOTATIONS
from rnncalc.report.document_formats import BINARY, FORMATS

PLACES = catalogue.messages()
SEED = ("--U", "0.1 0.2; 0.3 0.4", "--W", "0.2 0.2; 0.3 0.3", "--b", "0.5 0.6", "--x", "2 3")


@pytest.mark.parametrize("path", catalogue.catalogues(), ids=lambda path: path.parts[-3])
def test_every_message_has_its_translation(path: Path) -> None:
    known = catalogue.read(path)
    missing = [f"{where}: {message!r}" for message, where in PLACES.items() if not known.get(message)]
    stale = [message for message in known if message not in PLACES]
    assert not missing, "python tests/support/catalogue.py --write, then translate:\n" + "\n".join(missing)
    assert not stale, "python tests/support/catalogue.py --write drops:\n" + "\n".join(stale)


@pytest.mark.parametrize("path", catalogue.catalogues(), ids=lambda path: path.parts[-3])
def test_translations_have_the_same_names_in_braces(path: Path) -> None:
    for message, text in catalogue.read(path).items():
        assert set(catalogue.placeholders(message)) == set(catalogue.placeholders(text)), message
        assert text.count("\n") == message.count("\n") or "\n" in message, message
        if "_(" + repr(message) in message or re.search(r"\{\w+\}", message):
            fields = [name for _text, name, _spec, _conversion in string.Formatter().parse(message) if name]
            if all(field.isidentifier() for field in fields):
                text.format(**dict.fromkeys(fields, 1))  # what can be filled in there can be filled in here


@pytest.mark.parametrize("path", catalogue.catalogues(), ids=lambda path: path.parts[-3])
def test_what_python_reads_is_what_translators_wrote(path: Path) -> None:
    known = catalogue.read(path)
    assert path.with_suffix(".mo").read_bytes() == catalogue.compiled(path.parts[-3], known), (
        "tests/support/catalogue.py --write"
    )
    assert catalogue.written(path.parts[-3], known, PLACES) == path.read_text(encoding="utf-8")
    translation = gettext.translation("rnncalc", catalogue.LOCALE, [path.parts[-3]])
    for message, text in known.items():
        assert translation.gettext(message) == text


def test_every_language_has_its_catalogue() -> None:
    assert {path.parts[-3] for path in catalogue.catalogues()} == set(language.LANGUAGES) - {"en"}


def test_chinese_is_chinese() -> None:
    known = catalogue.read(catalogue.LOCALE / "zh" / "LC_MESSAGES" / "rnncalc.po")
    english = [
        message
        for message, text in known.items()
        if not re.search(r"[\u4e00-\u9fff]", text) and re.search(r"[a-z]{4,} [a-z]{3,}", message)
    ]
    assert not english


def test_messages_are_constants() -> None:
    """A message that is put together before it is looked up is never found; data has its own marks."""
    known = {
        "explain_cell.py",
        "numbers.py",
        "explain_mistake.py",
        "explain_list.py",
        "explain_topic.py",
        "handout.py",
        "inspect.py",
        "mistake.py",
        "mistakes.py",
        "slip.py",
        "translated_commands.py",
        "click_words.py",
        "main.py",
        "results.py",
    }
    for path in catalogue.PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                assert catalogue._texts(node.args[0]) or path.name in known, f"{path}:{node.lineno}"


def test_a_new_message_is_noticed(tmp_path: Path) -> None:
    copy = tmp_path / "rnncalc"
    shutil.copytree(catalogue.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "new.py").write_text('from rnncalc.common.i18n import _\nx = _("quite {new}" if 1 else "other")\n')
    messages = catalogue.messages(copy)
    assert {message for message in messages if message not in PLACES} == {"quite {new}", "other"}


@pytest.mark.parametrize(
    "text", ["plain", 'with "quotes" and \\begin', "two\nlines", "\b\nhelp\n  more", "{a} and {{b}}", "ends\n"]
)
def test_po_and_mo_keep_every_character(tmp_path: Path, text: str) -> None:
    path = tmp_path / "zh" / "LC_MESSAGES" / "rnncalc.po"
    path.parent.mkdir(parents=True)
    path.write_text(catalogue.written("zh", {text: f"译{text}"}, {text: "x.py"}), encoding="utf-8")
    assert catalogue.read(path) == {text: f"译{text}"}
    path.with_suffix(".mo").write_bytes(catalogue.compiled("zh", catalogue.read(path)))
    assert gettext.translation("rnncalc", tmp_path, ["zh"]).gettext(text) == f"译{text}"


@pytest.mark.parametrize(
    ("environment", "tongue"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANGUAGE": "zh:en", "LANG": "en_US"}, "zh"),
        ({"LC_MESSAGES": "zh_TW", "LANG": "de_DE"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_locale_decides(environment: dict[str, Any], tongue: str) -> None:
    assert language.of_locale(environment) == tongue


def test_results_and_errors_in_chinese() -> None:
    clean = {"LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "zh_CN.UTF-8"}
    by_locale = run("forward", *SEED, environment=clean)
    by_option = run("forward", *SEED, "--lang", "zh")
    assert by_locale.stdout == by_option.stdout
    assert "H = 2 个单元" in by_option.stdout
    assert "单元" not in run("forward", *SEED, "--lang", "en", environment=clean).stdout
    refused = run("forward", "--U", "1", "--lang", "zh")
    assert refused.returncode == 2
    assert "缺少 x" in refused.stderr
    assert refused.stderr.startswith("错误：")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_in_chinese(command: str) -> None:
    """Wherever --lang stands; no sentence of ours is left in English."""
    first = run(command, "--lang", "zh", "--help").stdout
    assert first == run(command, "--help", "--lang", "zh").stdout
    assert first.startswith("用法：")
    assert "显示本说明并退出" in first
    english = run(command, "--help").stdout
    assert not re.search(r"[\u4e00-\u9fff]", english)
    for line in english.splitlines():
        words = line.strip()
        if re.search(r"[A-Z][a-z]+ [a-z]+ [a-z]+.*\.$", words) and "rnncalc" not in words:
            assert words not in first, words
    assert isinstance(commands.get_command(click.Context(commands), command), Spoken)
    options = first[first.index("\n选项：") :]
    assert not re.search(r"[\u4e00-\u9fff。，；] [\u4e00-\u9fff]|\[[^\]\n]*; ", options)
    assert max([display_width(line) for line in options.splitlines() if line.startswith(" " * 20)], default=0) <= 80
    texts = [re.match(r"(?:  -\S.*?)?\s{2,}(?=\S)", line) for line in options.splitlines()[2:] if line.strip()]
    assert len({display_width(begin[0]) for begin in texts if begin and len(begin[0]) > 4}) == 1, options


NAMES = set(  # of files, formats, functions, products and people: the same in every language
    """BOM BPTT COMPLETE CSV Ctrl Dask Enter Excel Frage JSON LSTM LaTeX Lines NO_COLOR NPY NPZ NumPy Numba Once Parquet
    PNG PyTorch RNNCALC_CACHE_DIR RNNCALC_THREADS SVG TOML TSV adam adamw addition all answer answers arrays
    auto ave backward balanced bash batch_mean best binary both bptt chars class cnn column comma concat constant cos
    cosine coursera csv dask data digits equations eval every example explain exponential features file fish float32
    final float64 flow forward full false gates goodfellow grade gradescope half_squared_error hidden high hint homework
    host id identity ifog image init inputs install journal json jsonl junit keras last latex line lines log
    loss low lr markdown marks max mean min mine marking model momentum mul names nesterov new none npy npz null numba
    one onnx orthogonal pip plain plateau png point prairielearn problem problems python pytorch quatrains results
    rmsprop rnncalc roster row safetensors sequence sgd sin softmax source space statement states step stream
    submissions sum svg swapped sweep table tanh tcp temp tex text tomorrow torch train true tsv txt variants weather
    wind words xavier zsh cp1252 error gb18030 tab utf ISO Moodle PDF WxH""".split()
)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_no_english_word_is_left_in_help(command: str) -> None:
    """Whatever is Latin is an option, a name, or a command to be typed."""
    known = (
        NAMES
        | set(CELLS)
        | set(FUNCTIONS)
        | set(LOSSES)
        | set(KEYS)
        | set(NOTATIONS)
        | {*FORMATS, *BINARY, "moodle", "Word"}
        | {*SHIPPED, PYTORCH}
        | set(COMMANDS)
        | set(KINDS)
    )
    text = run(*([command] if command else []), "--lang", "zh", "--help").stdout
    assert "：" in text.splitlines()[0]
    lines = [line.partition("#")[0] if "rnncalc" in line else line for line in text.splitlines()]
    left = set()
    for line in lines:
        if re.match(r"  rnncalc |  +--.*[\"\d.]$|  +--.* \\\\$|用法", line):
            continue  # what is to be typed
        bare = re.sub(
            r"--?[A-Za-z][\w.]*(-\w+)*|[\w.]+\.(?:json|csv|tsv|txt|md|tex)\b|\b[A-Za-z]_\w+|\"[^\"]*\"", " ", line
        )
        left |= {word for word in re.findall(r"[A-Za-z_][A-Za-z_0-9]{2,}", bare) if word not in known}
    assert not left, left
    assert not re.search(r"[\u4e00-\u9fff][,;:?!]|[\u4e00-\u9fff]\.(?!csv|journal)", text)


@pytest.mark.parametrize(
    "arguments",
    [
        ("new",), ("new", "lstm", "--unitz", "3"), ("new", "lstm", "--units", "x"), ("new", "lstm", "--format", "yaml"),
        ("new", "lstm", "extra"), ("new", "lstm", "a", "b"), ("new", "lstm", "--lr"), ("plot",), ("plot", "loss", "x"),
        ("plot", "bad", "x", "-o", "y.png"), ("train", "--quiet=3"), ("nonsense",), ("-x",), ("sweep",),
        ("forward", "--digits", "99", "--U", "1"), ("forward", "--lang", "fr"), ("check", "--explain=1"),
    ],
)  # fmt: skip
def test_what_click_refuses_is_refused_in_chinese(arguments: tuple[str, ...]) -> None:
    done = run("--lang", "zh", *arguments)
    assert done.returncode == 2
    message = done.stderr[done.stderr.index("错误：") :]
    assert not re.search(r"[A-Za-z]{3,} [A-Za-z]{2,}", message), message
    assert not re.search(r"['.]$|[\u4e00-\u9fff”][,.;:?]", message.strip()), message
    assert "Error: " in run("--lang", "en", *arguments).stderr


@pytest.mark.parametrize(
    ("joined", "wide"),
    [
        ("T = 3 步, D = 2 个输入", "T = 3 步，D = 2 个输入"),
        ("y_1[1]: 错误; 先看 y_1[1]：前面", "y_1[1]：错误；先看 y_1[1]：前面"),
        ("漏了偏置 b。 它解释了", "漏了偏置 b。它解释了"),
        ("应为 0.7306:", "应为 0.7306："),
        ("应返回 h, cache。; rnn_step_backward：错误", "应返回 h, cache；rnn_step_backward：错误"),
        ("只要 h,y; 即 (1, 2)", "只要 h,y；即 (1, 2)"),
        ('例如 {"h": 4, "y": 2}', '例如 {"h": 4, "y": 2}'),
        ('--x "1; 2"', '--x "1; 2"'),
    ],
)
def test_pieces_are_joined_by_full_width_punctuation(joined: str, wide: str) -> None:
    language.speak("zh")
    assert language.full_width(joined) == wide
    language.speak("en")
    assert language.full_width(joined) == joined


@pytest.mark.parametrize(
    "arguments",
    [
        ("forward", *SEED, "--work"),
        ("check", *SEED, "--h", "0.85 0.98", "--explain"),
        ("forward", "--U", "1 2 3", *SEED[2:]),
        ("backward", *SEED, "--dy", "1 1", "--lr", "0.1", "--flow", "--gradcheck"),
        ("explain", "lstm"),
        ("explain",),
        ("explain", "gate_order"),
        ("new", "gru", "--backward"),
        ("forward", *SEED, "--y", "1"),
        ("check", *SEED, "--h", "1 2 3"),
    ],
)
def test_sentences_in_chinese_have_full_width_punctuation(arguments: tuple[str, ...]) -> None:
    done = run("--lang", "zh", *arguments)
    for line in (done.stdout + done.stderr).splitlines():
        assert not re.search(r"[\u4e00-\u9fff”][,;:]( |$)|[,;:] [\u4e00-\u9fff]", line), line


def test_the_list_of_commands_in_chinese() -> None:
    text = run("--help", "--lang", "zh").stdout
    assert "命令" in text
    assert "前向传播" in text
    assert run("forwad", "--lang", "zh").stderr.count("forward") == 1


def test_a_check_in_chinese() -> None:
    done = run("check", *SEED, "--h", "0.85 0.98", "--lang", "zh")
    assert done.returncode == 1
    assert re.search(r"[\u4e00-\u9fff]", done.stdout)
    known = catalogue.read(Path(catalogue.LOCALE / "zh" / "LC_MESSAGES" / "rnncalc.po"))
    for message in known:
        if len(message) > 12 and "{" not in message and message[0].isupper():
            assert message not in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("forward", "--U", "1e200", "--W", "1e200", "--x", "1e200 1e200", "--activation", "identity"),
        ("backward", "--U", "1e200", "--W", "1", "--x", "1e200", "--activation", "identity", "--dy", "1"),
        ("check", "--U", "1e200", "--W", "1", "--x", "1e200", "--activation", "identity", "--h", "1"),
        ("check", "nowhere.json"),
        ("grade", "nowhere.json", "nowhere.csv"),
        ("train", "--data", "nowhere.csv"),
        ("nonsense",),
    ],
)
def test_errors_begin_in_the_readers_language(arguments: tuple[str, ...]) -> None:
    chinese, english = run("--lang", "zh", *arguments), run("--lang", "en", *arguments)
    assert chinese.returncode == english.returncode in (2, 3)
    assert "错误：" in chinese.stderr
    assert "Error" not in chinese.stderr
    assert "Error: " in english.stderr
