"""How many threads somebody gets: by name, by the environment, by the processors of the machine and of the process."""

import os
from pathlib import Path

import numpy as np
import pytest
from support.helpers import run

from rnncalc.cli import options
from rnncalc.common import processors as processors_module
from rnncalc.common.processors import processors, quotas
from rnncalc.common.threads import resolve_thread_count
from rnncalc.errors import ProblemError


@pytest.mark.parametrize(
    ("written", "count"), [("max 100000", []), ("250000 100000", [2]), ("50000 100000", [0]), ("", []), ("1 0", [])]
)
@pytest.mark.parametrize("version", [1, 2])
def test_a_quota_is_read_wherever_a_group_has_it(tmp_path: Path, written: str, count: list[int], version: int) -> None:
    groups, top = ("0::/user/task", tmp_path) if version == 2 else ("4:memory:/\n3:cpu,cpuacct:/user/task", tmp_path)
    folder = (top if version == 2 else top / "cpu,cpuacct") / "user"
    folder.mkdir(parents=True)
    if version == 2:
        (folder / "cpu.max").write_text(written)
    else:
        quota, period = [*written.replace("max", "-1").split(), "", ""][:2]
        (folder / "cpu.cfs_quota_us").write_text(quota)
        (folder / "cpu.cfs_period_us").write_text(period)
    assert list(quotas(groups, tmp_path)) == count
    assert list(quotas(groups, tmp_path / "elsewhere")) == []


def test_auto_is_as_many_as_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    may = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    assert 1 <= processors() <= may
    for quota, expected in ([[], may], [[0], 1], [[1, may + 5], 1], [[may + 5], may]):
        monkeypatch.setattr(processors_module, "quotas", lambda _groups, _root, quota=quota: iter(quota))
        assert processors() == resolve_thread_count("auto") == expected
    monkeypatch.setenv("RNNCALC_THREADS", "auto")
    assert resolve_thread_count(None) == may
    assert resolve_thread_count(3) == resolve_thread_count("3") == 3
    for wrong in (0, 257, "", "all", 2.5):
        with pytest.raises(ProblemError, match="auto or a number from 1 to 256"):
            resolve_thread_count(wrong)  # type: ignore[arg-type]


def test_processes_side_by_side_share_the_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors_module, "processors", lambda: 8)
    for wish, environment, jobs, expected in (
        (None, None, 1, "8"), (None, None, 3, "2"), (None, None, 20, "1"), ("auto", "5", 2, "4"), (None, "5", 2, "5"),
        (None, "auto", 4, "2"), (3, "5", 4, "3"),
    ):  # fmt: skip
        monkeypatch.delenv("RNNCALC_THREADS", raising=False)
        if environment:
            monkeypatch.setenv("RNNCALC_THREADS", environment)
        options.share_processors(wish, jobs)
        assert os.environ["RNNCALC_THREADS"] == expected


def test_the_command_gives_the_same_model_on_any_number_of_threads(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", x=rng.normal(size=(40, 5, 2)), y=rng.normal(size=(40, 5, 1)))
    options = "--data", str(tmp_path / "data.npz"), "--epochs", "1", "--quiet", "-o"
    models = []
    for count in ("1", "2", "auto"):
        model = tmp_path / f"{count}.safetensors"
        done = run("train", "--threads", count, *options, str(model))
        assert done.returncode == 0, done.stderr
        models.append(model.read_bytes())
    assert models[0] == models[1] == models[2]
    assert "1<=x<=256" in run("train", "--threads", "0", *options, str(tmp_path / "no.safetensors")).stderr
