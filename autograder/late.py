"""What being late costs: one rule of the course for its table, its pages, its exports and nbgrader's gradebook."""

from datetime import UTC, datetime, timedelta

from autograder.choices import Choices
from cattern.checking.verdict import Verdict

A_MOMENT = 1.0  # seconds: what a platform's LATE without a time counts for, the least that it can mean
DAY = 24 * 3600


def moment(words: str) -> datetime | None:
    """Return a time in UTC, from what `nbgrader collect` or a platform wrote; None for what is no time.

    A time without a zone is in UTC.
    """
    from dateutil import parser, tz  # late: few submissions have a time

    words = words.strip()[:100]
    text, _, zone = words.rpartition(" ")
    try:
        if "/" in zone and (named := tz.gettz(zone)):  # Europe/Rome
            found = parser.parse(text).replace(tzinfo=named)
        else:
            found = (
                parser.parse(words, tzinfos=lambda name, offset: offset or tz.gettz(name)) if words else None
            )
        return found and (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except Exception:  # a student may have written the file; nonsense raises many kinds
        return None


def seconds_late(
    choices: Choices,
    handed_in: datetime | None,
    said: bool = False,
    due: datetime | None = None,
    extension: timedelta | None = None,
) -> float:
    """Return by how much a submission is late, 0 within the minutes of grace.

    Args:
        choices: the course's.
        handed_in: when, where it is known.
        said: the platform says that it is late. No time in the submission undoes that; an extension does.
        due: the gradebook's due date, where the course has none of its own.
        extension: what the gradebook gives this student.
    """
    extension, due = extension or timedelta(), choices.due or due
    seconds = 0.0
    if handed_in and due:
        after = (handed_in - due - extension).total_seconds()
        seconds = after if after > 60 * choices.grace_minutes else 0.0
    return max(seconds, A_MOMENT) if said and not extension else seconds


def has_rule(choices: Choices) -> bool:
    """Tell whether the course says what lateness costs; else nbgrader's configuration may."""
    return choices.late_percent > 0 or choices.late_days is not None


def penalty(choices: Choices, score: float, seconds: float) -> float:
    """Return the points that lateness takes off a score: so many percent for each day begun, and all of it after the last day."""
    days = -(-seconds // DAY)  # each one begun
    if choices.late_days is not None and days > choices.late_days:
        return score
    return min(score, round(score * days * choices.late_percent / 100, 4))


def penalty_on(verdict: Verdict, choices: Choices) -> float:
    """Return what lateness takes off the grader's points, as far as a verdict tells."""
    return penalty(choices, verdict.score, seconds_late(choices, moment(verdict.handed_in), verdict.late))
