"""Which engine runs a network: the compiled one where Numba is installed, unless the equations are asked for."""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib.util import find_spec

from rnncalc.common.i18n import _
from rnncalc.common.suggest import one_of
from rnncalc.errors import ProblemError

ENGINES = ("auto", "equations", "numba")


def resolve_engine(engine: str) -> str:
    """The engine of that name, "equations" or "numba"; "auto" is Numba where it is installed.

    Raises ProblemError for a name that nobody knows, and for "numba" where it is missing.
    """
    one_of("engine", engine, ENGINES)
    if engine == "equations" or numba_installed():
        return "numba" if engine == "auto" else engine
    if engine == "numba":
        raise ProblemError(_("engine numba: Numba is not installed; pip install numba, or choose engine equations"))
    _give_notice()
    return "equations"


@cache
def numba_installed() -> bool:
    """Whether Numba is there to be imported, which takes too long to try."""
    try:
        return find_spec("numba") is not None
    except (ImportError, ValueError):  # something on the path refuses it
        return False


@cache
def compiling_disabled() -> bool:
    """Whether the environment forbids Numba to compile: its kernels cannot run, so the equations are interpreted."""
    return os.environ.get("NUMBA_DISABLE_JIT", "") not in ("", "0")


@cache
def _give_notice() -> None:
    """A warning of the logger `rnncalc`, once; none in a browser, for which there is no Numba."""
    if sys.platform != "emscripten":
        import logging  # here: most have Numba

        message = _("rnncalc: Numba is not installed, so the equations are interpreted, slowly: pip install numba")
        logging.getLogger("rnncalc").warning(message)
