"""A student's folder, for the tests of what a student types."""

from pathlib import Path

import pytest
from courses import course_of

from autograder.bundle import write_files
from autograder.release import released_files


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A student's folder: the released files, and nothing of the instructor's can be imported."""
    top = tmp_path_factory.mktemp("bundle")
    write_files(top, released_files(course_of()))
    # a student has no `autograder`, but the tests' environment does: hide it
    (top / "sitecustomize.py").write_text("import sys\nsys.modules['autograder'] = None\n")
    return top


@pytest.fixture
def bundle_with(folder):
    """Return a function that puts code into the student's file; afterwards it is as released."""
    file = folder / "cattern" / "neural_net.py"
    released = file.read_bytes()

    def put(text: str) -> Path:
        file.write_text(text, encoding="utf-8")
        return folder

    yield put
    file.write_bytes(released)
