"""The formats of documents, each a file in `report/render`, and the endings of files that choose one.

Apart from the renderers, so that the help of a command does not load them.
"""

FORMATS = ("table", "plain", "json", "csv", "latex", "markdown")
BINARY = ("docx",)  # no text: for files and pipes
ENDINGS = {".json": "json", ".csv": "csv", ".tex": "latex", ".md": "markdown", ".txt": "plain", ".docx": "docx"}
