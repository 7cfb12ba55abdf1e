"""Processes end with the one that began them: killed, interrupted, or failed; a lost cluster ends in words."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest
from support.killed_commands import (
    RNNCALC,
    a_class,
    a_space,
    begun,
    end,
    grade_killed,
    nobody_left,
    sweep_killed,
    until_it_computes,
)

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")


@linux
@pytest.mark.parametrize("run", [grade_killed, sweep_killed])
def test_who_is_killed_leaves_no_process_and_goes_on(tmp_path: Path, run: Callable[..., Any]) -> None:
    whole, killed, kept = run(tmp_path, 2)
    assert len(kept) == 2
    assert killed == whole


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("everyone", [True, False], ids=["all", "parent"])
@pytest.mark.parametrize("command", ["grade", "sweep"])
def test_who_is_interrupted_leaves_no_process_and_no_traceback(
    tmp_path: Path, command: str, everyone: bool, number: signal.Signals
) -> None:
    """Ctrl-C goes to every process of a terminal, the signal of another program to one."""
    words, output = (a_class(tmp_path, 400), "m.csv") if command == "grade" else (a_space(tmp_path, 4, 500), "s.jsonl")
    process = begun(tmp_path, (*words, output))
    assert until_it_computes(process, tmp_path / output, None), process.communicate()
    (os.killpg if everyone else os.kill)(process.pid, number)
    assert nobody_left(process.pid, 60), end(process.pid)
    _out, err = process.communicate()
    if number == signal.SIGINT:
        assert "Traceback" not in err, err
        assert process.returncode == 130
        assert err.strip().endswith("Interrupted.")


# --------------------------------------------------------------------------------------------------------- on a cluster


class Cluster:
    """A scheduler and a worker, processes of their own, with Dask's configuration from the environment."""

    def __init__(self, folder: Path, scheme: str = "tcp", **environment: str) -> None:
        pytest.importorskip("distributed")
        self.environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8", **environment}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"{scheme}://127.0.0.1:{free.getsockname()[1]}"
        self.folder = folder

    def __enter__(self) -> Self:
        port = self.address.rpartition(":")[2]
        begin = partial(subprocess.Popen, env=self.environment, cwd=self.folder, stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL)  # fmt: skip
        module, protocol = [sys.executable, "-m", "distributed.cli.dask_"], self.address.partition(":")[0]
        words = ["--protocol", protocol, "--host", "127.0.0.1", "--port", port, "--no-dashboard"]
        self.scheduler = begin([*module[:-1], module[-1] + "scheduler", *words])
        words = [self.address, "--protocol", protocol, "--host", "127.0.0.1", "--no-nanny", "--no-dashboard"]
        self.worker = begin([*module[:-1], module[-1] + "worker", *words])
        return self

    def __exit__(self, *_error: object) -> None:
        for process in (self.worker, self.scheduler):
            process.kill()
            process.wait()

    def command(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """A command on this cluster."""
        return subprocess.Popen(
            [*RNNCALC, *words, "--scheduler", self.address], cwd=self.folder, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**self.environment, "DASK_RNNCALC__PATIENCE": "20", **environment},
        )  # fmt: skip


def on_the_cluster(words: tuple[str, ...]) -> list[str]:
    """The same command without processes of its own."""
    return [word for word in words if word not in ("--jobs", "2")]


@pytest.mark.parametrize("command", ["grade", "sweep"])
@pytest.mark.parametrize("victim", ["worker", "scheduler"])
def test_a_cluster_that_dies_ends_in_words_and_what_was_done_is_kept(tmp_path: Path, victim: str, command: str) -> None:
    words, kept = (
        (a_class(tmp_path, 3000), "out.journal") if command == "grade" else (a_space(tmp_path, 40, 100), "out")
    )
    with Cluster(tmp_path) as cluster:
        process = cluster.command(*on_the_cluster(words), "out", DASK_RNNCALC__PATIENCE="20")
        file, until = tmp_path / kept, time.monotonic() + 120
        while process.poll() is None and not (file.exists() and file.stat().st_size) and time.monotonic() < until:
            time.sleep(0.02)
        assert process.poll() is None, process.communicate()
        getattr(cluster, victim).kill()
        out, err = process.communicate(timeout=120)
    assert process.returncode == 2, (out, err)
    messages = [line for line in err.splitlines() if "/" not in line.partition(" ")[0]]  # progress of a sweep
    assert len(messages) == 1, err
    assert f"the Dask cluster at {cluster.address} failed: " in err
    assert ("seconds it had no worker" if victim == "worker" else "the connection to its scheduler is lost") in err
    assert b"\n" in file.read_bytes()


def test_a_cluster_behind_tls_is_reached_by_dasks_own_configuration(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("makes its certificate with openssl")
    for name in ("", "other-"):
        words = (
            f"req -x509 -newkey rsa:2048 -nodes -keyout {name}key.pem -out {name}cert.pem -days 2 -subj /CN=localhost"
        )
        subprocess.run(["openssl", *words.split()], cwd=tmp_path, check=True, capture_output=True)
    tls = {"DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(tmp_path / "cert.pem")}
    for who in ("SCHEDULER", "WORKER", "CLIENT"):
        tls[f"DASK_DISTRIBUTED__COMM__TLS__{who}__CERT"] = str(tmp_path / "cert.pem")
        tls[f"DASK_DISTRIBUTED__COMM__TLS__{who}__KEY"] = str(tmp_path / "key.pem")
    command = on_the_cluster(a_class(tmp_path, 20))
    with Cluster(tmp_path, "tls", **tls) as cluster:
        process = cluster.command(*command, "marks.csv")
        _out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        other = {name: value.replace("cert.pem", "other-cert.pem") for name, value in tls.items() if "CA_FILE" in name}
        _out, untrusted = cluster.command(*command, "none.csv", **other).communicate(timeout=120)
        cluster.environment = {name: value for name, value in cluster.environment.items() if name not in tls}
        _out, without = cluster.command(*command, "none.csv").communicate(timeout=120)
    assert len((tmp_path / "marks.csv").read_text().splitlines()) == 21
    assert untrusted.startswith(f"Error: no Dask scheduler at {cluster.address}: ")
    assert without.startswith(f"Error: {cluster.address} needs certificates: ")
    assert len(untrusted.splitlines()) == len(without.splitlines()) == 1
