"""Fingerprints: the facts that the solution and its mistakes give on the public inputs, written down at release.

They are all that a student's bundle knows of the solution: numbers, no code. Mistakes keep their words, so that a check
speaks as the grader does.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from cattern.checking import wire
from cattern.checking.facts import Facts, changed
from cattern.checking.lab import Lab, Probe, Task
from cattern.checking.locate.basis import Basis, Quantity
from cattern.checking.verdict import Mistake

KINDS = {"b": bool, "i": np.int64, "f": np.float64}  # of a quantity; in capitals, it is a number and no array
FOLDER = Path(__file__).parent / "fingerprints"


def path_of(lab: Lab, folder: Path = FOLDER) -> Path:
    """Return where a lab's fingerprints are."""
    return folder / f"{lab.name}.bin"


def write(reference, tasks: Iterable[Task]) -> bytes:
    """Return the fingerprints of a reference as bytes, the same for the same reference.

    For every task: its probes, its catalogue's words, the solution's facts, those under each single mistake of the
    task or of a task it builds on, and the solution's named quantities.
    """
    numbers: dict[bytes, int] = {}  # one float32 array for all: arrays that are the same stand there once
    pool: list[np.ndarray] = []
    said = {}
    arrays = {}
    size = 0

    def stored(value):
        nonlocal size
        if isinstance(value, str):
            return value
        flat = np.asarray(value, np.float32).reshape(-1) + np.float32(
            0
        )  # no -0.0: equal facts are equal bytes
        key = flat.tobytes()
        if key not in numbers:
            numbers[key] = size
            pool.append(flat)
            size += flat.size
        return [numbers[key], list(np.shape(value))]

    for task in tasks:
        probes = reference.probes(task)
        for i, probe in enumerate(probes):
            arrays |= {f"{task.id}.{i}.{k}": v for k, v in probe.inputs.items() if isinstance(v, np.ndarray)}
        sets = ["", *(m for t in (*reference.lab.upstream(task), task) for m in reference.mistakes(t))]
        table = {}
        for mistake in sets:
            facts = [
                reference.facts(task, frozenset([mistake] if mistake else []), probe) for probe in probes
            ]
            table[mistake] = [{name: stored(v) for (_, name), v in one.items()} for one in facts]
        said[task.id] = {
            "probes": [
                {"id": p.id, "inputs": {k: v for k, v in p.inputs.items() if not isinstance(v, np.ndarray)}}
                for p in probes
            ],
            "mistakes": {m.id: [m.explanation, list(m.hint)] for m in reference.mistakes(task).values()},
            "facts": {key: value for key, value in table.items() if key == "" or value != table[""]},
            "basis": [
                {
                    "sizes": basis.sizes,
                    "calls": basis.calls,
                    "quantities": {
                        name: [
                            q.words,
                            q.given,
                            [[[*stored(v), kind_of(v)] for v in call] for call in q.values],
                        ]
                        for name, q in basis.quantities.items()
                    },
                }
                for basis in (reference.basis(task, frozenset(), probe) for probe in probes)
            ],
            "hidden": hidden_by(reference, task),
        }
    return wire.pack({"lab": reference.lab.name, "tasks": said}, {**arrays, "pool": np.concatenate(pool)})


def telling(written: bytes, told: Mapping[str, Mapping[str, list[str]]]) -> bytes:
    """Return fingerprints that also tell which theory answers are right: task id → variable → hashes of the number."""
    head, arrays = wire.unpack(written)
    return wire.pack({**head, "told": told}, arrays)


def kind_of(value) -> str:
    """Return the letter of a value's kind; see KINDS."""
    kind = np.asarray(value).dtype.kind.replace("u", "i")
    return kind if isinstance(value, np.ndarray | np.generic) else kind.upper()


def hidden_by(reference, task: Task) -> dict[str, list[str]]:
    """Return the mistakes of earlier tasks that hide a task's code, each with the facts that it hides."""
    earlier = (m for t in reference.lab.upstream(task) for m in reference.mistakes(t))
    found = {m: sorted(reference.hidden(task, frozenset([m]))) for m in earlier}
    return {m: names for m, names in found.items() if names}


