"""Lab 6, `nearest_neighbour`: its tasks and what earns their points."""

from functools import partial

from cattern.checking.lab import WITHOUT_SCIPY, Lab
from cattern.checking.labs._tasks import earn, remark, todo_task, untouched
from cattern.checking.labs._theory import COUNT, theory_task
from cattern.checking.labs.nearest_neighbour import drivers, readings
from cattern.checking.labs.nearest_neighbour.hints import HINTS

todo = partial(todo_task, HINTS)

TASKS = (
    todo(
        1,
        "squared distances",
        "compute the squared distances of all pairs, without a loop",
        drivers.drive_distances,
        readings.read_distances,
        earn(20, "distances", distances="the array of distances {gap}"),
        earn(
            5,
            "never negative",
            not_negative="a distance is negative (rounding leaves less than 0 where rows are equal), or all are the same",
        ),
        remark(loop_free="a Python loop is right but slow: one matrix product treats all pairs"),
        untouched("X or X_train"),
    ),
    todo(
        2,
        "nearest labels",
        "find the labels of the k nearest training images, nearest first",
        drivers.drive_nearest,
        readings.read_nearest,
        earn(14, "labels", labels="the array of labels, each row sorted, {gap}"),
        earn(4, "nearest first", in_order="the array of labels {gap}"),
        earn(4, "equal distances", ties="where distances are equal, the array of labels {gap}"),
        untouched("distances or y_train"),
    ),
    todo(
        3,
        "majority vote",
        "take the most frequent label of every row, the smallest at a tie",
        drivers.drive_vote,
        readings.read_vote,
        earn(14, "clear majorities", winners="the array of predictions {gap}"),
        earn(8, "ties", ties="where the vote is tied, the array of predictions {gap}"),
        remark(whole="labels are integers, not floats"),
        untouched("labels"),
    ),
    todo(
        4,
        "choosing k",
        "compute the validation accuracy of every k and choose the best",
        drivers.drive_choose,
        readings.read_choose,
        earn(12, "accuracies", accuracies="the list of accuracies {gap}"),
        earn(6, "best k", best_k="best_k {gap}", or_facts=("own_best_k",)),
        earn(
            3,
            "equally good k",
            tied_k="where two k are equally good, best_k {gap}",
            or_facts=("own_tied_k",),
        ),
    ),
    theory_task(
        "T1",
        "five neighbours by hand",
        {"label_k1": 2, "label_k3": 2, "label_k4": 3, "num_bytes": 3},
        "classify a point with 1, 3 and 4 neighbours, and count the bytes of a table of distances",
        COUNT,
    ),
)

LAB = Lab(
    name="nearest_neighbour",
    title="Lab 6: the nearest neighbours of a digit",
    student_files=("cattern/nearest_neighbour.py",),
    tasks=TASKS,
    packages=WITHOUT_SCIPY,
)
