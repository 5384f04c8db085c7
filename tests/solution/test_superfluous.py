"""Which entries of a catalogue could go: tried by the command, and by entries whose cost is known."""

import subprocess
import sys

import pytest
from judging import reference

from autograder.course import ROOT
from autograder.solution.patches import Patch
from autograder.solution.superfluous import mechanical, superfluous, tried
from autograder.solution.trial import Without

LAB = "nearest_neighbour"


def command(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "cattern", "mistake", "superfluous", *arguments],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_command_says_what_each_entry_would_cost_and_what_is_said_instead():
    chosen = [part for id in ("nearest-largest-first", "choose-counts") for part in ("--only", id)]
    done = command(LAB, *chosen)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "stays: TODO#2 nearest-largest-first: nearest-farthest named instead in TODO#2" in lines
    at = lines.index("says more than its place: TODO#4 choose-counts")
    assert "counted, not averaged" in lines[at + 1] and "the accuracy with k neighbours" in lines[at + 2]
    assert lines[-1].startswith("1 cost nothing.")


def test_an_id_that_the_catalogue_does_not_have_is_told():
    done = command(LAB, "--only", "no-such-mistake")
    assert done.returncode != 0 and "has no no-such-mistake" in done.stderr


def test_mechanical_is_what_changes_a_few_tokens_in_one_place():
    def patch(*pairs: tuple[str, str]) -> Patch:
        return Patch("x", "TODO#1", "", (), pairs)

    assert mechanical(patch(("a = 2 * b", "a = 0.5 * b")))
    assert mechanical(patch(("np.sum(a, axis=1)", "np.sum(a, axis=0)")))
    assert mechanical(patch(("a -= b", "a += b"))) and mechanical(patch(("a = -b", "a = b")))
    assert mechanical(patch(("a = b / n", "a = b")))
    assert not mechanical(patch(("a = b / n", "a = c / n - d")))
    assert not mechanical(patch(("a = b / n", "a = b / n\na = a.clip(0, 1) - 1")))
    assert not mechanical(patch(("a = b", "a = c"), ("d = e", "d = f")))


@pytest.mark.slow  # lab 1, with any pair of mistakes: five seconds
def test_points_of_later_tasks_that_come_by_the_name_are_a_cost():
    lab = reference("two_layer_net")
    patch = lab.patches["scores-minimum"]
    (found,) = superfluous(lab, [patch.id])
    assert any("points of TODO#" in cost for cost in found.costs)


def test_an_entry_that_stands_in_for_another_is_found_when_both_are_out():
    lab = reference(LAB)
    alone = tried(lab, lab.patches["choose-counts"], {"choose-counts"})
    assert not alone.costs and not alone.tells and alone.words
    everything = tried(lab, lab.patches["nearest-largest-first"], set(lab.patches))
    assert not everything.costs  # no other entry is left to be named instead
    assert "choose-counts" not in Without(lab, ["choose-counts"]).mistakes(lab.lab.task("TODO#4"))