class FingerprintReference:
    """The student's reference of one lab; see `Reference`."""

    def __init__(self, lab: Lab, fingerprints: bytes):
        """Read fingerprints.

        Raises:
            wire.WireError: the file is damaged.
        """
        self.lab = lab
        self._said, self._arrays = wire.unpack(fingerprints)
        self._probes: dict[str, list[Probe]] = {}

    @property
    def told(self) -> Mapping[str, Mapping[str, list[str]]]:
        """Return theory task → variable → hashes of the right number, for those of which the check may tell."""
        return self._said.get("told", {})

    def probes(self, task: Task) -> list[Probe]:
        """Return the public probes."""
        if task.id not in self._probes:  # diagnosis asks again for every mistake
            self._probes[task.id] = self._read_probes(task)
        return self._probes[task.id]

    def _read_probes(self, task: Task) -> list[Probe]:
        probes = []
        for i, probe in enumerate(self._said["tasks"][task.id]["probes"]):
            prefix = f"{task.id}.{i}."
            arrays = {k.removeprefix(prefix): a for k, a in self._arrays.items() if k.startswith(prefix)}
            probes.append(Probe(probe["id"], {**probe["inputs"], **arrays}))
        return probes

    def mistakes(self, task: Task) -> Mapping[str, Mistake]:
        """Return the words of the task's catalogue."""
        said = self._said["tasks"][task.id]["mistakes"]
        return {m: Mistake(m, explanation, tuple(hint)) for m, (explanation, hint) in said.items()}

    def computes(self) -> bool:
        """Only single mistakes were written down; see `Reference`."""
        return False

    def facts(self, task: Task, mistakes: frozenset[str], probe: Probe) -> Facts | None:
        """Return what was written down; of several mistakes, what they change side by side, or None if two change one fact."""
        plain = self._written(task, "", probe)
        written = [self._written(task, mistake, probe) for mistake in sorted(mistakes)]
        if len(written) == 1:
            return written[0]
        facts, touched = plain, set()
        for alone in written:
            keys = set(changed(plain, alone))
            if not touched.isdisjoint(keys):
                return None
            touched |= keys
            kept = {key: value for key, value in facts.items() if key not in keys}
            facts = kept | {key: alone[key] for key in keys & alone.keys()}
        return facts

    def basis(self, task: Task, mistakes: frozenset[str], probe: Probe) -> Basis:
        """Return what the solution knows on a probe; nothing of what it would know with mistakes was written down."""
        table = self._said["tasks"][task.id]
        index = [p["id"] for p in table["probes"]].index(probe.id)
        said = table["basis"][index]
        quantities = {
            name: Quantity(words, [[self._typed(*v) for v in call] for call in values], given)
            for name, (words, given, values) in said["quantities"].items()
        }
        return Basis(quantities, said["sizes"], tuple(said["calls"]))

    def _typed(self, start: int, shape: list[int], kind: str):
        array = self._value([start, shape]).astype(KINDS[kind.lower()])
        return array[()] if kind.islower() else array.item()

    def hidden(self, task: Task, mistakes: frozenset[str]) -> frozenset[str]:
        """Return what was written down for each of the mistakes; see `Reference`."""
        said = self._said["tasks"][task.id]["hidden"]
        return frozenset(name for mistake in mistakes for name in said.get(mistake, ()))

    def _written(self, task: Task, mistake: str, probe: Probe) -> Facts:
        table = self._said["tasks"][task.id]
        here = table["facts"].get(mistake, table["facts"][""])
        index = [p["id"] for p in table["probes"]].index(probe.id)
        return {(probe.id, name): self._value(v) for name, v in here[index].items()}

    def _value(self, stored):
        if isinstance(stored, str):
            return stored
        start, shape = stored
        size = int(np.prod(shape))
        return self._arrays["pool"][start : start + size].astype(np.float64).reshape(shape)
