"""Lab 6, `nearest_neighbour`: its tasks and what earns their points."""

from cattern.checking.lab import Lab, Property, Task
from cattern.checking.labs._tasks import inputs_untouched
from cattern.checking.labs._theory import COUNT, theory_task
from cattern.checking.labs.nearest_neighbour.drivers import (
    drive_choose,
    drive_distances,
    drive_nearest,
    drive_vote,
)
from cattern.checking.labs.nearest_neighbour.hints import HINTS
from cattern.checking.labs.nearest_neighbour.readings import (
    read_choose,
    read_distances,
    read_nearest,
    read_vote,
)

DISTANCES = Task(
    id="TODO#1",
    title="squared distances",
    todo="compute the squared distances of all pairs, without a loop",
    grade_id="todo1",
    driver=drive_distances,
    reading=read_distances,
    properties=(
        Property("distances", 20, ("distances",), says={"distances": "the array of distances {gap}"}),
        Property(
            "never negative",
            5,
            ("not_negative",),
            says={"not_negative": "a distance is negative: rounding leaves less than 0 where rows are equal"},
        ),
        Property(
            "no loops",
            0,
            ("loop_free",),
            says={"loop_free": "a Python loop is right but slow: one matrix product treats all pairs"},
        ),
        inputs_untouched("X or X_train"),
    ),
    hints=HINTS["TODO#1"],
)

NEAREST = Task(
    id="TODO#2",
    title="nearest labels",
    todo="find the labels of the k nearest training images, nearest first",
    grade_id="todo2",
    driver=drive_nearest,
    reading=read_nearest,
    properties=(
        Property("labels", 14, ("labels",), says={"labels": "the array of labels, each row sorted, {gap}"}),
        Property("nearest first", 4, ("in_order",), says={"in_order": "the array of labels {gap}"}),
        Property(
            "equal distances",
            4,
            ("ties",),
            says={"ties": "where distances are equal, the array of labels {gap}"},
        ),
        inputs_untouched("distances or y_train"),
    ),
    hints=HINTS["TODO#2"],
)

VOTE = Task(
    id="TODO#3",
    title="majority vote",
    todo="take the most frequent label of every row, the smallest at a tie",
    grade_id="todo3",
    driver=drive_vote,
    reading=read_vote,
    properties=(
        Property("clear majorities", 14, ("winners",), says={"winners": "the array of predictions {gap}"}),
        Property(
            "ties", 8, ("ties",), says={"ties": "where the vote is tied, the array of predictions {gap}"}
        ),
        Property("whole numbers", 0, ("whole",), says={"whole": "labels are integers, not floats"}),
        inputs_untouched("labels"),
    ),
    hints=HINTS["TODO#3"],
)

CHOOSE = Task(
    id="TODO#4",
    title="choosing k",
    todo="compute the validation accuracy of every k and choose the best",
    grade_id="todo4",
    driver=drive_choose,
    reading=read_choose,
    properties=(
        Property("accuracies", 12, ("accuracies",), says={"accuracies": "the list of accuracies {gap}"}),
        Property("best k", 6, ("best_k",), ("own_best_k",), says={"best_k": "best_k {gap}"}),
        Property(
            "equally good k",
            3,
            ("tied_k",),
            ("own_tied_k",),
            says={"tied_k": "where two k are equally good, best_k {gap}"},
        ),
    ),
    hints=HINTS["TODO#4"],
)

T1 = theory_task(
    "T1",
    "five neighbours by hand",
    {"label_k1": 2, "label_k3": 2, "label_k4": 3, "num_bytes": 3},
    "classify a point with 1, 3 and 4 neighbours, and count the bytes of a table of distances",
    COUNT,
)

LAB = Lab(
    name="nearest_neighbour",
    title="Lab 6: the nearest neighbours of a digit",
    student_files=("cattern/nearest_neighbour.py",),
    tasks=(DISTANCES, NEAREST, VOTE, CHOOSE, T1),
)
