"""What an instructor waits for: a release, for the first time and when nothing has changed."""

import shutil
import sys
from pathlib import Path

from measure import Row, process, python


def rows(work: Path) -> list[Row]:
    command = [sys.executable, "-m", "cattern", "release", "two_layer_net", "--out"]
    cache = {"CATTERN_CACHE": str(work / "cache")}
    release = process(*command, work / "release", env=cache, wall=True)
    nbgrader = python("import nbgrader.converters", wall=True)

    def cold() -> float:
        for folder in ("cache", "release"):
            shutil.rmtree(work / folder, ignore_errors=True)
        return release()

    return [
        Row("`cattern release`, cold", cold, nbgrader, "`import nbgrader.converters`", "wall s", runs=3),
        Row("`cattern release`, again", release, nbgrader, "`import nbgrader.converters`", "wall s", runs=3),
    ]
