"""Processes end with the one that began them: killed, interrupted, or failed; a lost cluster ends in words."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

RNNCALC = [sys.executable, "-m", "rnncalc"]
BOUND = 5.0  # seconds within which no process may be left
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")


def of_session(session):
    """The processes of a session, without those that are dead and only not yet waited for."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it ended as we looked
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            found.append(int(path.parent.name))
    return found


def nobody_left(session, seconds=BOUND):
    """Whether all processes of a session end in time."""
    until = time.monotonic() + seconds
    while of_session(session):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def end(session):
    """End what is left of a session; the processes that were."""
    left = of_session(session)
    os.killpg(session, signal.SIGKILL)
    return left


def begun(folder, words):
    """A command in a session of its own, that hears Ctrl-C."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"}
    return subprocess.Popen(
        [*RNNCALC, *words], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def until_it_computes(process, kept, before, workers=2):
    """Until there are processes beside it and, where asked, the file of results grows; or it ends."""
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        grown = before is None or (kept.exists() and kept.stat().st_size > before)
        if grown and len(of_session(process.pid)) > workers:
            return True
        time.sleep(0.005)
    return False


def a_class(folder, people):
    """What `grade` needs; as many different answers as people."""
    keys = {"U": [[0.5, -0.2]], "W": [[0.25]], "b": [0.1], "x": [[k / 10, 1 - k / 7] for k in range(8)]}
    (folder / "problem.json").write_text(json.dumps(keys))
    rng = random.Random(1)
    header = ",".join(f"h[{k}][1]" for k in range(1, 9))
    rows = [",".join([f"s{n}", *(f"{rng.random():.4f}" for _k in range(8))]) for n in range(people)]
    (folder / "answers.csv").write_text("\n".join([f"id,{header}", *rows]))
    return ("grade", "problem.json", "answers.csv", "--no-diagnosis", "--jobs", "2", "--format", "csv", "-o")


def a_space(folder, trials, epochs):
    """What `sweep` needs."""
    (folder / "d.csv").write_text("x,y\n" + "\n".join(f"{k % 7},{k % 5 - k % 3}" for k in range(60)))
    (folder / "space.json").write_text(json.dumps({"lr": [0.001 * (k + 1) for k in range(trials)]}))
    options = {"data": "d.csv", "target": "y", "window": 6, "batch": 2, "hidden": 2, "epochs": epochs}
    (folder / "c.json").write_text(json.dumps({**options, "engine": "equations", "dtype": "float64"}))
    return ("sweep", "--space", "space.json", "--config", "c.json", "--jobs", "2", "--format", "json", "-o")


def killed_and_resumed(folder, words, names, times, seed=0):
    """A command, killed by SIGKILL at random moments and begun again each time; beside it an undisturbed one.

    names: of the output of either, and of what is kept on the way of the killed one. Returns what either wrote, and how
    many results had been kept at each kill. Raises AssertionError where a process is left after BOUND seconds.
    """
    chance, kept, (whole, output, journal) = random.Random(seed), [], names
    done = subprocess.run([*RNNCALC, *words, whole], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    while True:
        file = folder / journal
        before = file.stat().st_size if file.exists() else 0
        process = begun(folder, (*words, output))
        early = len(kept) < times and chance.random() < 0.3  # before there is any result
        if len(kept) < times and until_it_computes(process, file, None if early else before):
            time.sleep(chance.uniform(0, 0.3))
            os.kill(process.pid, signal.SIGKILL)
            assert nobody_left(process.pid), end(process.pid)
        out, err = process.communicate(timeout=300)
        if process.returncode == -signal.SIGKILL:
            kept.append(file.read_bytes().count(b"\n") if file.exists() else 0)
            continue
        assert process.returncode == 0, err
        if len(kept) >= times:
            return (done.stdout, folder / whole), (out, folder / output), kept
        for path in (folder / output, file):  # it was faster than chance: once more from the beginning
            path.unlink(missing_ok=True)


def grade_killed(folder, times, people=400, seed=0):
    """The mark sheets of both."""
    words = a_class(folder, people)
    names = ("whole.csv", "marks.csv", "marks.csv.journal")
    (_out, whole), (_out, marks), kept = killed_and_resumed(folder, words, names, times, seed)
    return whole.read_bytes(), marks.read_bytes(), kept


def sweep_killed(folder, times, trials=8, epochs=20, seed=0):
    """The results of both."""
    names = ("whole.jsonl", "killed.jsonl", "killed.jsonl")
    words = a_space(folder, trials, epochs)
    (whole, _file), (killed, _file), kept = killed_and_resumed(folder, words, names, times, seed)
    return whole, killed, kept


@linux
@pytest.mark.parametrize("run", [grade_killed, sweep_killed])
def test_who_is_killed_leaves_no_process_and_goes_on(tmp_path, run):
    whole, killed, kept = run(tmp_path, 2)
    assert len(kept) == 2
    assert killed == whole


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("everyone", [True, False], ids=["all", "parent"])
@pytest.mark.parametrize("command", ["grade", "sweep"])
def test_who_is_interrupted_leaves_no_process_and_no_traceback(tmp_path, command, everyone, number):
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

    def __init__(self, folder, scheme="tcp", **environment):
        pytest.importorskip("distributed")
        self.environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8", **environment}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"{scheme}://127.0.0.1:{free.getsockname()[1]}"
        self.folder = folder

    def __enter__(self):
        port = self.address.rpartition(":")[2]
        begin = partial(subprocess.Popen, env=self.environment, cwd=self.folder, stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL)  # fmt: skip
        module, protocol = [sys.executable, "-m", "distributed.cli.dask_"], self.address.partition(":")[0]
        words = ["--protocol", protocol, "--host", "127.0.0.1", "--port", port, "--no-dashboard"]
        self.scheduler = begin([*module[:-1], module[-1] + "scheduler", *words])
        words = [self.address, "--protocol", protocol, "--host", "127.0.0.1", "--no-nanny", "--no-dashboard"]
        self.worker = begin([*module[:-1], module[-1] + "worker", *words])
        return self

    def __exit__(self, *_error):
        for process in (self.worker, self.scheduler):
            process.kill()
            process.wait()

    def command(self, *words, **environment):
        """A command on this cluster."""
        return subprocess.Popen(
            [*RNNCALC, *words, "--scheduler", self.address], cwd=self.folder, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**self.environment, "DASK_RNNCALC__PATIENCE": "20", **environment},
        )  # fmt: skip


def on_the_cluster(words):
    """The same command without processes of its own."""
    return [word for word in words if word not in ("--jobs", "2")]


@pytest.mark.parametrize("command", ["grade", "sweep"])
@pytest.mark.parametrize("victim", ["worker", "scheduler"])
def test_a_cluster_that_dies_ends_in_words_and_what_was_done_is_kept(tmp_path, victim, command):
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
    told = [line for line in err.splitlines() if "/" not in line.partition(" ")[0]]  # progress of a sweep
    assert len(told) == 1, err
    assert f"the Dask cluster at {cluster.address} failed: " in err
    assert ("seconds it had no worker" if victim == "worker" else "the connection to its scheduler is lost") in err
    assert b"\n" in file.read_bytes()


def test_a_cluster_behind_tls_is_reached_by_dasks_own_configuration(tmp_path):
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
    words = on_the_cluster(a_class(tmp_path, 20))
    with Cluster(tmp_path, "tls", **tls) as cluster:
        process = cluster.command(*words, "marks.csv")
        _out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        other = {name: value.replace("cert.pem", "other-cert.pem") for name, value in tls.items() if "CA_FILE" in name}
        _out, untrusted = cluster.command(*words, "none.csv", **other).communicate(timeout=120)
        cluster.environment = {name: value for name, value in cluster.environment.items() if name not in tls}
        _out, without = cluster.command(*words, "none.csv").communicate(timeout=120)
    assert len((tmp_path / "marks.csv").read_text().splitlines()) == 21
    assert untrusted.startswith(f"Error: no Dask scheduler at {cluster.address}: ")
    assert without.startswith(f"Error: {cluster.address} needs certificates: ")
    assert len(untrusted.splitlines()) == len(without.splitlines()) == 1
