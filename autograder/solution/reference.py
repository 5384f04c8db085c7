"""The grader's reference: what the solution gives, and what it gives with any set of mistakes in it.

The solution and its mistakes are the course's own code, so they run here, in the grader's process. Everything is
computed when it is first asked for, and kept.
"""

import inspect
import linecache
import threading
from collections import deque
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np

from autograder import notebook
from autograder.course import ROOT, Course
from autograder.markers import emptied, regions
from autograder.solution import patches as catalogue
from autograder.solution.intermediates import Recorder, load_words
from autograder.solution.store import Store, pack, sources, unpack
from autograder.solution.together import load_together
from cattern.checking import fingerprints
from cattern.checking import run as probing
from cattern.checking.agent.instrument import Place
from cattern.checking.answers import told_by
from cattern.checking.facts import RAISED, Facts, changed, read
from cattern.checking.lab import Lab, Probe, Task
from cattern.checking.locate.basis import Basis
from cattern.checking.verdict import Mistake

PUBLIC_SEED = "public"  # of the inputs that students see
FACTS_KEPT = 20_000  # of sets of mistakes; some 8 kB each
MODULES_KEPT = 256  # a search goes through thousands of pairs, and runs most of them once
# One for all references: while the solution runs, stdout, warnings and NumPy's random stream of the whole process are its own.
_running = threading.RLock()


def open_reference(course: Course, seed: str | None = None) -> "SolutionReference":
    """Return the reference of a course: one a process, until the sources change.

    Args:
        course: the course.
        seed: what the inputs are drawn from; the course's secret when not given.
    """
    return _reference(course, seed or course.secret, course.snapshot())


def public_reference(course: Course) -> "SolutionReference":
    """Return the reference on the inputs that students see."""
    return open_reference(course, PUBLIC_SEED)


def public_reference_in(lab_name: str, folder: Path) -> "SolutionReference":
    """Return the public reference of the course in a folder: where instructors work, `check` asks it."""
    return public_reference(Course.open(lab_name, folder))


def public_fingerprints(course: Course) -> bytes:
    """Return the numbers that the solution and its mistakes give on the public inputs: what `check` compares with."""
    reference = public_reference(course)
    checked = [t for t in course.lab.tasks if t.source == "module"]
    name = " ".join(["fingerprints", *(t.id for t in checked)])
    written = reference.store.get(name, lambda: fingerprints.write(reference, checked))
    return fingerprints.telling(written, told_by(reference)) if course.choices.tell_theory else written


@lru_cache(maxsize=8)
def _reference(course: Course, seed: str, snapshot: tuple) -> "SolutionReference":
    cells, draw = notebook.solution_cells(course), course.instructors("probes").draw
    return SolutionReference(course.lab, seed, cells, course.root, course.catalogue, draw)


