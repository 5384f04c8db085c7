"""What the judge works on: one task of one submission, its properties after judgement, and what is known of earlier tasks."""

from collections.abc import Mapping
from dataclasses import dataclass

from cattern.checking.facts import MISSING, Answer, Difference, Facts
from cattern.checking.lab import Property, Task
from cattern.checking.reference import NOTHING


@dataclass(frozen=True)
class Earlier:
    """What is known of a task that was judged before: ids of the mistakes made in it, and the share of its points earned."""

    mistakes: frozenset[str] = NOTHING
    share: float = 0.0

    @property
    def worth(self) -> float:
        """The share that may be earned by what follows from it: all, where the mistakes in it are known, else its own."""
        return 1.0 if self.mistakes else self.share


@dataclass(frozen=True)
class Case:
    """One task of one submission, before the judge.

    Attributes:
        task: the task.
        answers: what the submission's code gave for the task's probes.
        got: the facts read from them.
        plain: the solution's facts.
        carried: ids of the mistakes that the submission makes in the tasks this one builds on.
        carrying: the facts of the solution with those, or None when there are none or nobody knows.
        hidden: names of facts that, with those mistakes, are the same whether the task's code is there or not.
        earlier: task id → what was found, for the tasks judged before.
        later: tasks that build on this one, and whose code runs in the same calls.
    """

    task: Task
    answers: list[Answer]
    got: Facts
    plain: Facts
    carried: frozenset[str]
    carrying: Facts | None
    hidden: frozenset[str]
    earlier: Mapping[str, Earlier]
    later: tuple[Task, ...] = ()


@dataclass(frozen=True)
class Judged:
    """A property after judgement: why it was not earned, which is nothing when it was.

    Attributes:
        prop: the property.
        gaps: how its facts differ, in the order of the probes.
        followed: the share of it that was earned by what follows from the submission's own earlier results.
    """

    prop: Property
    gaps: tuple[Difference, ...] = ()
    followed: float = 0.0

    @property
    def score(self) -> float:
        """The points earned."""
        if not self.gaps or self.followed == 1:
            return self.prop.points
        return round(self.prop.points * self.followed, 2)

    @property
    def lost(self) -> bool:
        """Whether some of the points are not earned."""
        return bool(self.gaps) and self.followed < 1 and self.prop.points > 0

    @property
    def words(self) -> str:
        """Why it was not earned, in one sentence."""
        return self.words_of(self.gaps[0])

    def words_of(self, gap: Difference) -> str:
        """Return the sentence about one of its facts."""
        words = self.sentence(gap).format(gap=gap.words, got=gap.got)
        if self.followed:
            words += f"; it does follow from your earlier results, which earned {self.followed:.0%}"
        return words

    def sentence(self, gap: Difference) -> str:
        """Return the sentence about one of its facts, with or without a place for the numbers."""
        said = self.prop.says.get(gap.fact, "")
        if "{gap}" not in said and gap.words == MISSING:  # "two calls give two losses": no, they give none
            return f"{self.prop.name}: not to be seen in what your code gave"
        if "{got}" in said and not gap.got:  # another shape, say
            said = ""
        return said or f"{self.prop.name} {{gap}}"
