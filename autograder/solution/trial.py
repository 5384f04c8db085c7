"""Judges and explains files as the grader does, but in this process: for the course's own code, which needs no wall."""

from collections.abc import Collection, Mapping

from autograder.solution.reference import load_together
from cattern.checking import run as probing
from cattern.checking.facts import Answer
from cattern.checking.judge import judge_task
from cattern.checking.lab import Lab, Task
from cattern.checking.locate.candidates import Repair
from cattern.checking.locate.explain import Explainer
from cattern.checking.reference import Reference
from cattern.checking.verdict import Mistake, TaskVerdict


class Without:
    """A reference that does not know some mistakes of the catalogue."""

    def __init__(self, reference: Reference, unknown: Collection[str], any_pair: bool = False):
        """Leave out the mistakes `unknown`; `any_pair`: two mistakes are tried together even where both change the same numbers."""
        self.lab, self.probes, self.facts = reference.lab, reference.probes, reference.facts
        self.basis, self.hidden, self.patched = reference.basis, reference.hidden, reference.patched
        self._mistakes, self._unknown, self._any_pair = reference.mistakes, frozenset(unknown), any_pair

    def mistakes(self, task: Task) -> Mapping[str, Mistake]:
        """Return the catalogue of a task without what is left out."""
        return {m: words for m, words in self._mistakes(task).items() if m not in self._unknown}

    def computes(self) -> bool:
        """Tell whether any set of mistakes can be run; where not, pairs that leave each other's numbers alone are tried."""
        return self._any_pair


def verdicts(
    lab: Lab, texts: Mapping[str, str], reference: Reference
) -> list[tuple[TaskVerdict, list[Repair]]]:
    """Return the verdicts on a lab's files, explained, each with the repairs that were found for it."""
    found, explained, explainer = {}, [], Explainer(lab, reference, texts)
    failure, modules = None, {}
    try:
        modules = load_together(texts)
    except Exception as error:
        failure = probing.describe(error, "")
    for task in lab.tasks:
        if task.source != "module":
            continue
        probes = reference.probes(task)
        if failure:
            answers = [Answer(p.id, {}, failure) for p in probes]
        else:
            module = modules[lab.file_of(task)]
            answers = probing.run(task.driver, module, probes, module.__file__)
        verdict, found[task.id] = judge_task(lab, task, answers, reference, found)
        before = len(explainer.repairs.get(lab.file_of(task), ()))
        said = explainer.explained(task, verdict, answers, found)
        explained.append((said, explainer.repairs.get(lab.file_of(task), [])[before:]))
    return explained