class SolutionReference:
    """The reference of one lab, for one seed. Safe to share between threads."""

    def __init__(
        self,
        lab: Lab,
        seed: str,
        answers: Mapping[str, str] | None = None,
        root: Path = ROOT,
        catalogue_folder: Path | None = None,
        draw: Callable | None = None,
    ):
        """Read the solution and the catalogue; nothing runs yet.

        Args:
            lab: the lab.
            seed: the course's secret; the same seed gives the same inputs on every machine.
            answers: code of the solution's notebook cells, grade_id → source.
            root: the folder that holds the solved `cattern` package.
            catalogue_folder: where the catalogue of mistakes is; the installation's when not given.
            draw: the lab's function that draws a task's probes; the installation's when not given.
        """
        self.lab, self.seed, self.cells, self.root = lab, seed, dict(answers or {}), root
        self.catalogue = catalogue_folder or ROOT / "autograder" / "labs" / lab.name / "mistakes"
        with _running:  # Python 3.11 cannot make syntax trees in two threads at once (its issue 106905)
            self.patches = {m.id: m for m in catalogue.load(lab.name, root, self.catalogue)}
        self._named = {
            t.id: {
                m.id: Mistake(m.id, m.explanation, tuple(m.hint))
                for m in self.patches.values()
                if m.task == t.id
            }
            for t in lab.tasks
        }
        self._draw = draw or import_module(f"autograder.labs.{lab.name}.probes").draw
        self._probes: dict[str, list[Probe]] = {}
        self._facts: dict[tuple[str, frozenset[str], str], Facts | None] = {}
        self._sets: deque[tuple[str, frozenset[str], str]] = (
            deque()
        )  # those of several mistakes, oldest first
        self._words = load_words(self.catalogue.parent / "words.toml")
        self._bases: dict[tuple[str, frozenset[str], str], Basis] = {}
        self._recorders: dict[tuple[str, frozenset[str]], Recorder | None] = {}
        self._modules: dict[tuple[str, frozenset[str]], dict[str, ModuleType] | None] = {}
        self._hidden: dict[tuple[str, frozenset[str]], frozenset[str]] = {}
        self._optional: dict[str, bool] = {}  # task id → whether all runs without its code, too

    def probes(self, task: Task) -> list[Probe]:
        """Return the task's probes; see `Reference`."""
        with _running:
            if task.id not in self._probes:
                entropy = [self.lab.name, task.id, self.seed]
                rng = np.random.default_rng([b for text in entropy for b in (*text.encode(), 0)])
                self._probes[task.id] = self._draw(task.id, rng)
            return self._probes[task.id]

    def mistakes(self, task: Task) -> Mapping[str, Mistake]:
        """Return the catalogue of one task; see `Reference`."""
        return self._named[task.id]

    def computes(self) -> bool:
        """Any set of mistakes can be run; see `Reference`."""
        return True

    def facts(self, task: Task, mistakes: frozenset[str], probe: Probe) -> Facts | None:
        """Return the facts of one probe, or None when two of the mistakes touch the same text; see `Reference`."""
        key = (task.id, mistakes, probe.id)
        with _running:
            if key not in self._facts:
                if len(mistakes) == 1 and task.source == "module":
                    self._facts |= self._with_each_mistake(task, self.patches[min(mistakes)].task)
                else:
                    self._facts[key] = self._computed(task, mistakes, probe)
                    self._forget_some(key)
            return self._facts[key]

    def _forget_some(self, latest: tuple) -> None:
        """Keep the facts of sets of mistakes to a number: what one submission asked for is rarely asked for by the next."""
        if len(latest[1]) > 1:
            self._sets.append(latest)
        while len(self._sets) > FACTS_KEPT:
            del self._facts[self._sets.popleft()]

    def hidden(self, task: Task, mistakes: frozenset[str]) -> frozenset[str]:
        """Return the facts that do not tell whether the task's code is there; see `Reference`."""
        with _running:
            key = (task.id, mistakes)
            if key not in self._hidden:
                self._hidden[key] = self._hidden_by(task, mistakes)
            return self._hidden[key]

    def _hidden_by(self, task: Task, mistakes: frozenset[str]) -> frozenset[str]:
        if task.source != "module" or not self._can_be_left_out(task):
            return frozenset()
        told: set[str] = set()
        names: set[str] = set()
        for probe in self.probes(task):
            there, blank = self.facts(task, mistakes, probe), self._blank_facts(task, mistakes, probe)
            if there is None or blank is None:
                return frozenset()
            told |= {name for _, name in changed(there, blank)}
            names |= {name for _, name in there}
        return frozenset(names - told)

    def _can_be_left_out(self, task: Task) -> bool:
        """Tell whether the solution without the task's code runs at all: most code sets names that others need."""
        if task.id not in self._optional:
            probe = self.probes(task)[0]
            self._optional[task.id] = (probe.id, RAISED) not in self._blank_facts(task, frozenset(), probe)
        return self._optional[task.id]

    def _blank_facts(self, task: Task, mistakes: frozenset[str], probe: Probe) -> Facts | None:
        file = self.lab.file_of(task)
        try:
            texts = {f: self.patched(f, mistakes) for f in self.lab.student_files}
        except catalogue.Conflict:
            return None
        gaps = [region for region in regions(texts[file], file) if region.task == task.id]
        module = load_together(texts | {file: emptied(texts[file], gaps)})[file]
        answers = probing.run(task.driver, module, [probe], module.__file__)
        return read(task, {probe.id: probe.inputs}, answers)

    def _with_each_mistake(self, task: Task, of: str) -> dict:
        """Return a task's facts with each mistake of the task `of`: from the store, which is filled where it is empty."""

        def table() -> bytes:
            mine = [m for m, patch in self.patches.items() if patch.task == of]
            return pack(
                {m: [self._computed(task, frozenset([m]), p) for p in self.probes(task)] for m in mine}
            )

        kept = unpack(self.store.get(f"{task.id} with mistakes of {of}", table))
        return {
            (task.id, frozenset([m]), probe.id): facts
            for m, rows in kept.items()
            for probe, facts in zip(self.probes(task), rows, strict=True)
        }

    @cached_property
    def store(self) -> Store:
        """What was computed before, by whatever process, from the same sources."""
        probes = Path(inspect.getfile(self._draw)).parent
        return Store([self.lab.name, self.seed, *sources(self.root, [probes, self.catalogue])])

    def _computed(self, task: Task, mistakes: frozenset[str], probe: Probe) -> Facts | None:
        module = self._module(task, mistakes)
        if module is None:
            return None
        answers = probing.run(task.driver, module, [probe], module.__file__)
        return read(task, {probe.id: probe.inputs}, answers)

    def basis(self, task: Task, mistakes: frozenset[str], probe: Probe) -> Basis:
        """Return what the solution with these mistakes knows on a probe; see `intermediates`."""
        key = (task.id, mistakes, probe.id)
        with _running:
            if key not in self._bases:
                source = (task.id, mistakes)
                if source not in self._recorders:
                    self._recorders[source] = self._recorder(task, mistakes)
                recorder = self._recorders[source]
                self._bases[key] = recorder.basis(probe) if recorder else Basis()
            return self._bases[key]

    def solution_of(self, task: Task, name: str) -> str:
        """Return how the solution computes a named quantity: "hidden = np.maximum(0, pre_activation)", with its line."""
        place = self.place_of(task, name)
        return f"line {place.line}: {place.statement}"

    def place_of(self, task: Task, name: str) -> Place:
        """Return the place of the solution that computes a named quantity."""
        recorder = self._recorders.get((task.id, frozenset())) or self._recorder(task, frozenset())
        return recorder.place_of(name)

    def _recorder(self, task: Task, mistakes: frozenset[str]) -> Recorder | None:
        """Return what records a task's solution, or None when the patches are in each other's way."""
        texts = self._texts(task, mistakes)
        return texts and Recorder(self.lab, task, texts, self._words)

    def _module(self, task: Task, mistakes: frozenset[str]):
        """Return the (patched) module that holds a task's answer, or None when the patches are in each other's way."""
        key = (task.id, frozenset()) if task.source == "cell" else ("", mistakes)
        if key not in self._modules:
            if len(self._modules) >= MODULES_KEPT:
                oldest = self._modules.pop(next(iter(self._modules)))
                for old in (oldest or {}).values():
                    linecache.cache.pop(old.__file__, None)
            texts = self._texts(task, mistakes)
            self._modules[key] = texts and load_together(texts)
        modules = self._modules[key]
        return modules and modules[self.lab.file_of(task)]

    def _texts(self, task: Task, mistakes: frozenset[str]) -> dict[str, str] | None:
        """Return the files that hold a task's answer, or None when the patches are in each other's way."""
        if task.source == "cell":
            return {self.lab.file_of(task): "import numpy as np\n" + self.cells.get(task.cell, "")}
        try:
            return {file: self.patched(file, mistakes) for file in self.lab.student_files}
        except catalogue.Conflict:
            return None

    def patched(self, file: str, mistakes: frozenset[str]) -> str:
        """Return the text of a solved file with those of the mistakes in it that are this file's."""
        chosen = [self.patches[m] for m in sorted(mistakes) if self.patches[m].source == file]
        return catalogue.apply((self.root / file).read_text(encoding="utf-8"), chosen)
