"""A student's marks as the gradebook holds them: the grader's, a human's, a comment, what lateness costs."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Mark:
    """One graded cell.

    Attributes:
        auto: points given by the grader; None where only a person marks.
        manual: points given by a person; they count instead of `auto`.
        extra: points given on top.
        comment: what a person wrote beside the answer.
        open: a person has yet to look at it.
    """

    auto: float | None = None
    manual: float | None = None
    extra: float = 0.0
    comment: str = ""
    open: bool = False

    @property
    def score(self) -> float:
        """The points that count."""
        return (self.manual if self.manual is not None else self.auto or 0.0) + self.extra


@dataclass(frozen=True)
class Marks:
    """One student's marks in one lab.

    Attributes:
        cells: grade_id → mark.
        penalty: points taken off for lateness.
        handed_in: when, where it is known.
        due: when it was due, where the gradebook knows.
        extension: what this student was given.
    """

    cells: dict[str, Mark] = field(default_factory=dict)
    penalty: float = 0.0
    handed_in: datetime | None = None
    due: datetime | None = None
    extension: timedelta | None = None
