"""Runs a task's driver on an instrumented file: once to see the values in it, and again with others in their place."""

import linecache
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import numpy as np

from cattern.checking import run as probing
from cattern.checking.agent.instrument import Place, instrumented
from cattern.checking.agent.loading import load_student, without_magic, without_trace
from cattern.checking.agent.watch import Filling, Watch, read_told, told_plan
from cattern.checking.channel import Channel, PipeError
from cattern.checking.facts import Answer, Facts, read
from cattern.checking.lab import Lab, Probe, Task, module_name

MAX_SOURCE = 100_000  # characters of a student's file: in a longer one no place is looked for
MAX_STEPS = 10_000_000
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


ONLY_JUDGED = ("own", "draws")


def lightened(probe: Probe) -> Probe:
    """Return a probe without what the judge alone asks for: slopes of the student's own function, which take hundreds of calls,
    and draws at random, of which no two are alike."""
    return replace(probe, inputs={k: v for k, v in probe.inputs.items() if k not in ONLY_JUDGED})


class Runner(ABC):
    """The instrumented file of one task.

    Attributes:
        places: the places in it, by number.
    """

    places: Sequence[Place]

    def __init__(self, task: Task):
        """Keep the task."""
        self.task = task

    def record(self, probe: Probe, plan: Mapping[int, Filling] | None = None) -> Recording:
        """Run a probe and keep all values."""
        return self._run(lightened(probe), plan or {}, True, sys.maxsize)

    def run(self, probe: Probe, plan: Mapping[int, Filling], limit: int) -> Recording:
        """Run a probe with other values in some places.

        Args:
            probe: the probe.
            plan: place → what is put there.
            limit: number of steps after which it is given up.
        """
        return self._run(lightened(probe), plan, False, limit)

    @abstractmethod
    def _run(self, probe: Probe, plan: Mapping[int, Filling], keep: bool, limit: int) -> Recording:
        """Run a probe; see `record` and `run`."""

    def _read(self, probe: Probe, answer: Answer) -> tuple[Facts, int | None]:
        """Return the facts of an answer, and the line that raised."""
        facts = read(self.task, {probe.id: probe.inputs}, [answer])
        return facts, answer.failure.line if answer.failure else None

    @abstractmethod
    def close(self) -> None:
        """Let go of the file."""


class Here(Runner):
    """The file runs in this process: the solution, or a student's own in a student's own check."""

    def __init__(self, lab: Lab, task: Task, texts: Mapping[str, str]):
        """Load the lab's files, the task's own one instrumented.

        Args:
            lab: the lab.
            task: the task.
            texts: path → source of the student's files; those that are missing come from where Python finds them.

        Raises:
            Exception: whatever the files raise when they are loaded.
        """
        super().__init__(task)
        own, self._watch = lab.file_of(task), Watch()
        names = {file: module_name(file) for file in (*lab.student_files, own) if file in texts}
        with without_trace(names.values()):
            for file, name in names.items():
                path = Path(f"located-{next(_number)}.py")
                if file == own:
                    source = probing.with_numpy(task, texts[file])
                    self._module, _ = load_student(name, path, source, self._watch.made)
                    break
                load_student(name, path, texts[file])
        self.places = self._watch.places

    def close(self) -> None:
        """Forget the source."""
        linecache.cache.pop(self._module.__file__, None)

    def _run(self, probe: Probe, plan: Mapping[int, Filling], keep: bool, limit: int) -> Recording:
        watch = self._watch
        watch.start(plan, keep, limit)
        (answer,) = probing.run(self.task.driver, self._module, [probe], self._module.__file__)
        return Recording(
            *self._read(probe, answer), watch.seen or {}, watch.times, watch.steps, tuple(watch.called)
        )


class There(Runner):
    """The file runs at the other end of a pipe. What comes from there may be forged: then the words are wrong, and no mark."""

    def __init__(self, channel: Channel, lab: Lab, task: Task, source: str):
        """Load a student's file, instrumented.

        Args:
            channel: to the agent.
            lab: the lab.
            task: the task.
            source: the text of the file (or cell) with the task's answer.

        Raises:
            Exception: whatever the file raises when it is loaded, or that it is too long to be looked at.
        """
        super().__init__(task)
        source = probing.with_numpy(task, source)
        if len(source) > MAX_SOURCE:
            raise ValueError("too long")
        _, self.places = instrumented(without_magic(source))
        self._channel, self._file = channel, lab.file_of(task)
        channel.load_watched(module_name(self._file), source)

    def close(self) -> None:
        """Do nothing: the other process ends with the conversation."""

    def _run(self, probe: Probe, plan: Mapping[int, Filling], keep: bool, limit: int) -> Recording:
        self._channel.ask("watch", *told_plan(plan), keep, min(limit, MAX_STEPS))
        module = self._channel.probe(probing.SEED)
        with np.errstate(all="ignore"):
            answer = probing.answer(self.task.driver, module, probe, self._file)
        facts, line = self._read(probe, answer)
        text, numbers = self._channel.ask("watched")
        try:
            steps, called, times, seen = read_told(str(text), np.asarray(numbers, float))
        except ValueError as error:
            raise PipeError(str(error)) from None
        known = range(len(self.places))
        if any(number not in known for number in (*seen, *called)):
            raise PipeError("it saw places that are not in the file")
        return Recording(facts, line, seen, times, max(steps, 0), tuple(called))
