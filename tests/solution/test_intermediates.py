"""The named quantities of a solution: the tables name what is there, and what is published holds no code of it."""

import re

import numpy as np
import pytest
from judging import reference, solution_lines, solved

from autograder.course import ROOT
from autograder.markers import strip
from autograder.solution.intermediates import load_words, unknown
from cattern.checking import fingerprints
from cattern.checking.lab import lab_names, load_lab
from cattern.checking.locate.basis import same

NONE: frozenset[str] = frozenset()
MODULE_TASKS = [(lab, t) for lab in lab_names() for t in load_lab(lab).tasks if t.source == "module"]


def words_of(lab: str):
    return load_words(ROOT / "autograder" / "labs" / lab / "words.toml")


@pytest.mark.parametrize("lab", lab_names())
def test_every_name_in_the_table_stands_in_the_solution(lab):
    assert unknown(solved(lab), words_of(lab)) == []


def test_a_name_that_stands_nowhere_is_found():
    texts = solved("two_layer_net")
    renamed = {file: text.replace("exp_scores", "e") for file, text in texts.items()}
    assert any("exp_scores" in name for name in unknown(renamed, words_of("two_layer_net")))


def test_every_second_value_is_a_quantity_of_its_own():
    known = reference("nn_library")
    task = known.lab.task("TODO#6")
    found = known.basis(task, NONE, known.probes(task)[0]).quantities.values()
    both, train, val = (
        next(q.values[0] for q in found if q.words == f"the loss of {words}")
        for words in ("one whole set", "the whole training set", "the whole validation set")
    )
    assert train and val and both[0::2] == train and both[1::2] == val


@pytest.mark.parametrize(("lab", "task"), MODULE_TASKS, ids=[f"{lab} {t.id}" for lab, t in MODULE_TASKS])
def test_every_task_has_quantities(lab, task):
    known = reference(lab)
    assert all(known.basis(task, NONE, probe).quantities for probe in known.probes(task))


@pytest.mark.parametrize("lab", lab_names())
def test_what_a_bundle_carries_is_the_same_small_and_without_code(lab):
    about, known = load_lab(lab), reference(lab)
    tasks = [t for t in about.tasks if t.source == "module"]
    blob = fingerprints.write(known, tasks)
    assert len(blob) < 3 * 2**20
    released = "".join(strip(text, file) for file, text in solved(lab).items()).replace('"', "'")
    carried = fingerprints.FingerprintReference(about, blob)
    for task in tasks:
        for probe in known.probes(task):
            ours, theirs = known.basis(task, NONE, probe), carried.basis(task, NONE, probe)
            assert (ours.sizes, ours.calls) == (theirs.sizes, theirs.calls)
            assert list(ours.quantities) == list(theirs.quantities)
            named = [name.partition(": ")[2] for name in theirs.quantities if not re.search(r" #\d+$", name)]
            assert [code for code in named if code not in released] == []
            for name, quantity in ours.quantities.items():
                other = theirs.quantities[name]
                assert (quantity.words, quantity.given) == (other.words, other.given)
                for a, b in zip(quantity.values, other.values, strict=True):
                    assert all(same(x, y) and np.shape(x) == np.shape(y) for x, y in zip(a, b, strict=True))
    long = [line for line in solution_lines(lab) if len(line) > 30]
    assert not [line for line in long if line.encode() in blob]
