"""The cache of facts: what it gives is what was kept, whoever asks, and nothing that was made of other sources."""

import multiprocessing
import os
import time

import numpy as np
import pytest

from autograder.solution.reference import PUBLIC_SEED, SolutionReference
from autograder.solution.store import UNUSED, Store, pack, unpack
from cattern.checking.lab import load_lab

TABLE = {
    "a-mistake": [{("p", "x"): np.array([[1.5, np.nan]]), ("p", "!"): "ValueError: no"}, {}],
    "another": [{("p", "x"): np.array([[1.5, np.nan]]), ("q", "n"): np.asarray(3)}],
}


def refuse() -> bytes:
    raise AssertionError("it was made again")


def test_a_table_comes_back_as_it_was():
    back = unpack(pack(TABLE))
    assert back.keys() == TABLE.keys()
    for mistake, rows in TABLE.items():
        for one, other in zip(rows, back[mistake], strict=True):
            assert one.keys() == other.keys()
            for key, value in one.items():
                assert type(other[key]) is type(value) or np.ndim(value) == 0
                if not isinstance(value, str):
                    assert other[key].dtype == value.dtype
                    np.testing.assert_array_equal(other[key], value)
                else:
                    assert other[key] == value


def test_what_is_kept_is_not_made_again_and_other_sources_have_their_own(tmp_path):
    assert Store(["solution"], tmp_path).get("facts", lambda: b"1") == b"1"
    assert Store(["solution"], tmp_path).get("facts", refuse) == b"1"
    assert Store(["solution"], tmp_path).get("other facts", lambda: b"2") == b"2"
    assert Store(["another solution"], tmp_path).get("facts", lambda: b"3") == b"3"
    assert Store(["solu", "tion"], tmp_path).get("facts", lambda: b"4") == b"4"


def test_damage_a_missing_folder_and_a_full_disk_cost_time_only(tmp_path):
    store = Store(["solution"], tmp_path / "new" / "folder")
    store.get("facts", lambda: b"1")
    (file,) = (tmp_path / "new" / "folder").glob("*.z")
    assert file.parent.stat().st_mode & 0o077 == 0  # hidden inputs' numbers are the owner's alone
    file.write_bytes(b"damaged")
    assert store.get("facts", lambda: b"1") == b"1"
    assert store.get("facts", refuse) == b"1"
    (tmp_path / "a file").touch()
    assert Store(["solution"], tmp_path / "a file" / "below").get("facts", lambda: b"1") == b"1"


def test_it_can_be_switched_off(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CATTERN_CACHE", "")
    assert Store(["solution"]).get("facts", lambda: b"1") == b"1"
    assert list(tmp_path.iterdir()) == []


def test_files_that_nobody_read_for_long_go(tmp_path):
    store = Store(["solution"], tmp_path)
    store.get("old", lambda: b"1")
    for file in tmp_path.iterdir():
        os.utime(file, times=(time.time() - UNUSED - 9, time.time() - UNUSED - 9))
    store.get("new", lambda: b"2")
    assert len(list(tmp_path.glob("*.z"))) == 1


def slowly(folder) -> None:
    def make() -> bytes:
        (folder / f"made-{os.getpid()}").touch()
        time.sleep(0.5)
        return b"1"

    assert Store(["solution"], folder).get("facts", make) == b"1"


def test_of_many_processes_one_computes(tmp_path):
    processes = [multiprocessing.Process(target=slowly, args=(tmp_path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert len(list(tmp_path.glob("made-*"))) == 1


@pytest.mark.parametrize("name", ["nearest_neighbour"])
def test_a_reference_gives_the_same_from_the_store(name, tmp_path, monkeypatch):
    """Cold, warm and without a store: every fact of every mistake is the same, to the last bit."""
    lab = load_lab(name)

    def facts() -> dict:
        reference = SolutionReference(lab, PUBLIC_SEED)
        return {
            (task.id, mistake, probe.id): reference.facts(task, frozenset([mistake]), probe)
            for task in lab.tasks
            if task.source == "module"
            for mistake in reference.patches
            for probe in reference.probes(task)
        }

    monkeypatch.setenv("CATTERN_CACHE", "")
    plain = facts()
    monkeypatch.setenv("CATTERN_CACHE", str(tmp_path))
    for found in (facts(), facts()):
        assert found.keys() == plain.keys()
        for key, one in plain.items():
            assert one.keys() == found[key].keys()
            for fact, value in one.items():
                np.testing.assert_array_equal(value, found[key][fact])
    assert list(tmp_path.glob("*.z"))


def test_a_changed_mistake_is_computed_anew(tmp_path, monkeypatch):
    """The name of a file follows from the sources: another catalogue, solution or seed never reads these facts."""
    lab = load_lab("nearest_neighbour")
    assert SolutionReference(lab, "one").store.key != SolutionReference(lab, "two").store.key
    root = tmp_path / "course"
    (root / "cattern").mkdir(parents=True)
    text = (SolutionReference(lab, "one").root / lab.student_files[0]).read_text(encoding="utf-8")
    (root / lab.student_files[0]).write_text(text, encoding="utf-8")
    before = SolutionReference(lab, "one", root=root).store.key
    (root / lab.student_files[0]).write_text(text + "\n", encoding="utf-8")
    assert SolutionReference(lab, "one", root=root).store.key != before
