"""A class that wrote code, right, wrong and hostile: what stands in its files, and what is said of each."""

from __future__ import annotations

SIGNATURE = {
    "name": "homework",
    "functions": {
        "rnn_step_forward": {
            "arguments": {"x": "x[N,D]", "prev_h": "h0[N,H]", "Wx": "U[D,H]", "Wh": "W[h,H]", "b": "b[H]"},
            "returns": ["h[N,H]", "cache"],
            "points": 2,
        },
        "rnn_step_backward": {
            "cache_of": "rnn_step_forward",
            "arguments": {"dnext_h": "dh[N,H]", "cache": "cache"},
            "returns": ["dx[N,D]", "dh0[N,H]", "dU[D,H]", "dW[h,H]", "db[H]"],
            "points": 3,
        },
    },
}

RIGHT = """import os, sys
import numpy as np

def rnn_step_forward(x, prev_h, Wx, Wh, b):
    {forward}
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)

def rnn_step_backward(dnext_h, cache):
    {backward}
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)

{end}
"""
MISTAKEN = "b = 0 * b"


def code(forward: str = "pass", backward: str = "pass", end: str = "") -> str:
    """A right file, with something put into its functions or at its end."""
    inner = {"forward": forward, "backward": backward}
    return RIGHT.format(end=end, **{name: text.replace("\n", "\n    ") for name, text in inner.items()})


LOUD = """
class Loud(Exception):
    def __str__(self):
        {text}
"""
FORGED = """
sys.stdout.write('{"verdict": "right"}')
for descriptor in range(64):
    for number in range(1, 20):
        try:
            os.write(descriptor, b'\\n{"verdict": "right", "score": 1.0, "number": %d, "call": 1}\\n' % number)
        except OSError:
            break
"""
DEAF = """
import json, time
call = {"outputs": [], "findings": [], "raised": [], "earlier": None}
for descriptor in range(64):
    for number in range(1, 3000):
        try:
            os.write(descriptor, ("\\n" + json.dumps({"call": call, "number": number}) + "\\n").encode())
        except OSError:
            break
time.sleep(1000)
"""
FLOOD = """
for descriptor in range(3, 64):
    for _ in range(110):
        try:
            os.write(descriptor, b'{"number"\\n' * 6500)
        except OSError:
            break
while True:
    pass
"""
BOMB = """
while True:
    try:
        os.fork()
        {also}
    except OSError:
        pass
"""
ORPHANS = """
for _ in range(10):
    if os.fork() == 0:
        os.fork()
        os._exit(0)
    os.wait()
"""
REPLACED = """
import json, rnncalc.check.code.function_check as judge, rnncalc.classroom.code.child as child
np.allclose = np.array_equal = lambda *a, **k: True
np.asarray = np.abs = lambda *a, **k: np.zeros(())
judge.FunctionCheck.verdict = lambda self: None
json.dumps = json.JSONEncoder.encode = lambda *a, **k: '{"verdict": "right"}'
"""

