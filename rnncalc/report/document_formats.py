"""The formats of documents, each a file in `report/render`, and the endings of files that choose one.

Apart from the renderers, so that the help of a command does not load them.
"""

FORMATS = ("table", "plain", "json", "csv", "latex", "markdown", "html")
PICTURES = {".svg": "svg"}  # the unrolled network alone, of forward, backward and check
BINARY = ("docx",)  # no text: for files and pipes
DRAWN = ("html", *PICTURES.values())  # those with a picture of the unrolled network
ENDINGS = {
    ".json": "json", ".csv": "csv", ".tex": "latex", ".md": "markdown", ".txt": "plain", ".html": "html",
    ".htm": "html", ".docx": "docx",
}  # fmt: skip
SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")  # neither read nor written: CSV is
