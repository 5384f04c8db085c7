"""The two halves meet in entry points: with the instructors' half there are its commands, without it there are none, and no error."""

import sys

import pytest

from cattern.plugins import installed


def offer(folder, module: str, monkeypatch) -> None:
    """Let a package be installed that offers `add` of a module."""
    about = folder / "offering-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: offering\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[cattern.testing]\nours = {module}:add\n")
    monkeypatch.syspath_prepend(str(folder))


def test_what_is_installed_is_found(tmp_path, monkeypatch):
    (tmp_path / "offering_add.py").write_text("def add(app):\n    return app + 1\n")
    offer(tmp_path, "offering_add", monkeypatch)
    assert [add(1) for add in installed("cattern.testing")] == [2]
    assert list(installed("cattern.nothing")) == []


def test_a_half_that_is_gone_is_no_error_and_a_broken_one_is(tmp_path, monkeypatch):
    offer(tmp_path, "offering_gone", monkeypatch)
    assert list(installed("cattern.testing")) == []
    (tmp_path / "offering_gone.py").write_text("import no_such_library\n")
    sys.path_importer_cache.pop(str(tmp_path), None)
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        list(installed("cattern.testing"))


def test_the_instructors_half_offers_its_commands_and_its_references():
    assert [add.__module__ for add in installed("cattern.commands")] == ["autograder.cli"]
    assert [found.__module__ for found in installed("cattern.references")] == [
        "autograder.solution.reference"
    ]
