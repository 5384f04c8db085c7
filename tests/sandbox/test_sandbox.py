"""The sandbox: what an ordinary task finds and gives, and what happens when the wall itself fails."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from sandboxing import LIMITS, X, ask, hostile, nothing_left, processes, toy_sandbox

from autograder.sandbox import Limits, SandboxError, require_bubblewrap, walls
from cattern.checking import wire

ECHO = "toy_engine:echo"
RIGHT = hostile("honest")


def words(outcome) -> str:
    assert outcome.status == "ok", outcome
    return wire.unpack(outcome.payload)[0]["words"]


@pytest.fixture(scope="module")
def sandbox():
    with toy_sandbox() as sandbox:
        yield sandbox


def test_bytes_in_bytes_out(sandbox):
    request = bytes(range(256)) * 1000
    outcome = sandbox.run({"a/b c/é.txt": b"x"}, request, entry=ECHO)
    assert (outcome.status, outcome.payload, outcome.notes) == ("ok", request, "")
    assert 0 < outcome.cpu_seconds < 2
    assert outcome.max_rss > 2**20


def test_an_answer_may_be_empty_or_as_long_as_the_limit(sandbox):
    for size in (0, LIMITS.output):
        assert sandbox.run({}, bytes(size), entry=ECHO).payload == bytes(size)
    assert sandbox.run({}, bytes(LIMITS.output + 1), entry=ECHO).status == "output"


@pytest.mark.parametrize("name", ["../up.py", "/abs.py", "a/../../b", "", ".", "nul\0"])
def test_paths_stay_inside(sandbox, name):
    with pytest.raises(ValueError, match="inside a submission"):
        sandbox.run({name: b""}, b"", entry=ECHO)


def test_tasks_share_nothing(sandbox):
    source = """
        import builtins, os, sys, numpy
        def scores(X):
            seen = [hasattr(builtins, "mark"), hasattr(numpy, "mark"), "MARK" in os.environ, os.path.exists(os.environ.get("TMPDIR", "/tmp") + "/mark")]
            builtins.mark = numpy.mark = 1
            os.environ["MARK"] = "1"
            open(os.environ.get("TMPDIR", "/tmp") + "/mark", "w").close()
            return str(any(seen))
    """
    assert [words(ask(sandbox, textwrap.dedent(source))) for _ in range(2)] == ["False", "False"]


def test_two_sandboxes_give_the_same_numbers():
    source = """
        import random
        import numpy as np
        def scores(X):
            return f"{hash('x')} {random.random()} {np.random.rand()} {sorted({'a', 'b', 'c'}, key=hash)}"
    """
    seen = set()
    for _ in range(2):
        with toy_sandbox() as sandbox:
            seen |= {words(ask(sandbox, textwrap.dedent(source))) for _ in range(2)}
    assert len(seen) == 1


def test_an_ordinary_user_with_limits_inside(sandbox):
    source = """
        import os, resource, signal
        def scores(X):
            limit = lambda name: resource.getrlimit(getattr(resource, "RLIMIT_" + name))[1]
            return repr([os.getuid() == 0, len(os.getgroups()) > 1, limit("NOFILE"), limit("FSIZE"), limit("CORE"),
                         limit("CPU"), limit("NPROC"), os.environ["OPENBLAS_NUM_THREADS"], os.environ["MPLBACKEND"],
                         signal.getsignal(signal.SIGINT) is signal.default_int_handler])
    """
    root = os.geteuid() == 0
    inside = eval(words(ask(sandbox, textwrap.dedent(source))))
    assert inside[2:] == [64, 8 * 2**20, 0, 4, 17, "1", "Agg", True]
    assert inside[0] is False
    assert not (root and inside[1])


def test_stderr_is_a_note_without_control_characters(sandbox):
    outcome = ask(sandbox, hostile("chatty"))
    assert outcome.notes.endswith("y")
    assert len(outcome.notes) <= 4000
    outcome = ask(sandbox, "import sys\nprint('\\x1b[31mred', file=sys.stderr)\n" + RIGHT)
    assert "\x1b" not in outcome.notes
    assert "red" in outcome.notes
    outcome = ask(sandbox, "def scores(X): raise ValueError('why')")
    assert (outcome.status, outcome.detail) == ("exit", "1")
    assert outcome.notes.endswith("ValueError: why")


def test_memory_is_counted_from_the_warm_process(sandbox):
    take = "import numpy as np\ndef scores(X):\n return np.ones({} * 2**17)[:1]"
    assert ask(sandbox, take.format(200)).status == "ok"
    assert ask(sandbox, take.format(300)).status == "memory"


def test_limits_of_one_task_do_not_stay(sandbox):
    assert ask(sandbox, RIGHT, Limits(open_files=3, cpu_seconds=1)).status != "ok"
    assert ask(sandbox, RIGHT).status == "ok"


def test_only_the_named_packages_can_be_imported():
    source = """
        import importlib
        def scores(X):
            import matplotlib, matplotlib.pyplot as plt
            plt.plot([1, 2])
            missing = []
            for name in ("autograder", "nbgrader", "psutil", "pytest", "cattern.neural_net"):
                try:
                    importlib.import_module(name)
                except ModuleNotFoundError:
                    missing.append(name)
            return f"{matplotlib.get_backend()} {' '.join(missing)}".lower()
    """
    preload = ("numpy", "matplotlib.pyplot", "toy_engine")
    with toy_sandbox(preload=preload, packages=("numpy", "matplotlib", "tqdm")) as sandbox:
        assert (
            words(ask(sandbox, textwrap.dedent(source)))
            == "agg autograder nbgrader psutil pytest cattern.neural_net"
        )


def test_what_a_bundle_installs_for_computing_can_be_imported():
    import inspect

    from autograder.sandbox import Sandbox

    source = "import scipy.special, tqdm\ndef scores(X):\n return scipy.special.expit(X * 0)"
    packages = inspect.signature(Sandbox).parameters["packages"].default
    with toy_sandbox(packages=packages, limits=Limits()) as sandbox:
        assert ask(sandbox, source).status == "ok"


def test_a_warm_process_that_dies_is_replaced(sandbox):
    assert ask(sandbox, RIGHT).status == "ok"
    os.kill(sandbox._pid, signal.SIGKILL)
    sandbox._process.wait()
    assert ask(sandbox, RIGHT).status == "ok"


def test_when_memory_ends_the_sandbox_goes_first(sandbox):
    assert ask(sandbox, RIGHT).status == "ok"
    assert Path(f"/proc/{sandbox._pid}/oom_score_adj").read_text() == "1000\n"


def test_a_wall_that_fails_during_a_task_is_named(sandbox, monkeypatch):
    assert ask(sandbox, RIGHT).status == "ok"
    assert sandbox._ready(60)
    monkeypatch.setattr("autograder.sandbox._GRACE_SECONDS", 0.5)
    os.kill(sandbox._pid, signal.SIGSTOP)  # from outside this works, so it never answers
    outcome = ask(sandbox, RIGHT, Limits(wall_seconds=0.1))
    monkeypatch.undo()
    assert outcome.status == "sandbox"
    assert "did not answer" in outcome.notes
    assert ask(sandbox, RIGHT).status == "ok"


def test_nothing_survives_a_grader_that_is_killed(tmp_path):
    script = tmp_path / "grader.py"
    script.write_text(
        "from sandboxing import *\n"
        "with toy_sandbox() as sandbox:\n"
        "    print('open', flush=True)\n"
        "    ask(sandbox, hostile('sleep'))\n"
    )
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).resolve().parents[1] / "helpers"),
        "TMPDIR": str(tmp_path),
    }
    grader = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=environment)
    grader.stdout.readline()
    while len(inside := psutil.Process(grader.pid).children(recursive=True)) < 3:
        time.sleep(0.01)
    grader.kill()
    grader.wait()
    grader.stdout.close()
    _, alive = psutil.wait_procs(inside, timeout=30)
    assert alive == []


def test_no_bubblewrap_no_grading(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    require_bubblewrap.cache_clear()
    try:
        with pytest.raises(SandboxError, match="apt install bubblewrap"), toy_sandbox():
            pass
        (tmp_path / "bwrap").write_text("#!/bin/sh\necho bubblewrap 0.4.1\n")
        (tmp_path / "bwrap").chmod(0o755)
        with pytest.raises(SandboxError, match=r"0\.4\.1; version 0\.7"):
            require_bubblewrap()
        fake = "#!/bin/sh\ntest $1 = --version && echo bubblewrap 0.9.0 && exit\necho uid map: not allowed >&2; exit 1\n"
        (tmp_path / "bwrap").write_text(fake)
        with pytest.raises(SandboxError, match="uid map: not allowed"), toy_sandbox():
            pass
    finally:
        require_bubblewrap.cache_clear()


def test_every_sandbox_has_a_user_of_its_own(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    full = "         0          0 4294967295\n"
    for said, low in ((full, 10**9), ("0 1000 1\n1 100000 65536\n", 40_000)):
        monkeypatch.setattr(Path, "read_text", lambda self, said=said: said)
        ids = {walls.sandbox_uid(number) for number in range(64)}
        assert len(ids) == 64
        assert min(ids) >= low
    monkeypatch.setattr(Path, "read_text", lambda self: "0 1000 1\n")
    assert walls.sandbox_uid(0) is None
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert walls.sandbox_uid(0) is None


@pytest.fixture(scope="module")
def open_sandbox(sandbox, tmp_path_factory):
    with (
        nothing_left(tmp_path_factory.mktemp("temporary")),
        pytest.warns(RuntimeWarning, match="no sandbox"),
        toy_sandbox(walls=False) as sandbox,
    ):
        yield sandbox


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("infinite_loop", "timeout"),
        ("sleep", "timeout"),
        ("memory_bomb", "memory"),
        ("huge_array", "output"),
        ("segfault", "crash"),
        ("system_exit", "exit"),
        ("half_frame", "exit"),
        ("setsid_orphan", "ok"),
        ("threads", "ok"),
        ("honest", "ok"),
    ],
)
def test_without_walls_limits_hold(open_sandbox, name, status):
    outcome = ask(
        open_sandbox,
        hostile(name),
        Limits(1, 2.0 if name == "sleep" else 20.0, 2**28, output=2**20),
        walls=False,
    )
    assert outcome.status == status, outcome
    _, arrays = wire.unpack(ask(open_sandbox, RIGHT, walls=False).payload)
    np.testing.assert_array_equal(arrays["scores"], 2 * X)
    assert open_sandbox._process.pid in processes()
    assert not psutil.Process(open_sandbox._process.pid).children()


def test_what_the_walls_hide_is_there_without_them(open_sandbox, tmp_path):
    """The control of the hostile tests: the same files do find things where nothing hides them."""
    secret = tmp_path / "solution"
    secret.touch()
    found = words(ask(open_sandbox, hostile("read_proc"), walls=False)).split()
    assert "/proc" in found
    source = "import os\ndef scores(X): return str(os.path.exists(TARGETS[0]))"
    assert words(ask(open_sandbox, source, targets=[str(secret)], walls=False)) == "True"


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become another user; as one, all tests here are that test"
)
@pytest.mark.parametrize(
    "some",
    [
        ["-k", "ordinary_user or bytes_in_bytes_out or nothing_is_reached"],
        pytest.param([], marks=pytest.mark.slow),
    ],
)
def test_the_same_as_an_ordinary_user(some):
    """Both suites (an ordinary run: some of them) again as a user who has no privileges: user namespaces build the wall instead of root."""
    uid, root = 54321, Path(__file__).resolve().parents[2]
    folder = Path("/tmp") / f"cattern-user-{os.getpid()}"
    folder.mkdir(mode=0o700)
    os.chown(folder, uid, uid)
    # The interpreter may lie in root's home, which that user cannot enter: show it only that part, at the same path.
    view = ["--dev-bind", "/", "/"]
    for hidden in sorted(
        {path for path in Path(sys.base_prefix).parents if path.stat().st_mode & 0o005 != 0o005}
    ):
        view += ["--perms", "0755", "--tmpfs", str(hidden)]
    for path in Path(sys.base_prefix).parents:
        view += ["--perms", "0755", "--dir", str(path)] if path != Path("/") and "--tmpfs" in view else []
    view += ["--ro-bind", sys.base_prefix, sys.base_prefix]
    command = [require_bubblewrap(), *view, "--chdir", str(root), "--"]
    command += [
        "setpriv",
        f"--reuid={uid}",
        f"--regid={uid}",
        "--clear-groups",
        sys.executable,
        "-B",
        "-m",
        "pytest",
    ]
    command += [
        "-q",
        "-p",
        "no:cacheprovider",
        f"--basetemp={folder}/pytest",
        "tests/sandbox/test_sandbox.py",
        "tests/sandbox/test_hostile.py",
        *some,
    ]
    try:
        environment = os.environ | {"TMPDIR": str(folder), "HOME": str(folder)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "2 skipped" in done.stdout
    finally:
        subprocess.run(["rm", "-rf", str(folder)])


def test_a_python_under_tmp_is_not_hidden_by_the_private_tmp(monkeypatch):
    from autograder.sandbox import walls

    assert walls.private_tmp(("numpy",)) in (Path("/tmp"), Path("/private"))
    monkeypatch.setattr(walls, "_package_paths", lambda packages: [Path("/tmp/course/.venv/lib/numpy")])
    command = walls.wall_command(Path("/engine"), ("numpy",), 2**20, 3, 4)
    assert walls.private_tmp(("numpy",)) == Path("/private")
    assert command[command.index("TMPDIR") + 1] == "/private"
    assert ["--tmpfs", "/tmp"] not in [command[i : i + 2] for i in range(len(command))]
