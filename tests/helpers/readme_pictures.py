"""Takes README's pictures anew, from the browser tests that show what is in them. `make pictures` runs it.

The tests take the screenshots; here they are cut to what README speaks of, and written with few colours to stay small.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# README's picture → the screenshot, and the part of it: left, top, right, bottom
PICTURES = {
    "notebook.png": ("student-first-mistake", (290, 150, 1235, 520)),
    "feedback.png": ("feedback", (120, 0, 980, 875)),
}
TESTS = ("tests/student/test_in_jupyterlab.py", "tests/nbgrader/test_browser.py")
SHOW = "first_todo or why_a_point_was_lost"


def main() -> None:
    """Run the tests, and write what they saw into docs/images."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", *TESTS, "-k", SHOW]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "CATTERN_PICTURES": folder}, check=True)
        for name, (shown, part) in PICTURES.items():
            picture = Image.open(Path(folder) / f"{shown}.png").convert("RGB").crop(part)
            few = picture.quantize(48, dither=Image.Dither.NONE)
            few.save(ROOT / "docs" / "images" / name, optimize=True)
            print(f"docs/images/{name}")


if __name__ == "__main__":
    main()
