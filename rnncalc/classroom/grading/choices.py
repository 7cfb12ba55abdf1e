"""What can be chosen for a mark sheet: its format, what a person is told, which submission counts.

A format is a file in `mark_sheets`. Apart from the grading, so that the help of a command does not load it.
"""

from rnncalc.report import document_formats

FORMATS = ("table", "plain", "csv", "json", "gradescope", "prairielearn", "junit", "markdown", "latex", "html")
RENDERED = ("table", "plain", "markdown", "latex", "html")  # by the renderers of documents
APART = ("gradescope", "prairielearn")  # a file a person
ENDINGS = {**document_formats.ENDINGS, ".xml": "junit"}
FEEDBACK = ("none", "marks", "hint", "full")
KEEP = ("last", "best")
