"""What goes with the notebooks' questions: an answer for the instructor, under the name of its cell, and a page to read on."""

import re

import nbformat
import pytest
from courses import course_of

from cattern.checking.lab import lab_names


@pytest.mark.parametrize("lab", lab_names())
def test_every_question_has_an_answer(lab):
    course = course_of(lab)
    cells = nbformat.read(course.notebook, as_version=4).cells
    asked = [cell.id for cell in cells if "**Question.**" in cell.source]
    text = (course.catalogue.parent / "answers.md").read_text(encoding="utf-8")
    answers = re.findall(r"^## (\S+)\n\n(.{20,})$", text, re.M)
    assert asked
    assert [name for name, _ in answers] == asked


@pytest.mark.parametrize("lab", lab_names())
def test_every_question_says_where_to_read_on(lab):
    cells = nbformat.read(course_of(lab).notebook, as_version=4).cells
    asked = [cell for cell in cells if "**Question.**" in cell.source]
    link = re.compile(r"\n\n\*Read on:\* \[[^\]]{10,}\]\(https?://[^\s)]+\)$")
    assert [cell.id for cell in asked if len(link.findall(cell.source)) != 1] == []
