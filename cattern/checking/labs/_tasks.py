"""Tasks and properties that several labs declare in the same way."""

from collections.abc import Iterable, Mapping

from cattern.checking.lab import Driver, Property, Reading, Task


def todo_task(
    hints: Mapping[str, tuple[str, ...]],
    number: int,
    title: str,
    todo: str,
    file: str,
    driver: Driver,
    reading: Reading | None,
    properties: Iterable[Property],
    **more,
) -> Task:
    """Return the task of TODO#number; its id, its test cell's and its hints follow from the number.

    Args:
        hints: the lab's hints, "TODO#3" → three steps.
        number: the number of the TODO.
        title: as in `Task`, and so for all that follow.
        todo: what to do, in one line.
        file: which of the lab's files holds the answer.
        driver: makes the calls.
        reading: turns raw values into facts.
        properties: what the points are given for.
        more: the other attributes of a task.
    """
    task_id = f"TODO#{number}"
    return Task(
        id=task_id,
        title=title,
        todo=todo,
        grade_id=f"todo{number}",
        file=file,
        driver=driver,
        reading=reading,
        properties=tuple(properties),
        hints=hints[task_id],
        **more,
    )


def remark(fact: str, sentence: str) -> Property:
    """Return a property without points: failing it is worth a remark."""
    return Property(fact.replace("_", " "), 0, (fact,), says={fact: sentence})


def inputs_untouched(what: str) -> Property:
    """Return the remark that a function changes what belongs to the caller: "logits", "X or y"."""
    return Property("inputs untouched", 0, ("untouched",), says={"untouched": f"{what} is changed in place"})
