"""A Dask cluster of real processes: submissions and courses travel as bytes, and a killed worker costs what it had not finished."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from courses import course_of

from autograder import markers
from autograder.course import ROOT
from autograder.grading import travel
from autograder.grading.klass import grade_class
from autograder.submission import HandIn, Unreadable, read_submission, take_in
from cattern.errors import CatternError

LAB = "two_layer_net"
NET = "cattern/neural_net.py"
RIGHT = markers.unmarked((ROOT / NET).read_text(encoding="utf-8"))
WRONG = RIGHT.replace("0.5 * reg", "reg")


@contextlib.contextmanager
def process(*words, **environment):
    command = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *map(str, words[1:])]
    with subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as started:
        try:
            yield started
        finally:
            started.kill()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler and two workers, each with one thread and a folder of its own, and no nanny that brings the dead back."""
    top = tmp_path_factory.mktemp("cluster")
    about = top / "scheduler.json"
    quiet = ("--no-dashboard", "--scheduler-file", about)
    with contextlib.ExitStack() as stack:
        stack.enter_context(process("scheduler", "--port", 0, *quiet))
        workers = []
        for name in ("one", "two"):
            (top / name).mkdir()
            words = ("worker", "--nthreads", 1, "--no-nanny", "--local-directory", top / name, *quiet)
            workers.append(stack.enter_context(process(*words)))
        deadline = time.monotonic() + 60
        while not about.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        from distributed import Client

        address = json.loads(about.read_text())["address"]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=120)
        yield address, workers


def write(top, student, text):
    file = top / student / LAB / NET
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")


def verdicts(out):
    found = {p.name: json.loads(p.read_text(encoding="utf-8")) for p in out.glob("*.json")}
    return {name: json.dumps({**v, "seconds": 0}) for name, v in found.items()}


def test_a_course_of_its_own_travels(cluster, tmp_path):
    course = tmp_path / "course"
    (course / "notebooks" / LAB).mkdir(parents=True)
    text = (ROOT / "notebooks" / LAB / f"{LAB}.ipynb").read_text(encoding="utf-8")
    (course / "notebooks" / LAB / f"{LAB}.ipynb").write_text(text, encoding="utf-8")
    write(tmp_path / "submitted", "ada", WRONG)
    opened = course_of(LAB, course)
    command = [sys.executable, "-m", "cattern", "grade", LAB, "submitted", "--out", "there"]
    command += ["--course", "course", "--scheduler", cluster[0]]
    environment = {k: v for k, v in os.environ.items() if k != "CATTERN_SEED"} | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "verdicts: there" in done.stdout, done.stderr
    grade_class(opened, tmp_path / "submitted", tmp_path / "here", jobs=1)
    assert verdicts(tmp_path / "there") == verdicts(tmp_path / "here")
    grade_class(
        opened, tmp_path / "submitted", tmp_path / "there", scheduler="tcp://127.0.0.1:1"
    )  # nothing to do


def test_a_killed_worker_costs_nothing_but_time(cluster, tmp_path):
    address, workers = cluster
    for number in range(12):
        write(tmp_path / "submitted", f"s{number:02}", WRONG if number % 3 else RIGHT)
    (tmp_path / "submitted" / "empty").mkdir()

    def kill_one(graded, total):
        for number, result in enumerate(graded):
            if number == 2:
                workers[0].send_signal(signal.SIGKILL)
            yield result

    done = grade_class(
        course_of(LAB), tmp_path / "submitted", tmp_path / "there", scheduler=address, progress=kill_one
    )
    assert [each.trouble for each in done.results if not each.verdict] == []
    grade_class(course_of(LAB), tmp_path / "submitted", tmp_path / "here", jobs=2)
    assert verdicts(tmp_path / "there") == verdicts(tmp_path / "here")
    assert (tmp_path / "there" / "summary.csv").read_bytes() == (
        tmp_path / "here" / "summary.csv"
    ).read_bytes()


def test_nobody_at_the_address_is_said(tmp_path, monkeypatch):
    import distributed

    real = distributed.Client
    monkeypatch.setattr(distributed, "Client", lambda address, **o: real(address, **o | {"timeout": "1s"}))
    write(tmp_path / "submitted", "ada", RIGHT)
    with pytest.raises(CatternError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1"):
        grade_class(course_of(LAB), tmp_path / "submitted", tmp_path / "out", scheduler="tcp://127.0.0.1:1")


def test_what_arrives_is_read_as_what_was_sent(tmp_path):
    top = tmp_path / "submitted"
    write(top, "ada", RIGHT)
    files = {
        "ada/two_layer_net/läb (1)/x.py": b"a = 1",
        "ada/two_layer_net/.DS_Store": b"x",
        "doejane_LATE_12_34_neural_net-1.py": RIGHT.encode(),
        "doejane_LATE_12_35_best_net.npz": b"PK",
    }
    for name, data in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(data)
    (top / "ada" / LAB / "link.py").symlink_to("/etc/passwd")
    os.mkfifo(top / "ada" / LAB / "pipe.py")
    with (top / "ada" / LAB / "big.py").open("wb") as file:
        file.truncate(2 << 30)
    (top / "empty").mkdir()
    (top / "linked").symlink_to(top / "ada")
    lab = course_of(LAB).lab
    for number, hand_in in enumerate(take_in(top, lab).hand_ins):
        arrived = travel.unpack(travel.pack(hand_in), tmp_path / str(number), hand_in.student)
        assert (arrived.late, arrived.at) == (hand_in.late, hand_in.at)
        assert read(arrived, lab) == read(hand_in, lab)


def read(hand_in: HandIn, lab):
    try:
        got = read_submission(hand_in.student, hand_in.place, lab)
    except Unreadable as error:
        return str(error)
    return got.files, got.data, got.repairs