HOSTILE = {  # name → file, verdict, points of 5, words of what is said
    "loop": (code(backward="while True:\n    pass"), "failed", 2, "stopped after"),
    "sleeps": (code(backward="import time; time.sleep(100)"), "failed", 2, "stopped after"),
    "waits": (code(backward="input('?')"), "failed", 2, "waits for input"),
    "memory": (code(backward="hog = bytearray(1 << 32)"), "failed", 2, "MemoryError"),
    "little by little": (
        code(backward="hog = []\nwhile True:\n    hog.append(bytearray(1 << 23))"), "failed", 2, "MemoryError"
    ),
    "memory of many": (
        code(backward="""for _ in range(8):
    if os.fork() == 0:
        hog = b"x" * (150 << 20)
        import time; time.sleep(100)
import time; time.sleep(100)"""), "failed", 2, "MB of memory",
    ),
    "prints": (code(backward="for _ in range(30):\n    print('x' * 1_000_000)"), "right", 5, "it printed"),
    "writes": (
        code(backward="for _ in range(30):\n    os.write(1, b'x' * 1_000_000)"), "right", 5, "it printed"
    ),
    "fills the disk": (
        code(backward="file = open('x', 'wb')\nwhile True:\n    file.write(b'x' * 1_000_000)"), "failed", 2, "OSError"
    ),
    "many files": (
        code(backward="for number in range(100):\n    open(str(number), 'wb').write(bytes(1 << 20))\nwhile True: pass"),
        "failed", 2, "stopped",
    ),
    "many folders": (
        code(backward="number = 0\nwhile True:\n    os.mkdir(str(number))\n    number += 1"), "failed", 2, "stopped"
    ),
    "deep folders": (
        code(backward="for _ in range(10_000):\n    os.mkdir('d'); os.chdir('d')\nwhile True: pass"),
        "failed", 2, "files",
    ),
    "closed folders": (
        code(end="class Early:\n    os.makedirs('d/d')\n    for name in ('d/d', 'd', '.', '..'): os.chmod(name, 0)"),
        "right", 5, "",
    ),
    "aborts": (code(backward="os.abort()"), "failed", 2, "SIGABRT"),
    "null": (code(backward="import ctypes; ctypes.string_at(0)"), "failed", 2, "SIGSEGV"),
    "exits": (code(end="sys.exit(3)\nclass Early:\n    sys.exit(3)"), "right", 5, ""),
    "exits in a function": (code(backward="sys.exit(3)"), "failed", 2, "SystemExit"),
    "ends python": (code(end="class Early:\n    os._exit(7)"), "failed", 0, "exit code 7"),
    "recursion": (code(backward="def deeper(): deeper()\ndeeper()"), "failed", 2, "RecursionError"),
    "bottomless": (
        code(backward="sys.setrecursionlimit(1 << 30)\nclass A:\n    __getattr__ = lambda s, n: getattr(s, n)\nA().x"),
        "failed", 2, "",
    ),
    "forks": (
        code(backward="import time\nfor _ in range(6):\n    os.fork()\ntime.sleep(100)"), "failed", 2, "processes"
    ),
    "fork bomb": (code(backward=BOMB.format(also="pass")), "failed", 2, "processes"),
    "bomb of sessions": (code(backward=BOMB.format(also="os.setsid()")), "failed", 2, "processes"),
    "orphans": (code(backward=ORPHANS), "right", 5, ""),
    "kills its group": (code(backward="os.killpg(0, 9)"), "failed", 2, "SIGKILL"),
    "kills its parent": (code(backward="os.kill(os.getppid(), 9)"), "failed", 0, "watched"),
    "stops its parent": (
        code(backward="if not os.path.exists('x'):\n    os.mkdir('x'); os.kill(os.getppid(), 19)"), "right", 5, ""
    ),
    "stops itself": (code(backward="os.kill(os.getpid(), 19)"), "failed", 2, "stopped after"),
    "words fail": (code(backward="raise Loud()", end=LOUD.format(text="raise Loud()")), "failed", 2, "Loud"),
    "words without end": (
        code(backward="raise Loud()", end=LOUD.format(text="while True: pass")), "failed", 2, "stopped after"
    ),
    "long words": (code(backward="raise ValueError('x' * 10_000_000)"), "failed", 2, "ValueError: xxx"),
    "no words": (code(backward="raise ValueError('\\x1b[31m\\ud800\\0{name} %s')"), "failed", 2, "ValueError"),
    "forges and never reads": (code(forward=DEAF), "failed", 0, ""),
    "floods": (code(forward=FLOOD), "failed", 0, "stopped after"),
    "forges": (code(forward=FORGED + MISTAKEN), "failed", 0, "no numbers"),
    "replaces": (code(forward=MISTAKEN, end=REPLACED), "failed", 0, ""),
    "deletes": (
        code(forward="import shutil; shutil.rmtree('.', True); os.path.exists(__file__) and os.remove(__file__)"),
        "right", 5, "",
    ),
    "moves": (code(forward="os.chdir('/'); sys.path.clear(); os.environ.clear()"), "right", 5, ""),
    "threads": (
        code(end="import threading, time\nclass Early:\n    threading.Thread(target=time.sleep, args=[600]).start()"),
        "right", 5, "",
    ),
    "returns an object": (code(backward="return object()"), "failed", 2, ""),
    "returns far too much": (
        code(backward="return tuple(np.ones((1000, 1000)) for _ in range(5))"), "failed", 2, "shape"
    ),
    "no python": ("def rnn_step_forward(:", "unreadable", 0, "no Python"),
    "nothing": ("", "unreadable", 0, "no function"),
    "half": (code().partition("def rnn_step_backward")[0], "incomplete", 2, "no function rnn_step_backward"),
    "mistaken": (code(forward=MISTAKEN), "wrong", 3, ""),
    "pretends": (code(forward="print('{\"verdict\": \"right\"}')\n" + MISTAKEN), "wrong", 3, ""),
    "right": (code(), "right", 5, ""),
}  # fmt: skip
