"""Runs a task's driver on an instrumented file: once to see the values in it, and again with others in their place."""

import linecache
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from types import ModuleType

from cattern.checking import run as probing
from cattern.checking.facts import Facts, read
from cattern.checking.lab import Lab, Probe, Task, module_name
from cattern.checking.locate.instrument import Filling, Watch, instrumented

LONGER = 3  # a run with other values may take as many times the steps of the one before
_number = count()


@dataclass(frozen=True)
class Recording:
    """What one run gave.

    Attributes:
        facts: as the judge sees them.
        line: the line of the file that raised, or None.
        seen: place → call → values.
        times: place → call → when they were seen, in steps.
        steps: how many places were passed.
        called: the places at which methods were called, in order.
    """

    facts: Facts
    line: int | None = None
    seen: dict[int, list[list]] = field(default_factory=dict)
    times: dict[int, list[list[int]]] = field(default_factory=dict)
    steps: int = 0
    called: tuple[int, ...] = ()


def without_slopes(probe: Probe) -> Probe:
    """Return a probe that does not ask for the slopes of the student's own function: that takes hundreds of calls."""
    return replace(probe, inputs={k: v for k, v in probe.inputs.items() if k != "own"})


class Runner:
    """The instrumented file of one task. It runs in this process: for the solution, and for a student's own check."""

    def __init__(self, lab: Lab, task: Task, texts: Mapping[str, str]):
        """Load the lab's files, the task's own one instrumented.

        Args:
            lab: the lab.
            task: the task.
            texts: path → source of the student's files; those that are missing come from where Python finds them.

        Raises:
            Exception: whatever the files raise when they are loaded.
        """
        own = lab.file_of(task)
        tree, self.places = instrumented(texts[own])
        self.task, self.watch = task, Watch(self.places)
        names = {file: module_name(file) for file in lab.student_files if file in texts}
        before = {name: sys.modules.get(name) for name in names.values()}
        try:
            for file, name in names.items():
                path = Path(f"located-{next(_number)}.py")
                if file == own:
                    self.module = self._load(name, path, texts[file], tree)
                    break
                probing.load_module(name, path, texts[file])
        finally:
            for name, module in before.items():
                sys.modules.pop(name, None)
                if module is not None:
                    sys.modules[name] = module

    def _load(self, name: str, path: Path, source: str, tree) -> ModuleType:
        module = ModuleType(name)
        module.__file__ = str(path)
        linecache.cache[str(path)] = (len(source), None, source.splitlines(keepends=True), str(path))
        vars(module).update(self.watch.names())
        sys.modules[name] = module
        with probing.quiet():
            exec(compile(tree, str(path), "exec"), vars(module))
        return module

    def close(self) -> None:
        """Forget the source."""
        linecache.cache.pop(self.module.__file__, None)

    def record(self, probe: Probe, plan: Mapping[int, Filling] | None = None) -> Recording:
        """Run a probe and keep all values."""
        self.watch.start(plan, keep=True)
        return self._recording(probe)

    def run(self, probe: Probe, plan: Mapping[int, Filling], limit: int) -> Recording:
        """Run a probe with other values in some places.

        Args:
            probe: the probe.
            plan: place → what is put there.
            limit: number of steps after which it is given up.
        """
        self.watch.start(plan, limit=limit)
        return self._recording(probe)

    def _recording(self, probe: Probe) -> Recording:
        probe = without_slopes(probe)
        answers = probing.run(self.task.driver, self.module, [probe], self.module.__file__)
        facts = read(self.task, {probe.id: probe.inputs}, answers)
        line = answers[0].failure.line if answers[0].failure else None
        watch = self.watch
        return Recording(facts, line, watch.seen or {}, watch.times, watch.steps, tuple(watch.called))
