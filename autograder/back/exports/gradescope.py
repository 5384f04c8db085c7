"""A Gradescope autograder: the zip that Gradescope wants, and what runs in it, one submission at a time.

/autograder/source/       the zip, unpacked: this project, the course, setup.sh
/autograder/submission/   what the student uploaded
/autograder/results/      results.json, what Gradescope shows
"""

import json
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from autograder.course import ROOT, Course
from cattern.checking.words import as_text
from cattern.errors import CatternError

SETUP = """#!/bin/sh
# Runs once, when Gradescope builds the image.
set -e
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3 python3-venv bubblewrap
python3 -m venv /autograder/venv
cd /autograder/source
/autograder/venv/bin/pip install --quiet --constraint constraints.txt --editable '.[grader]'
"""
RUN = """#!/bin/sh
# Runs for every submission. The two variables are for a trial elsewhere.
root="${{CATTERN_AUTOGRADER:-/autograder}}"
cd "$root/source"
exec "${{CATTERN_PYTHON:-$root/venv/bin/python}}" -m autograder.back.exports.gradescope {lab} "$root" {options}
"""
PACKAGES = ("cattern", "mnist_data", "autograder")
BESIDE = (
    "pyproject.toml",
    "constraints.txt",
    "environment.yml",
    "README.md",
    "LICENSE",
    "nbgrader_config.py",
)
OF_COURSE = ("course.toml", ".cattern-seed")
UNWANTED = {"__pycache__", ".ipynb_checkpoints", "fingerprints"}
CODE = {".py", ".toml", ".md", ".j2", ".json", ".ipynb", ".txt", ".yml"}


def write_autograder(course: Course, out: Path, walls: bool = True) -> Path:
    """Write `OUT/LAB-autograder.zip`; it holds the solution and the course's secret, so it goes to Gradescope only.

    Args:
        course: the course.
        out: the folder.
        walls: False grades without bubblewrap.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{course.lab_name}-autograder.zip"
    files = {"setup.sh": SETUP.encode()}
    options = "" if walls else "--no-sandbox"
    files["run_autograder"] = RUN.format(lab=course.lab_name, options=options).encode()
    for top in PACKAGES:
        home = course.folder / top if (course.folder / top).is_dir() else ROOT / top
        files |= {f"{top}/{name}": data for name, data in _tree(home).items()}
    notebooks = course.notebook.parent
    files |= {f"notebooks/{course.lab_name}/{name}": data for name, data in _tree(notebooks).items()}
    for home, names in ((ROOT, BESIDE), (course.folder, OF_COURSE)):
        files |= {name: (home / name).read_bytes() for name in names if (home / name).is_file()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = (0o755 if name in ("setup.sh", "run_autograder") else 0o644) << 16
            archive.writestr(info, files[name], zipfile.ZIP_DEFLATED)
    path.chmod(0o600)
    return path


def _tree(home: Path) -> dict[str, bytes]:
    paths = [p for p in sorted(home.rglob("*")) if p.is_file() and p.suffix in CODE]
    names = {p.relative_to(home).as_posix(): p for p in paths}
    return {n: p.read_bytes() for n, p in names.items() if not UNWANTED & {*Path(n).parts}}


def results(course: Course, verdict: Mapping) -> dict:
    """Return a verdict as Gradescope's results: one test a task; what a person marks is Gradescope's own question.

    Args:
        course: the course.
        verdict: the content of a verdict file.
    """
    by_hand = {task.id for task in course.lab.tasks if task.source == "hand"}
    tests = [
        {
            "name": f"{task['id']} {task['title']}",
            "score": task["score"],
            "max_score": task["max_score"],
            "status": "passed" if task["status"] == "pass" else "failed",
            "output": as_text({"verdict": task, "hints": []}),
            "output_format": "text",
            "visibility": "visible",
        }
        for task in verdict["tasks"]
        if task["id"] not in by_hand
    ]
    said = [f"mended: {repair}" for repair in verdict["repairs"]]
    said += [f"{task} is marked by a person" for task in sorted(by_hand)]
    return {
        "score": round(sum(test["score"] for test in tests), 4),
        "execution_time": verdict["seconds"],
        "output": "\n".join(said),
        "output_format": "text",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def run(lab: str, root: Path, walls: bool) -> None:
    """Grade what is in `ROOT/submission` and write `ROOT/results/results.json`.

    A trouble of ours gives no points and no zero: Gradescope shows that the autograder failed, and students are told to wait.
    """
    from autograder.grading.workers import Job, grade_alone
    from autograder.submission import HandIn

    course = Course.open(lab, root / "source")
    graded = grade_alone(Job(course, HandIn("submission", root / "submission")), walls=walls)
    target = root / "results" / "results.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    if graded.verdict is None:
        target.unlink(missing_ok=True)
        raise CatternError(f"no verdict: {graded.trouble}")
    text = json.dumps(results(course, graded.verdict.to_json()), ensure_ascii=False, indent=1)
    target.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        run(sys.argv[1], Path(sys.argv[2]), "--no-sandbox" not in sys.argv[3:])
    except CatternError as problem:
        sys.exit(f"cattern: {problem}")
