"""An appeal: what one changed file would have given. Nothing of it is stored."""

import json
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from autograder import bundle
from autograder.course import Course
from autograder.grading.klass import take_class_in
from autograder.grading.workers import Workers
from autograder.submission import HandIn
from autograder.temporary import work_folder
from cattern.checking.verdict import Verdict
from cattern.errors import CatternError


@dataclass(frozen=True)
class Appeal:
    """One hand-in with one file exchanged.

    Attributes:
        file: the file that was exchanged, by its path in the bundle.
        changed: the lines that differ, as a diff without context.
        before: the verdict on what was handed in.
        after: the verdict with the other file.
    """

    file: str
    changed: tuple[str, ...]
    before: Verdict
    after: Verdict


def appeal(course: Course, submitted: Path, student: str, file: Path, walls: bool = True) -> Appeal:
    """Grade a hand-in twice: as it is, and with one file exchanged.

    Args:
        course: the course.
        submitted: the class's folder.
        student: whose.
        file: what the student sent: a file of the lab by its name, the notebook, or its data.
        walls: False grades without bubblewrap.

    Raises:
        CatternError: there is no such student or file, or no verdict.
    """
    lab = course.lab
    names = [*lab.student_files, *lab.data_files, f"{lab.name}.ipynb"]
    name = next((n for n in names if Path(n).name == file.name), None)
    if name is None or not file.is_file():
        wanted = ", ".join(Path(n).name for n in names)
        raise CatternError(f"{file} takes the place of nothing: give one of {wanted}")
    hand_in = next((h for h in take_class_in(course, submitted).hand_ins if h.student == student), None)
    if hand_in is None:
        raise CatternError(f"no submission of {student!r} in {submitted}")
    with Workers(course, walls) as workers, work_folder("appeal") as folder:
        own = workers.read(student, hand_in.place)
        files = {**own.files, **own.data}
        if own.notebook:
            files[f"{lab.name}.ipynb"] = json.dumps(own.notebook).encode()
        new = file.read_bytes()
        changed = () if name in lab.data_files else _changed(files.get(name, b""), new)
        bundle.write_files(folder, {**files, name: new})
        verdicts = []
        for place in (hand_in.place, folder):
            graded = workers.grade(HandIn(student, place))
            if graded.verdict is None:
                raise CatternError(f"{student}: no verdict: {graded.trouble}")
            verdicts.append(graded.verdict)
    return Appeal(name, changed, *verdicts)


def _changed(before: bytes, after: bytes) -> tuple[str, ...]:
    texts = [content.decode("utf-8", errors="replace").splitlines() for content in (before, after)]
    return tuple(
        line
        for line in unified_diff(*texts, lineterm="", n=0)
        if line[:1] in "+-" and line[:3] not in ("---", "+++")
    )
