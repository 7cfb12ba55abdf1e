"""The site: `python -m sphinx -W --keep-going -n -b html docs site`. The reference is written anew at every build."""

import re
import sys
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_site"))

import made  # noqa: E402
import reference  # noqa: E402

from rnncalc.common.i18n import speak  # noqa: E402
from rnncalc.common.version import __version__  # noqa: E402

WIDE, MARKS = "\u2e80-\u9fff", "\u3000-\u303f\uff00-\uffef“”…"
JOIN = re.compile(  # a break between wide characters, behind a wide mark, before one
    rf"(?<=[{WIDE}{MARKS}])\n(?=\[?[{WIDE}{MARKS}])"
    rf"|(?<=[{MARKS}])\n(?=(?!```|- |[|#\s]).)|(?<=\S)\n(?=[，。；：！？、）])"
)

speak("en")
for name, text in reference.pages().items():
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
made.make(HERE / "made")

project, author, version, release = "rnncalc", "The rnncalc maintainers", __version__, __version__
project_copyright = "The rnncalc maintainers, MIT AND CC-BY-4.0"
extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["_site", "made/*.md"]
html_theme, html_title = "furo", f"rnncalc {__version__}"
html_static_path, html_css_files = ["_static"], ["site.css"]
html_extra_path = ["made"]  # pages of their own, as rnncalc wrote them
html_copy_source = html_show_sourcelink = False
default_role = "code"
highlight_language = "none"
language = "en"

myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 3
myst_fence_as_directive: set[str] = set()

autodoc_typehints = "none"  # docstrings say what is taken and given, with shapes
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # autodoc shows them
nitpicky = True
suppress_warnings = ["misc.highlighting_failure"]  # JSON below a comment that names its file


class Made(Directive):
    """The command that made a file: ```{made} forward.svg."""

    required_arguments = 1

    def run(self):  # type: ignore[no-untyped-def]
        command = f"$ {made.COMMANDS[self.arguments[0]]}"
        return [nodes.container("", nodes.literal_block(command, command, language="text"), classes=["made-by"])]


def joined(text: str) -> str:
    """A page without the breaks of lines beside Chinese that would be seen as blanks; code and tables stay."""
    parts = re.split(r"(?ms)(^```.*?^```$)", text)
    return "".join(part if part.startswith("```") else JOIN.sub("", part) for part in parts)


def in_chinese(name: str) -> bool:
    """Whether a page is Chinese."""
    return name.startswith("zh/")


def read(_app, name, source):  # type: ignore[no-untyped-def]
    """A page's source as it is read."""
    if in_chinese(name):
        source[0] = joined(source[0])


def language_of_page(_app, name, _template, context, _tree):  # type: ignore[no-untyped-def]
    """What <html lang> says."""
    if in_chinese(name):
        context["language"] = "zh-Hans"


def setup(app):  # type: ignore[no-untyped-def]
    """What Sphinx calls."""
    app.add_directive("made", Made)
    app.connect("source-read", read)
    app.connect("html-page-context", language_of_page)
