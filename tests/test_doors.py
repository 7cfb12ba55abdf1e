"""Random valid problems through every door: nothing crashes, warns, is refused, or disagrees. See support/doors.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.hunt import hunt

BUILT_IN = [range(begin, begin + 4) for begin in range(0, 12, 4)]  # more of them: bench/doors.py


@pytest.mark.parametrize("seeds", BUILT_IN, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_every_door_holds_its_laws(seeds: range) -> None:
    report = hunt(seeds)
    assert not report.faults, "\n".join(f"{fault.door}: {fault.what}" for fault in report.faults[:5])


@pytest.mark.parametrize("first", range(1000, 1002))
def test_cells_of_ones_own_hold_them_too(first: int) -> None:
    """Each cell compiles for seconds, so the compiled engine's kernels run as Python here."""
    code = f"from support.hunt import main; main(range({first}, {first + 5}))"
    surroundings = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=surroundings)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
