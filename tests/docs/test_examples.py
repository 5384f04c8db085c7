"""Every example that --help shows is typed into a shell, comment and all, and every option that it lists is in one of them.

Each runs in a fresh folder, as a process: a student's in the folder that students get, with everything answered, an
instructor's beside a class that was graded. A word for each says what it must print or write. An ordinary run takes five,
other ones with every commit; CI takes them all.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from courses import course_of
from judging import patched, solved
from lab_styles.two_layer_net import SOLUTION
from sampling import in_turn
from shared import once

from autograder import markers
from autograder.bundle import write_files
from autograder.release import released_files
from autograder.solution.store import user_folder

ROOT = Path(__file__).resolve().parents[2]
HELP = Path(__file__).with_name("help")
LAB, OTHER = "two_layer_net", "nearest_neighbour"
# A start of an example → where it is tried with what it needs: a terminal, a cluster, a class of another lab.
ELSEWHERE = {
    "python -m cattern check 3 --watch": "test_watch",
    "python -m cattern data": "test_data_says_where_each_file_is_or_what_is_missing",
    "cattern demo": "the fixture `demo`, test_readme",
    "cattern mistake draft": "test_draft",
    "cattern mistake superfluous": "test_superfluous",
    "cattern grade two_layer_net submitted --out grades --scheduler": "test_cluster",
}
# Options that no example shows → a command with them.
MORE = (
    "python -m cattern check 2 --json --seconds 5",
    "cattern explain dora 2 --grades grades --no-sandbox --course .",
    "cattern grade two_layer_net submitted --out grades --only ada/TODO#2 --force --no-sandbox --course .",
    "cattern export two_layer_net --to gradescope --out there --no-sandbox --course .",
    "cattern feedback two_layer_net submitted --course .",
    "cattern report two_layer_net --course .",
    "cattern course --course .",
    "cattern release two_layer_net --force --record-tests",
    "cattern demo nearest_neighbour --out there --jobs 2 --no-sandbox",
    "cattern mistake draft ada 1 --lab nearest_neighbour --submitted other --no-sandbox --course .",
    "cattern mistake superfluous nearest_neighbour --only choose-counts --course .",
)
# A start of a command, the longest that fits → what is printed, or the file that is there afterwards.
EXPECTED = {
    "python -m cattern check": "All of it is right: 72 of 72 points",
    "python -m cattern check 3": "TODO#3",
    "python -m cattern check 2 --json --seconds 5": '"id": "TODO#2"',
    "python -m cattern check T1": "T1",
    "python -m cattern hint": "T4 has no hints",
    "python -m cattern hint 3": "TODO#3",
    "python -m cattern status": "T4",
    "python -m cattern status --json": '"T4"',
    "python -m cattern submit": "two_layer_net-submission.zip",
    "python -m cattern submit --student s0123456": "two_layer_net-submission.zip",
    "python -m cattern submit --out lab1.zip": "lab1.zip",
    "cattern course": "course.toml",
    "cattern course two_layer_net --json": '"lab": "two_layer_net"',
    "cattern course --new-secret": ".cattern-seed",
    "cattern release two_layer_net": "release/two_layer_net.zip",
    "cattern release two_layer_net --out ~/handout": "home/handout/two_layer_net.zip",
    "cattern release two_layer_net --course ~/nn-2027": "home/nn-2027/release/two_layer_net.zip",
    "cattern grade two_layer_net submitted --out grades": "13 unchanged since they were graded",
    "cattern grade two_layer_net canvas.zip --out grades": "eve",
    "cattern grade two_layer_net submitted --out grades --only ada": "1 unchanged since they were graded",
    "cattern grade two_layer_net submitted --out grades --only ada --with": "before",
    "cattern grade two_layer_net submitted --out grades --only ada/TODO#2 --force": "ada",
    "cattern explain dora": "TODO#",
    "cattern explain dora 'TODO#2' --html": "dora.html",
    "cattern demo nearest_neighbour": "feedback for ",
    "cattern mistake draft": "todo1-draft",
    "cattern mistake superfluous": "1 cost nothing",
    "cattern feedback two_layer_net submitted": "feedback/dora/two_layer_net/two_layer_net.html",
    "cattern report two_layer_net": "report/two_layer_net.html",
    "cattern export two_layer_net --to csv": "export/two_layer_net-csv.csv",
    "cattern export two_layer_net --to canvas": "export/two_layer_net-canvas.csv",
    "cattern export two_layer_net --to moodle": "export/two_layer_net-moodle.csv",
    "cattern export two_layer_net --to gradescope": "export/two_layer_net-autograder.zip",
    "cattern export two_layer_net --to gradescope --out there": "there/two_layer_net-autograder.zip",
}


def examples() -> list[str]:
    """Return what the pages show, each once: a line that is too long for its page goes on in the next one."""
    shown = []
    for page in sorted(HELP.glob("*.txt")):
        _, _, end = page.read_text(encoding="utf-8").partition("Examples:")
        shown += [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", end.strip()) if paragraph]
    return list(dict.fromkeys(shown))


def typed(example: str) -> str:
    """Return an example without its comment."""
    return example.partition(" #")[0].strip()


def elsewhere(example: str) -> bool:
    return example.startswith(tuple(ELSEWHERE))


NAMES = {page.stem for page in HELP.glob("*.txt")}
PAGES = [ROOT / "README.md", ROOT / "mnist_data" / "README.md", ROOT / "autograder" / "student_readme.md"]
PAGES += sorted((ROOT / "docs").glob("*.md"))
RUN = [*(e for e in examples() if not elsewhere(e)), *MORE]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The folder that students get, with everything answered: what runs in it writes new files only."""

    def make(folder: Path) -> None:
        course = course_of(LAB)
        write_files(folder, released_files(course))
        (folder / "cattern" / "neural_net.py").write_text(SOLUTION, encoding="utf-8")
        (folder / "sitecustomize.py").write_text("import sys\nsys.modules['autograder'] = None\n")

    return once(tmp_path_factory, "examples-bundle", make)


