"""Hostile submissions: each gets its named status, harms no other task, and leaves nothing behind."""

import dataclasses
import os
import socket
import threading
import time

import numpy as np
import pytest
from sandboxing import HOSTILE, LIMITS, X, ask, hostile, nothing_left, processes, toy_sandbox

from cattern.checking import wire

# file: (status, detail); the detail None is not looked at
ENDINGS = {
    "infinite_loop": ("timeout", "cpu"),
    "ignored_limit": ("timeout", "cpu"),
    "sleep": ("timeout", "wall"),
    "fork_bomb": ("timeout", None),
    "memory_bomb": ("memory", ""),
    "memory_of_many": ("memory", ""),
    "huge_array": ("output", ""),
    "disk_filler": ("exit", "1"),
    "large_file": ("exit", "1"),
    "output_flood": ("timeout", "cpu"),
    "deep_recursion": ("crash", "SIGSEGV"),
    "segfault": ("crash", "SIGSEGV"),
    "os_exit": ("exit", "0"),
    "system_exit": ("exit", "3"),
    "object_array": ("exit", "1"),
    "forged_in_advance": ("exit", "0"),
    "half_frame": ("exit", "0"),
    "overfull_answer": ("output", ""),
    "close_descriptors": ("exit", "1"),
    "dup_descriptors": ("exit", "0"),
    "replaced_builtins": ("exit", None),
    "setsid_orphan": ("exit", "1"),
    "chain_of_forks": ("exit", "1"),
    "memory_of_children": ("exit", "1"),
    "many_files": ("files", ""),
    "many_threads": ("timeout", "cpu"),
}
# These answer rightly in spite of what else they do.
ANSWERED = {
    "honest",
    "devices",
    "chatty",
    "kill_parent",
    "threads",
    "handlers",
    "stubborn_files",
    "changed_tmp",
    "forged_report",
}
# These find nothing, reach nobody and change nothing: they return the names of what worked.
WALLED_OFF = {"weaken_parent", "read_secrets", "read_proc", "network", "write_outside", "kernel_doors"}
# These return nonsense and arrange for it to be taken as right: it arrives as what it is.
CHEATS = {"blanked_asserts": 7 * X, "patched_testing": 7 * X, "liar": 7 * X}
OTHERS = {"nan_inf", "forged_frame"}

SHORT = {"sleep": 1.0, "fork_bomb": 2.0}


@pytest.fixture(scope="module")
def others():
    """The processes before the sandbox: an earlier test may have left a helper of multiprocessing's, for example."""
    return processes()


@pytest.fixture(scope="module")
def sandbox(others, tmp_path_factory):
    with nothing_left(tmp_path_factory.mktemp("temporary")), toy_sandbox() as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def next_task_is_unharmed(sandbox, others):
    """After every hostile task an honest one answers rightly, and of the sandbox only the warm process is there."""
    yield
    assert_right(ask(sandbox, hostile("honest")))
    assert len(processes() - others) == 2, "bubblewrap and the warm process, and no other"


def assert_right(outcome):
    assert outcome.status == "ok", outcome
    np.testing.assert_array_equal(wire.unpack(outcome.payload)[1]["scores"], 2 * X)


def limits_for(name):
    return dataclasses.replace(LIMITS, cpu_seconds=1, wall_seconds=SHORT.get(name, LIMITS.wall_seconds))


def test_every_file_has_an_expectation():
    assert {path.stem for path in HOSTILE.glob("*.py")} == {
        *ENDINGS,
        *ANSWERED,
        *WALLED_OFF,
        *CHEATS,
        *OTHERS,
    }


@pytest.mark.parametrize("name", sorted(ENDINGS))
def test_named_status(sandbox, name):
    outcome = ask(sandbox, hostile(name), limits_for(name))
    status, detail = ENDINGS[name]
    assert (outcome.status, outcome.payload) == (status, b""), outcome
    assert detail is None or outcome.detail == detail, outcome


@pytest.mark.parametrize("name", ["chain_of_forks", "memory_of_children", "many_threads", "many_files"])
def test_a_task_costs_what_its_limits_say(sandbox, name):
    """The limits are of the task, not of each process; and what it left costs the next task little."""
    outcome = ask(sandbox, hostile(name), limits_for(name))
    assert outcome.cpu_seconds < 3.5 and outcome.max_rss < 2**28, outcome
    began = time.process_time()
    assert_right(ask(sandbox, hostile("honest")))
    assert time.process_time() - began < 1


@pytest.mark.parametrize("name", sorted(ANSWERED))
def test_answers_all_the_same(sandbox, name):
    assert_right(ask(sandbox, hostile(name)))


@pytest.mark.parametrize("name", sorted(WALLED_OFF))
def test_nothing_is_reached(sandbox, name, tmp_path, monkeypatch):
    monkeypatch.setenv("CATTERN_SECRET", "seed")
    secret = tmp_path / "solution.py"
    secret.write_text("the solution")
    address = f"cattern-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind("\0" + address)
        abstract.listen()
        targets = [
            str(secret),
            str(tmp_path),
            str(HOSTILE.parents[1] / "cattern"),
            address,
            str(server.getsockname()[1]),
        ]
        outcome = ask(sandbox, hostile(name), targets=targets)
    assert outcome.status == "ok", outcome
    assert wire.unpack(outcome.payload)[0]["words"] == ""


@pytest.mark.parametrize("name", sorted(CHEATS))
def test_nonsense_stays_nonsense(sandbox, name):
    outcome = ask(sandbox, hostile(name))
    _, arrays = wire.unpack(outcome.payload)
    assert type(arrays["scores"]) is np.ndarray
    np.testing.assert_array_equal(arrays["scores"], CHEATS[name])


def test_numbers_that_are_none_arrive_as_they_are(sandbox):
    scores = wire.unpack(ask(sandbox, hostile("nan_inf")).payload)[1]["scores"]
    np.testing.assert_array_equal(scores, [np.nan, np.inf, -np.inf])


def test_a_forged_answer_with_a_pickle_is_refused(sandbox):
    outcome = ask(sandbox, hostile("forged_frame"))
    assert outcome.status == "ok", "it is this task's own data, whoever wrote it"
    with pytest.raises(wire.WireError, match="only plain arrays"):
        wire.unpack(outcome.payload)


def test_a_whole_answer_of_a_process_that_failed_is_none(sandbox):
    outcome = ask(sandbox, hostile("forged_frame").replace("_exit(0)", "_exit(5)"))
    assert (outcome.status, outcome.detail, outcome.payload) == ("exit", "5", b"")


def test_a_file_named_like_a_library_does_not_replace_it(sandbox):
    shadows = dict.fromkeys(("numpy", "json", "os", "cattern"), "raise SystemExit('shadow')")
    assert_right(
        ask(sandbox, "import os, json\nimport numpy as np\ndef scores(X):\n return np.add(X, X)", **shadows)
    )


def test_neighbours_do_not_disturb_each_other(sandbox):
    """A loop, a memory bomb and a killer beside an honest task: three more sandboxes, four threads."""
    seen = {}

    def neighbour(name):
        with toy_sandbox() as other:
            seen[name] = ask(other, hostile(name), limits_for(name)).status

    names = ("infinite_loop", "memory_bomb", "kill_parent")
    threads = [threading.Thread(target=neighbour, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for _ in range(10):
        assert_right(ask(sandbox, hostile("honest")))
    for thread in threads:
        thread.join()
    assert seen == {"infinite_loop": "timeout", "memory_bomb": "memory", "kill_parent": "ok"}
