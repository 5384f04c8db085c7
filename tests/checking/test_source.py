"""What Python cannot read costs the TODO in which it stands, and no other one more than an exception at the same place does."""

import ast

import pytest
from judging import WithoutDiagnosis, grade_files, reference, solved
from sampling import sample

from autograder import markers
from cattern.checking.lab import lab_names
from cattern.checking.source import MOST_LEFT_OUT, as_written, repaired

PLACES = [
    (lab, file, region)
    for lab in lab_names()
    for file, text in solved(lab).items()
    for region in markers.regions(text, file)
]
ENDINGS = (" (", " = = 1", " [", "\n{}if True:", "\n{}for", "\n{}  y = 1", "\n{}print('a)")


def broken(file: str, text: str, region: markers.Region, ending: str) -> str:
    """Return a file with something behind the last line of a region's code that Python cannot read."""
    lines = text.split("\n")
    last = max(i for i in range(region.begin, region.end - 1) if lines[i].strip())
    lines[last] += ending.format(region.indent)
    return "\n".join(lines)


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_python_cannot_read_is_left_out_with_its_todo_alone(ending):
    wrong = []
    for lab, file, region in PLACES:
        text = broken(file, solved(lab)[file], region, ending)
        mended, said = repaired(text)
        before, after = text.split("\n"), mended.split("\n")
        others = [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
        about = [(lab, region.task), *said, *others]
        right = len(said) == 1 and f"the code of {region.task} was left out" in said[0]
        right = right and others[0] < region.begin <= others[-1] <= region.end + 1
        if not (right and all(after[i].strip()[:3] == "#| " for i in others[1:]) and ast.parse(mended)):
            wrong.append(about)
        if as_written(mended) != text:
            wrong.append((*about, "not shown as it was written"))
    assert not wrong and as_written(text.replace("#", "#| ")) == text.replace("#", "#| ")


def test_the_other_tasks_are_judged_as_after_an_exception():
    wrong = []
    for lab, file, region in sample(PLACES, 4):
        using = WithoutDiagnosis(reference(lab))
        texts = solved(lab)
        lines = texts[file].split("\n")
        lines.insert(region.begin, f"{region.indent}raise ValueError(1)")
        raised = grade_files(lab, {**texts, file: "\n".join(lines)}, using=using)
        left, _ = repaired(broken(file, texts[file], region, " ("))
        found = grade_files(lab, {**texts, file: left}, using=using)
        wrong += [(lab, region.task, t) for t in found if found[t].score != raised[t].score]
        own = found[region.task]
        if "SyntaxError: '(' was never closed in line" not in own.rationale or own.score:
            wrong.append((lab, region.task, own.rationale))
    assert not wrong


def test_several_todos_and_signs_in_one_file():
    text = solved("two_layer_net")["cattern/neural_net.py"]
    text = text.replace("np.argmax(", "np.argmax((").replace("batch = np", "batch = = np")
    text = text.replace("learning_rate *= ", "learning_rate *=\u00a0")
    mended, said = repaired(text)
    assert "no-break space" in said[0] and ast.parse(mended)
    assert [words.rpartition(": ")[2] for words in said[1:]] == [
        "the code of TODO#4 was left out",
        "the code of TODO#7 was left out",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import numpy", "import import numpy"),
        ("class TwoLayerNet:", "class TwoLayerNet"),
        ("# TODO#", "# todo "),
    ],
)
def test_what_stands_in_no_todo_is_left_as_it_is(old, new):
    text = solved("two_layer_net")["cattern/neural_net.py"].replace(old, new)
    text = text.replace("np.argmax(", "np.argmax((") if "todo" in new else text
    assert repaired(text) == (text, [])


def test_a_file_of_many_todos_is_not_tried_for_long():
    text = "def f():\n" + "    # TODO#1: x\n    y = (\n" * 2000
    assert len(text) < MOST_LEFT_OUT and repaired(text) == (text, [])
