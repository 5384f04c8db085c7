"""A folder's name is data: it breaks no path, no table, no page and no terminal."""

import csv
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.sanitise.names import csv_cell, file_name, one_line, write_names

ODD = [
    "doe [2]", "doe*", "DOM\\doe", "a/b", "..", ".hidden", "-rf", "=1+1", "@sum", "two words ", "x" * 246, "",
    "Jose\u0301", "<script>", "caf\udce9", "a\nb", "\x1b[31mred", "\u202eevil", "a:b", "a&b", 'a"b', "con\x00",
]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["doe", "doe (late)", "doe+1", "李明", "José", "O'Neill, Tim", "two words", "a.b@c.de"]
)
def test_an_ordinary_name_stays(name):
    assert file_name(name) == name


@pytest.mark.parametrize("name", ODD)
def test_any_other_becomes_a_plain_one(name):
    assert re.fullmatch(r"[A-Za-z0-9-]{1,40}-[0-9a-f]{10}", file_name(name))


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=12), min_size=2, max_size=2, unique=True))
def test_no_two_students_share_a_name(names):
    files = [file_name(name) for name in names]
    assert files[0] != files[1] and not {"/", "\\", "*", "[", "<", "\n"} & set("".join(files))
    assert file_name(files[0]) == files[0] or file_name(files[0]) not in files, (
        "nobody can call themselves another"
    )


def test_a_name_made_to_look_like_another_students_is_none():
    assert file_name(file_name("doe*")) != file_name("doe*")


def test_the_table_tells_who_is_behind_a_name(tmp_path):
    write_names(tmp_path / "names.csv", ["doe", "zoe"])
    assert not (tmp_path / "names.csv").exists()
    write_names(tmp_path / "names.csv", ["doe", "=1+1"])
    write_names(tmp_path / "names.csv", ["doe*", "caf\udce9"])
    with (tmp_path / "names.csv").open(newline="") as file:
        said = {row["student"]: row["file"] for row in csv.DictReader(file)}
    assert said == {
        "'=1+1": file_name("=1+1"),
        "doe*": file_name("doe*"),
        "caf\\udce9": file_name("caf\udce9"),
    }


def test_words_for_a_spreadsheet_and_a_terminal():
    assert [csv_cell(t) for t in ("=1+1", "@x", "-3", "ada")] == ["'=1+1", "'@x", "'-3", "ada"]
    assert one_line("\x1b[2Ja\nb\u202e") == "\\x1b[2Ja\\nb\\u202e" and len(one_line("x" * 999)) < 210
