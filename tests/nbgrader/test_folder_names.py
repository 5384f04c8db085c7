"""A folder whose name is markup never becomes a student of nbgrader's, whose pages would show it as their own text."""

import subprocess
import sys

from notebook_fixtures import LAB, small_notebook, write_course

SCRIPT = """
from nbgrader.apps.api import NbGraderAPI
from nbgrader.apps.baseapp import NbGrader
app = NbGrader()
app.initialize([])
print(app.coursedir.student_id_exclude)
"""


def test_nbgrader_leaves_out_a_folder_whose_name_is_markup(tmp_path):
    course = write_course(tmp_path / "course", small_notebook())
    for name in ("ann", "<img src=x onerror=hit()>", "bob & co", "esc\x1b[31m", "zoe (2)"):
        (course / "submitted" / name / LAB).mkdir(parents=True)
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=course, capture_output=True, text=True)
    assert done.stdout.strip("\n").split(",") == ["<img src=x onerror=hit()>", "bob & co", "esc\x1b[31m"]
    assert "'<img src=x onerror=hit()>'" in done.stderr and "give it a plain name" in done.stderr
    assert "\x1b" not in done.stderr