@pytest.fixture
def place(bundle, demo, tmp_path):
    """Return a function: whose example → the folder where it is typed, with all that the examples name."""

    def made(student: bool) -> Path:
        out, _ = demo
        here = tmp_path / "here"
        if student:
            shutil.copytree(bundle, here)
            ada = out / "handed_in" / "ada" / LAB
            shutil.copy(ada / "best_net.npz", here)
            shutil.copy(ada / f"{LAB}.ipynb", here)
            return here
        home = here / "home"
        home.mkdir(parents=True)
        shutil.copy(out / "course" / "course.toml", here)
        shutil.copytree(out / "course" / "notebooks", here / "notebooks")
        shutil.copytree(here / "notebooks", home / "nn-2027" / "notebooks")
        shutil.copytree(ROOT / "notebooks" / OTHER, here / "notebooks" / OTHER)
        (here / "other" / "ada").mkdir(parents=True)
        wrong = patched(solved(OTHER)[f"cattern/{OTHER}.py"], ("2 * (X @", "1.5 * (X @"))
        (here / "other" / "ada" / f"{OTHER}.py").write_text(markers.unmarked(wrong), encoding="utf-8")
        shutil.copytree(out / "handed_in", here / "submitted")
        shutil.copytree(out / "grades", here / "grades")
        (here / "neural_net.py").write_text(SOLUTION, encoding="utf-8")
        (here / "canvas").mkdir()
        (here / "canvas" / "eve_4_71_neural_net.py").write_text(SOLUTION, encoding="utf-8")
        shutil.make_archive(str(here / "canvas"), "zip", here / "canvas")
        head = "Student,ID,SIS User ID,SIS Login ID,Section,Lab 1\n    Points Possible,,,,,100\n"
        (here / "Grades.csv").write_text(head + "Dora,1,,dora,,\n", encoding="utf-8")
        head = "Identifier,Full name,Grade,Grade can be changed,Feedback comments\n"
        (here / "worksheet.csv").write_text(head + "Participant 1,dora,,Yes,\n", encoding="utf-8")
        return here

    return made


