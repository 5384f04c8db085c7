"""The demonstration: releases a lab, makes the sample class, grades it, prints the table, writes the feedback."""

import io
from pathlib import Path

import numpy as np

from autograder import show as table
from autograder.back import feedback
from autograder.course import PUBLIC_SECRET, ROOT, Course
from autograder.demo import sample_class
from autograder.grading import klass as grade
from autograder.release import release
from autograder.solution.store import Store
from cattern.checking.lab import load_lab
from cattern.errors import CatternError

LAB = "two_layer_net"
CHOICES = """\
# What this class computes takes a fraction of a second; one of them has a loop that never ends, in three tasks.
task_cpu_seconds = 1
"""


def demo(out: Path, console, jobs: int | None = None, walls: bool = True, lab_name: str = LAB) -> None:
    """Run the whole flow in `out`, a course folder of its own; what an earlier run left there is replaced.

    Args:
        out: the folder, made when missing.
        console: a Rich console.
        jobs: submissions at a time.
        walls: False grades without bubblewrap.
        lab_name: the lab.

    Raises:
        CatternError: a submission has no verdict.
    """
    lab = load_lab(lab_name)
    out.mkdir(parents=True, exist_ok=True)
    course = Course.open(lab_name, course_folder(out, lab_name), secret=PUBLIC_SECRET)
    made = release(course, course.folder / "release", force=True)
    console.print(f"released {lab_name}: {made.files} files, no leak → {shown(made.folder)}", highlight=False)

    weights = trained_weights(console) if lab.data_files else None
    handed_in = out / "handed_in"
    remove(handed_in)
    members = sample_class.make_class(lab, made.folder, handed_in, weights)
    console.print(f"{len(members)} students handed in → {shown(handed_in)}", highlight=False)

    grades = out / "grades"
    remove(grades)
    graded = grade.grade_class(course, handed_in, grades, jobs, walls, progress=table.with_progress)
    for lost in (g for g in graded.results if g.verdict is None):
        raise CatternError(f"no verdict for {lost.student}: {lost.trouble}")
    table.print_class(graded.results, console)
    console.print(f"verdicts → {shown(grades)}", highlight=False)

    given = feedback.feedback(course, handed_in, grades, out / "feedback")
    for student, trouble in given.troubles.items():
        raise CatternError(f"{student}: {trouble}")
    pages = given.pages
    shown_page = pages.get("dora") or next(iter(pages.values()))
    console.print(f"feedback for {len(pages)} students → {shown(shown_page)} and others", highlight=False)


def course_folder(out: Path, lab: str) -> Path:
    """Return a course folder that shows this installation's notebooks, with a gradebook and choices of its own."""
    course = out / "course"
    course.mkdir(exist_ok=True)
    notebooks = course / "notebooks"
    remove(notebooks)
    target = notebooks / lab / f"{lab}.ipynb"
    target.parent.mkdir(parents=True)
    target.write_bytes((ROOT / "notebooks" / lab / f"{lab}.ipynb").read_bytes())
    (course / "course.toml").write_text(CHOICES, encoding="utf-8")
    return course


def trained_weights(console) -> dict[str, np.ndarray]:
    """Return weights for TODO#8: trained once on this machine, and kept until the solution or the images change."""
    from mnist_data.load_mnist import data_source

    def make() -> bytes:
        console.print("training one network for the class to hand in (some ten seconds, once) …")
        buffer = io.BytesIO()
        np.savez(buffer, **sample_class.train_weights())
        return buffer.getvalue()

    made_of = [ROOT / "cattern" / "neural_net.py", Path(sample_class.__file__)]
    kept = Store([data_source(), *(path.read_bytes() for path in made_of)]).get("weights", make)
    with np.load(io.BytesIO(kept), allow_pickle=False) as arrays:
        return dict(arrays)


def remove(folder: Path) -> None:
    """Remove a folder of an earlier run."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def shown(path: Path) -> str:
    """Return a path as short as it can be said from here."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
