"""What all tests share: no network, no screen, and a clear skip where the full MNIST is missing."""

import os
import subprocess
import sys
from pathlib import Path

# Before anything imports Matplotlib, and for every process that a test starts.
os.environ["MPLBACKEND"] = "Agg"
os.environ["CATTERN_OFFLINE"] = "1"
# Some hundred processes run our code: it is compiled once, also where the environment says otherwise.
os.environ["PYTHONDONTWRITEBYTECODE"] = ""
os.environ["TQDM_DISABLE"] = "1"  # no bar in the output of a notebook that a test runs
# Tests run on every core: threads of BLAS that wait for each other would only slow all of them down.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import pytest
from hypothesis import settings
from shared import once

from mnist_data.files import FILES, find

ROOT = Path(__file__).resolve().parent.parent
LONG = {"demo", "graded_class"}  # fixtures that take long to make

sys.dont_write_bytecode = False

# Examples are the same in every run, and no example fails for being slow.
settings.register_profile("cattern", deadline=None, derandomize=True)
settings.load_profile("cattern")


def pytest_runtest_logreport(report):
    """Say at once which test failed: the summary comes at the end of the run."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\nFAILED {report.nodeid} ({report.when})", flush=True)


def pytest_collection_modifyitems(items):
    """Begin with what takes long where several processes run: in the end, one would have to wait for the other's last test."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: not (item.get_closest_marker("long") or LONG & {*item.fixturenames}))


def pytest_runtest_setup(item):
    if item.get_closest_marker("full_mnist"):
        folder = os.environ.get("CATTERN_MNIST_DIR", "")
        if not folder:
            pytest.skip("needs the four official MNIST files: set CATTERN_MNIST_DIR to their folder")
        missing = [file.name for file in FILES if not find(file, folder)]
        if missing:
            pytest.skip(f"needs the four official MNIST files: CATTERN_MNIST_DIR lacks {', '.join(missing)}")


@pytest.fixture(autouse=True)
def no_students_module_stays():
    """Fail a test that leaves a student's file in the place of a module of the package: the next one would run on it."""
    yield
    left = [
        name for name, module in list(sys.modules.items()) if name.startswith("cattern.") and _foreign(module)
    ]
    for name in left:
        del sys.modules[name]
    assert not left, f"stays in the place of our own: {left}"


def _foreign(module) -> bool:
    path = getattr(module, "__file__", None)
    return path is not None and not path.startswith(str(ROOT))


@pytest.fixture
def no_mnist(monkeypatch):
    """A machine without MNIST and without the internet."""
    monkeypatch.delenv("CATTERN_MNIST_DIR", raising=False)
    monkeypatch.setenv("CATTERN_OFFLINE", "1")


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The demonstration, run once for all tests; yields its folder and what it printed."""

    def make(folder: Path) -> None:
        command = [sys.executable, "-m", "cattern", "demo", "--out", str(folder)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
        (folder / "printed.txt").write_text(done.stdout, encoding="utf-8")

    out = once(tmp_path_factory, "demo", make)
    return out, (out / "printed.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def graded_class(tmp_path_factory):
    """Return a function: a lab's name → the sample class as handed in (without weights), and its verdicts, by `cattern grade`."""

    def graded(lab_name: str) -> tuple[Path, Path]:
        def make(folder: Path) -> None:
            from courses import course_of

            from autograder import demo
            from autograder.bundle import handed_out, write_files

            course = course_of(
                lab_name, demo.course_folder(folder, lab_name)
            )  # where an endless loop ends soon
            write_files(folder / "release", handed_out(course))
            demo.sample_class.make_class(course.lab, folder / "release", folder / "handed_in")
            command = [sys.executable, "-m", "cattern", "grade", lab_name, "handed_in", "--out", "grades"]
            command += ["--course", "course"]
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=False, env=environment
            )
            assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]

        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        environment.pop("CATTERN_SEED", None)
        folder = once(tmp_path_factory, f"class-{lab_name}", make)
        return folder / "handed_in", folder / "grades"

    return graded