def shell(line: str, folder: Path, tools: Path) -> subprocess.CompletedProcess:
    """Type a line into a shell in a folder; `python` and `cattern` are those of this run."""
    tools.mkdir()
    for name, words in {"python": "", "cattern": "-m cattern "}.items():
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n', encoding="utf-8")
        (tools / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"HOME": str(folder / "home"), "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"}
    environment["PYTHONPATH"] = str(folder if (folder / "sitecustomize.py").exists() else ROOT)
    environment["CATTERN_CACHE"] = str(user_folder() or "")  # its place depends on HOME
    environment.pop("CATTERN_SEED", None)
    return subprocess.run(
        ["sh", "-c", line], cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False
    )


@pytest.mark.parametrize("example", [pytest.param(e, id=typed(e), marks=in_turn(e, RUN, 5)) for e in RUN])
def test_an_example_of_help_does_what_it_says(example, place, tmp_path):
    here = place(example.startswith("python"))
    done = shell(example, here, tmp_path / "tools")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    expected = EXPECTED[max((start for start in EXPECTED if example.startswith(start)), key=len)]
    assert expected in done.stdout or (here / expected).is_file(), done.stdout


def test_every_option_that_help_lists_is_in_a_command_that_is_run():
    """An option that is new needs an example, or a command in MORE; one that is gone leaves its command wrong."""
    commands = [typed(e) for e in (*examples(), *MORE)]
    unseen, listed = [], 0
    for page in HELP.glob("*.txt"):
        options = re.findall(r"^│ (?:[* ]  )?(--[a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
        listed += len(options)
        mine = [c for c in commands if f"cattern {page.stem} " in f"{c} "]
        unseen += [
            (page.stem, o) for o in options if o != "--help" and not any(f"{o} " in f"{c} " for c in mine)
        ]
    assert unseen == [] and listed > 50


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_on_a_page_have_only_options_that_help_lists(page):
    """Nothing that is gone or never was."""
    text = page.read_text(encoding="utf-8")
    shown = re.findall(
        r"(?:`|^ +|\$ |[>|] )(?:python -m )?cattern ([a-z]+)((?: [^`\n]*)?)", text, re.MULTILINE
    )
    for name, rest in shown:
        assert name in NAMES, f"cattern {name}{rest}"
        word, *_ = [*rest.split(), ""]
        file = HELP / f"{name} {word}.txt" if (HELP / f"{name} {word}.txt").exists() else HELP / f"{name}.txt"
        listed = file.read_text(encoding="utf-8")
        for option in re.findall(r"(?<= )--[a-z-]+", rest.partition(" #")[0]):
            assert re.search(rf" {option} ", listed), f"cattern {name}{rest}"


def test_data_says_where_each_file_is_or_what_is_missing(tmp_path):
    """Without the internet, which tests do not have: what it downloads from mirrors is tried in test_load_mnist."""
    done = shell("python -m cattern data --folder mnist --force", tmp_path, tmp_path / "tools")
    assert (
        done.returncode == 1 and done.stdout.count("CATTERN_OFFLINE") == 1 and "4 of 4 files" in done.stderr
    )
    assert len(done.stdout.splitlines()) == 4 and not list((tmp_path / "mnist").glob("*"))


@pytest.mark.full_mnist
def test_data_finds_what_is_there(tmp_path):
    done = shell("python -m cattern data   # fetch what is missing", tmp_path, tmp_path / "tools")
    assert done.returncode == 0 and done.stdout.count(os.environ["CATTERN_MNIST_DIR"]) == 4, done.stdout
