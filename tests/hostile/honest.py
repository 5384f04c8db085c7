"""A right answer, and what a neighbour could have left behind: the judge of every hostile file."""

import os
import resource
from pathlib import Path

TMP = Path(os.environ.get("TMPDIR", "/tmp"))


def scores(X):
    left = [str(path) for path in TMP.iterdir() if path != Path.cwd()] if WALLS else []
    if WALLS:
        left += [name for name in os.listxattr(TMP) if name.startswith("user.")]
        left += ["time"] if TMP.stat().st_mtime == 4242 else []
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if left or os.getpriority(os.PRIO_PROCESS, 0) != PRIORITY or files != 64 or len(os.listdir()) != 1:
        raise AssertionError(f"something was left behind: {left}")
    return 2 * X
