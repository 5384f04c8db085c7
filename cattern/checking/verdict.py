"""The verdict: what was earned, why, and what went wrong, as values that become JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SCHEMA = 1
STATUSES = ("pass", "partial", "fail", "error", "timeout", "skipped", "missing")


@dataclass(frozen=True)
class Mistake:
    """A named mistake: its id in the catalogue, what was done, and hints from a nudge to where to read."""

    id: str
    explanation: str
    hint: tuple[str, ...] = ()

    def to_json(self) -> dict:
        """Return the JSON form; the hint is its first step."""
        return {"id": self.id, "explanation": self.explanation, "hint": self.hint[0] if self.hint else ""}

    @classmethod
    def from_json(cls, said: Mapping) -> "Mistake":
        """Return the mistake of a verdict file: of its hint, the first step is there."""
        return cls(said["id"], said["explanation"], (said["hint"],) if said["hint"] else ())


@dataclass(frozen=True)
class TaskVerdict:
    """What the judge says of one task.

    Attributes:
        id: "TODO#2".
        title: the task's title.
        status: one of STATUSES.
        score: points earned.
        max_score: points there are.
        rationale: one or two sentences: why.
        evidence: numbers and shapes behind the rationale.
        mistakes: what was reproduced; empty when nothing matched.
        remarks: advice that costs nothing.
        located: places in the student's code, each verified by putting the right value there: "property", "line",
            "code", "is", "needs", "relation", "verified"; "part" where the property has more that is wrong.
        relation: exact relations to the right values where no place was found: "property", "relation".
    """

    id: str
    title: str
    status: str
    score: float
    max_score: float
    rationale: str
    evidence: dict = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()
    remarks: tuple[str, ...] = ()
    located: tuple[dict, ...] = ()
    relation: tuple[dict, ...] = ()

    def to_json(self) -> dict:
        """Return the JSON form of one task in a verdict file; places and relations where there are any."""
        explained = {"located": list(self.located), "relation": list(self.relation)}
        return {
            "id": self.id,
            "title": self.title,
            "status": self.status,
            "score": round(float(self.score), 4),
            "max_score": round(float(self.max_score), 4),
            "rationale": self.rationale,
            "evidence": self.evidence,
            "mistakes": [m.to_json() for m in self.mistakes],
            "remarks": list(self.remarks),
            **{name: entries for name, entries in explained.items() if entries},
        }

    @classmethod
    def from_json(cls, said: Mapping) -> "TaskVerdict":
        """Return the verdict on a task that `to_json` wrote down."""
        plain = {
            key: said[key] for key in ("id", "title", "status", "score", "max_score", "rationale", "evidence")
        }
        mistakes = tuple(Mistake.from_json(m) for m in said["mistakes"])
        others = {name: tuple(said.get(name, ())) for name in ("remarks", "located", "relation")}
        return cls(**plain, mistakes=mistakes, **others)


@dataclass(frozen=True)
class Verdict:
    """All tasks of one submission.

    Attributes:
        lab: the lab's name.
        student: the student's folder name.
        status: "graded", or "not readable" when nothing in the submission can be graded.
        tasks: one verdict a task, in the lab's order.
        repairs: what had to be mended before it could be read.
        seconds: wall time, the only part that differs between two runs.
        course: what it was graded by: the version, the course's choices, a fingerprint of its secret.
        handed_in: when, in the words of whoever noted it, or "".
        late: whether that was late.
    """

    lab: str
    student: str
    status: str
    tasks: tuple[TaskVerdict, ...]
    repairs: tuple[str, ...] = ()
    seconds: float = 0.0
    course: Mapping = field(default_factory=dict)
    handed_in: str = ""
    late: bool = False

    @property
    def score(self) -> float:
        """The points earned in all tasks."""
        return sum(t.score for t in self.tasks)

    @property
    def max_score(self) -> float:
        """The points there are in all tasks."""
        return sum(t.max_score for t in self.tasks)

    def to_json(self) -> dict:
        """Return the verdict file's content."""
        return {
            "schema": SCHEMA,
            "lab": self.lab,
            "student": self.student,
            "status": self.status,
            "score": round(float(self.score), 4),
            "max_score": round(float(self.max_score), 4),
            "seconds": round(self.seconds, 3),
            **({"handed_in": self.handed_in, "late": self.late} if self.handed_in or self.late else {}),
            "course": dict(self.course),
            "repairs": list(self.repairs),
            "tasks": [t.to_json() for t in self.tasks],
        }

    @classmethod
    def from_json(cls, said: Mapping) -> "Verdict":
        """Return the verdict that `to_json` wrote down.

        Raises:
            ValueError: it has another form than this version writes.
        """
        try:
            if said["schema"] != SCHEMA:
                raise ValueError(f"its schema is {said['schema']}, not {SCHEMA}")
            tasks = tuple(TaskVerdict.from_json(task) for task in said["tasks"])
            repairs, course = tuple(said["repairs"]), said.get("course", {})
            handed_in, late = said.get("handed_in", ""), said.get("late", False)
            about = (said["lab"], said["student"], said["status"])
            return cls(*about, tasks, repairs, said["seconds"], course, handed_in, late)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it is not a verdict: {error!r}") from None
