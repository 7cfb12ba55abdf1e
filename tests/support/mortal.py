"""What is kept of outputs, by somebody whose process dies on the way, once."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class DiesOnce:
    """Keeps outputs as they are. The first process to see several rows of them is killed, unless it is `spared`."""

    folder: Path
    spared: int

    def __call__(self, y: np.ndarray) -> np.ndarray:
        if len(y) > 1 and os.getpid() != self.spared:
            try:
                (self.folder / "died").touch(exist_ok=False)
            except FileExistsError:
                return y
            os.kill(os.getpid(), signal.SIGKILL)
        return y
