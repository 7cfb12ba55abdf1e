"""Every script of examples/ runs as it stands in an empty folder, and says what it promises."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SAID = {  # script → how its output ends
    "check_an_answer": r"W was transposed: its columns were taken for its rows\. .*\n\n",
    "grade_a_folder": r"Ada right 1\.0\nBen wrong 0\.5 W_transposed\nCleo wrong 0\.0 activation_omitted\n",
    "embed_in_a_loop": r"200 steps, the last output -?0\.\d{4}; resumed after 100, the same bits\n",
    "train_on_a_csv": r"a day ahead, over the days put aside: wrong by 0\.0\d; by 0\.68 if the level stayed\n",
    "move_pytorch_weights": r"largest difference of an output: \de-0[789]\nparameters on .*: rnn\.weight_ih_l0 .*\n",
}


def test_no_script_is_forgotten() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == SAID.keys()


@pytest.mark.parametrize("name", SAID)
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    script = EXAMPLES / f"{name}.py"
    if "import torch" in script.read_text(encoding="utf-8"):
        pytest.importorskip("torch")
    command = [sys.executable, "-X", "utf8", str(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert re.search(f"(?:^|\n).*{SAID[name]}$", done.stdout), done.stdout
