"""Keeps a process, and all that it will ever start, in its session and process group, so that one signal ends them all.

Linux filters the system calls of such a process for good: those that would leave a session or a group do nothing, and
say that they have. So nothing escapes, a fork bomb ends at once, and the scheduler, which gives every session the same
share of the processor, leaves the worker its own however many processes there are.
"""

from __future__ import annotations

import ctypes
import platform

NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER
LOAD, IS, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # instructions of the filter
ALLOWED, NOTHING, UNKNOWN = 0x7FFF0000, 0x00050000, 0x00050026  # go on; do nothing, return 0; there is no such call
NUMBER, ARCHITECTURE = 0, 4  # where a filter finds them
X32 = 0x40000000  # the numbers of a second interface from here on
MACHINES = {  # name → architecture, setsid, setpgid
    "x86_64": (0xC000003E, 112, 109),
    "aarch64": (0xC00000B7, 157, 154),
}


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("if_true", ctypes.c_ubyte),
        ("if_false", ctypes.c_ubyte),
        ("value", ctypes.c_uint),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction)))


def stay_in_session() -> bool:
    """Keep this process and all below it where they are. Whether the system can do that."""
    if platform.system() != "Linux" or platform.machine() not in MACHINES:
        return False
    architecture, *leaving = MACHINES[platform.machine()]
    steps = [
        (LOAD, 0, 0, ARCHITECTURE),
        (IS, 1, 0, architecture),
        (RETURN, 0, 0, UNKNOWN),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, UNKNOWN),
        *(step for number in leaving for step in ((IS, 0, 1, number), (RETURN, 0, 0, NOTHING))),
        (RETURN, 0, 0, ALLOWED),
    ]
    instructions = (_Instruction * len(steps))(*(_Instruction(*step) for step in steps))
    program = _Program(len(steps), instructions)
    try:
        system = ctypes.CDLL(None)
        ours = system.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
        return ours and system.prctl(SECCOMP, FILTER, ctypes.byref(program), 0, 0) == 0
    except (AttributeError, OSError):
        return False
