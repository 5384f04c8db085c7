"""A release that lies there already is not made again; whatever has changed since, by whatever hand, it is."""

import nbformat
import pytest
from courses import course_of
from notebook_fixtures import LAB, small_notebook, write_course

from autograder import bundle
from autograder.release import again, earning
from autograder.release import release as make
from cattern.errors import CatternError


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return write_course(tmp_path_factory.mktemp("again") / "course")


def release(folder, out, force=False):
    return make(course_of(LAB, folder), out, force)


def test_a_release_is_made_once_and_made_anew_when_something_has_changed(course, tmp_path):
    out = tmp_path / "out"
    first = release(course, out)
    again = release(course, out)
    assert (first.is_old, again.is_old) == (False, True)
    assert (again.folder, again.archive, again.files) == (first.folder, first.archive, first.files)

    assert not release(course, tmp_path / "elsewhere").is_old
    notebook = small_notebook()
    notebook.cells[0].source += "\n\nAnother word."
    nbformat.write(notebook, course / "notebooks" / LAB / f"{LAB}.ipynb")
    assert not release(course, out).is_old
    assert b"Another word." in (out / LAB / f"{LAB}.ipynb").read_bytes()
    assert release(course, out).is_old


@pytest.mark.parametrize("what", ["zip", "gradebook", "course.toml", "cache"])
def test_whatever_is_gone_or_other_than_it_was_makes_it_anew(what, course, tmp_path):
    out = tmp_path / "out"
    release(course, out)
    assert again.is_there(course_of(LAB, course), out)
    if what == "zip":
        (out / f"{LAB}.zip").unlink()
    elif what == "gradebook":
        (course / "gradebook.db").unlink()
    elif what == "course.toml":
        (course / "course.toml").write_text("tolerance = 1e-4\n", encoding="utf-8")
    else:
        again._note(course_of(LAB, course)).write_text("{", encoding="utf-8")
    assert not again.is_there(course_of(LAB, course), out)
    (course / "course.toml").unlink(missing_ok=True)


def test_a_changed_file_of_the_bundle_is_still_refused_and_mended_by_force(course, tmp_path):
    out = tmp_path / "out"
    right = bundle.read_folder(release(course, out).folder)
    (out / LAB / "README.md").write_text("mine", encoding="utf-8")
    with pytest.raises(CatternError, match="was changed since the earlier release"):
        release(course, out)
    assert not release(course, out, force=True).is_old
    assert bundle.read_folder(out / LAB) == right


def test_without_a_cache_every_release_is_made(course, tmp_path, monkeypatch):
    monkeypatch.setenv("CATTERN_CACHE", "")
    monkeypatch.setattr(earning, "_tried", lambda course: b"[]")  # seconds that are another test's
    release(course, tmp_path / "out")
    assert not release(course, tmp_path / "out").is_old
