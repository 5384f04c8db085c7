"""The rows of a rubric: a TODO, what earns its points, and what is worth a remark. A sentence names its fact.

todo = partial(todo_task, HINTS)
todo(
    1, "squared distances", "compute …", drivers.drive_distances, readings.read_distances,
    earn(20, "distances", distances="the array of distances {gap}"),
    remark(loop_free="a Python loop is right but slow"),
)
"""

from collections.abc import Mapping

from cattern.checking.lab import Driver, Property, Reading, Task


def todo_task(
    hints: Mapping[str, tuple[str, ...]],
    number: int,
    title: str,
    todo: str,
    driver: Driver,
    reading: Reading | None,
    *properties: Property,
    **more,
) -> Task:
    """Return the task of TODO#number; its id, its test cell's and its hints follow from the number.

    Args:
        hints: the lab's hints, "TODO#3" → three steps.
        number: the number of the TODO.
        title: as in `Task`, and so for all that follow.
        todo: what to do, in one line.
        driver: makes the calls.
        reading: turns raw values into facts; None when the raw values are the facts.
        properties: what the points are given for, and the remarks.
        more: the other attributes of a task.
    """
    task_id = f"TODO#{number}"
    return Task(
        id=task_id,
        title=title,
        todo=todo,
        grade_id=f"todo{number}",
        driver=driver,
        reading=reading,
        properties=properties,
        hints=hints[task_id],
        **more,
    )


def earn(
    points: float,
    name: str,
    *,
    or_facts: tuple[str, ...] = (),
    given: tuple[str, ...] | None = None,
    **says: str,
) -> Property:
    """Return a property: its points are earned when all of its facts agree with the solution's.

    Args:
        points: the share of the task's points.
        name: what the student reads ("regularisation").
        or_facts: earned as well when all of these agree instead (follow-through credit).
        given: the tasks from whose results that follows; see `Property`.
        says: fact → the sentence to say when it does not agree; `{gap}` in it becomes "is …, expected …".
    """
    return Property(name, points, tuple(says), or_facts, says, given)


def remark(**says: str) -> Property:
    """Return a property without points: its one fact → the advice to give when it does not agree."""
    ((fact, _),) = says.items()
    return earn(0, fact.replace("_", " "), **says)


def untouched(what: str) -> Property:
    """Return the remark that a function changes what belongs to the caller: "logits", "X or y"."""
    return remark(untouched=f"{what} is changed in place")
