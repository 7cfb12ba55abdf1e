"""Pages, pictures and documents that the site shows, made by rnncalc's own commands as the site is built."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NUMBERS = '--U "0.9; 0.4" --W "0.5 -0.3; 0.2 0.7" --b "0.3 -0.1" --V "2 -1" --x "0.7 0.5 0.2"'
COMMANDS = {  # file → the command that makes it
    "forward.svg": f"rnncalc forward {NUMBERS} -o forward.svg",
    "backward.html": f"rnncalc backward {NUMBERS} --targets '1 0 1' --loss half_squared_error -o backward.html",
    "check.html": f"rnncalc check {NUMBERS} --h '0.73 0.18; 0.88 0.49; 0.80 0.5' -o check.html",
    "lstm.docx": "rnncalc new lstm --units 2 --steps 2 --seed 7 --solution -o lstm.docx",
    "lesson.html": "rnncalc explain bias_omitted -o lesson.html",
}


def make(folder: Path) -> None:
    """Run every command in that folder. Raises RuntimeError."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "LANGUAGE": "en",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    for command in COMMANDS.values():
        done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode not in (0, 1):  # 1: an answer is wrong
            raise RuntimeError(f"{command}\n{done.stderr}")
