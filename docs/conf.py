"""The site: `python -m sphinx -W --keep-going -n -b html docs site`. The reference is written anew at every build."""

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


def setup(app):  # type: ignore[no-untyped-def]
    """What Sphinx calls."""
    app.add_directive("made", Made)
