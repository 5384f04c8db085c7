"""Lab 1, `two_layer_net`: its tasks and what earns their points."""

from cattern.checking.lab import Lab, Property, Task
from cattern.checking.labs._theory import COUNT, hand_task, theory_task
from cattern.checking.labs.two_layer_net.drivers import (
    PARAMS,
    drive_decay,
    drive_gradients,
    drive_loss,
    drive_minibatch,
    drive_predict,
    drive_scores,
    drive_update,
)
from cattern.checking.labs.two_layer_net.hints import HINTS
from cattern.checking.labs.two_layer_net.minibatch import read_minibatch
from cattern.checking.labs.two_layer_net.readings import (
    read_decay,
    read_gradients,
    read_loss,
    read_predict,
    read_scores,
    read_update,
)

SCORES = Task(
    id="TODO#1",
    title="scores",
    todo="compute the class scores: affine, ReLU, affine",
    grade_id="todo1",
    driver=drive_scores,
    reading=read_scores,
    properties=(
        Property("scores", 10, ("scores",), says={"scores": "the array of scores {gap}"}),
        Property(
            "inputs untouched", 0, ("untouched",), says={"untouched": "`loss` changes X or the parameters"}
        ),
    ),
    hints=HINTS["TODO#1"],
)

LOSS = Task(
    id="TODO#2",
    title="loss",
    todo="compute the mean softmax cross-entropy plus the L2 term",
    grade_id="todo2",
    builds_on=("TODO#1",),
    driver=drive_loss,
    traits=("scores_there",),
    reading=read_loss,
    properties=(
        Property(
            "data loss", 7, ("data_loss",), ("own_data_loss",), says={"data_loss": "the loss at reg=0 {gap}"}
        ),
        Property(
            "regularisation",
            4,
            ("reg_term", "reg_scaling"),
            says={
                "reg_term": "what `reg` adds to the loss {gap}",
                "reg_scaling": "what doubling `reg` adds to the loss {gap}",
            },
        ),
        Property(
            "same loss twice",
            1,
            ("repeatable",),
            says={"repeatable": "two calls on the same input give two losses"},
        ),
        Property(
            "no loops",
            0,
            ("loop_free",),
            says={
                "loop_free": "a Python loop in `loss` is right but slow: NumPy can treat the whole batch at once"
            },
        ),
        Property(
            "no overflow",
            0,
            ("finite_at_1000",),
            says={
                "finite_at_1000": "the loss overflows when scores reach ±1000: subtract each row's largest score first"
            },
        ),
    ),
    hints=HINTS["TODO#2"],
)

GRADIENTS = Task(
    id="TODO#3",
    title="gradients",
    todo="compute the gradients of all four parameters",
    grade_id="todo3",
    builds_on=("TODO#1", "TODO#2"),
    driver=drive_gradients,
    traits=("reached", "params_untouched"),
    reading=read_gradients,
    properties=(
        Property("gradient of b2", 4, ("b2",), ("own_b2",)),
        Property("gradient of W2", 5, ("W2",), ("own_W2",)),
        Property("gradient of b1", 4, ("b1",), ("own_b1",)),
        Property("gradient of W1", 5, ("W1",), ("own_W1",)),
        Property(
            "fresh arrays",
            2,
            ("fresh", "steady"),
            says={
                "fresh": "the gradients of one call change when `loss` is called again: they share memory",
                "steady": "two calls of `loss` on the same input give different gradients",
            },
        ),
    ),
    hints=HINTS["TODO#3"],
)

MINIBATCH = Task(
    id="TODO#4",
    title="minibatch",
    todo="draw a random minibatch of rows and their labels",
    grade_id="todo4",
    driver=drive_minibatch,
    traits=(
        *("rows_from_val", "rows_scaled", "spread", "shift"),
        *("labels_reordered", "labels_by_row", "labels_are_rows", "labels_are_first"),
    ),
    reading=read_minibatch,
    properties=(
        Property("batch size", 2, ("size",), says={"size": "the number of rows in a minibatch {gap}"}),
        Property(
            "rows and their labels",
            3,
            ("rows_from_X", "own_labels"),
            says={
                "rows_from_X": "a row of the minibatch is not a row of X",
                "own_labels": "the labels of the minibatch do not belong to its rows",
            },
        ),
        Property(
            "random rows",
            2,
            ("varied", "unordered", "one_row", "all_rows"),
            says={
                "one_row": "every minibatch is one row, repeated",
                "varied": "every minibatch holds the same rows",
                "unordered": "the minibatches are runs of neighbouring rows, not random ones",
                "all_rows": "some rows of X are never drawn",
            },
        ),
        Property(
            "data untouched",
            1,
            ("X_untouched", "y_untouched", "reg_passed"),
            says={
                "X_untouched": "`train` changes X",
                "y_untouched": "`train` changes y",
                "reg_passed": "the `reg` given to `train` does not reach `loss`",
            },
        ),
    ),
    hints=HINTS["TODO#4"],
)

UPDATE = Task(
    id="TODO#5",
    title="update",
    todo="update all four parameters by one step of gradient descent",
    grade_id="todo5",
    builds_on=("TODO#4",),
    driver=drive_update,
    reading=read_update,
    properties=tuple(
        Property(
            f"step of {name}",
            2,
            (f"first_{name}", f"moved_{name}", f"level_{name}"),
            (f"first_{name}", f"moved_{name}", f"by_name_{name}"),
            says={
                f"first_{name}": f"the step of {name}, divided by (−learning_rate · gradient), {{gap}} (of [smallest, median, largest])",
                f"moved_{name}": f"whether {name} moves (1) or not (0) at an iteration {{gap}}",
                f"level_{name}": f"the steps of {name}, in units of the same epoch's first, {{gap}} (of [smallest, largest])",
            },
        )
        for name in PARAMS
    ),
    hints=HINTS["TODO#5"],
)

DECAY = Task(
    id="TODO#6",
    title="learning-rate decay",
    todo="multiply the learning rate by learning_rate_decay once per epoch",
    grade_id="todo6",
    builds_on=("TODO#4", "TODO#5"),
    driver=drive_decay,
    reading=read_decay,
    properties=(
        Property(
            "rate after each epoch",
            5,
            ("rates",),
            ("named_rates",),
            says={"rates": "the learning rate at an iteration, in units of the first, {gap}"},
        ),
        Property(
            "first step at the full rate",
            2,
            ("first_rate",),
            ("named_first_rate",),
            says={"first_rate": "the first step, compared with one without decay, {gap}"},
        ),
        Property(
            "histories and reg",
            1,
            ("iterations", "epochs", "regs"),
            says={
                "regs": "the `reg` that reaches `loss` at an iteration, in units of the first, {gap}",
                "iterations": "the length of loss_history {gap}",
                "epochs": "the length of val_acc_history {gap}",
            },
        ),
    ),
    hints=HINTS["TODO#6"],
)

PREDICT = Task(
    id="TODO#7",
    title="predict",
    todo="return the class with the highest score for every row",
    grade_id="todo7",
    builds_on=("TODO#1",),
    driver=drive_predict,
    traits=("scores_differ",),
    reading=read_predict,
    properties=(
        Property("labels", 6, ("labels",), ("own_labels",)),
        Property(
            "whole numbers", 0, ("whole",), says={"whole": "labels are class numbers: integers, not floats"}
        ),
    ),
    hints=HINTS["TODO#7"],
)

BEST_NET = Task(
    id="TODO#8",
    title="tuning",
    todo="tune the hyperparameters on the validation set; keep the best model in best_net",
    grade_id="todo8",
    source="data",
    data="best_net.npz",
    properties=(
        Property("validation accuracy", 8, ("validation_ok",)),
        Property("test accuracy", 4, ("test_ok",)),
    ),
    hints=HINTS["TODO#8"],
)

T1 = theory_task(
    "T1",
    "a residual graph by hand",
    {"z": 1, "dz_dw1": 1, "dz_db1": 1, "dz_dw0": 1, "dz_db0": 1},
    "compute z and its derivatives in w1, b1, w0 and b0",
)
T2 = theory_task(
    "T2",
    "two paths",
    {"dz_dx0_shortcut": 1, "dz_dx0_layers": 1, "dz_dx0": 1},
    "compute dz/dx0 and the share of each path",
)
T3 = theory_task(
    "T3",
    "counting parameters",
    {"num_params": 3},
    "count the parameters of the 30→1024→512→1 network",
    COUNT,
)
T4 = hand_task(
    "T4",
    "softmax gradient",
    {"derivation": 5},
    "derive the gradient of softmax cross-entropy in the logits",
)

LAB = Lab(
    name="two_layer_net",
    title="Lab 1: a two-layer network on MNIST",
    student_files=("cattern/neural_net.py",),
    data_files=("best_net.npz",),
    tasks=(SCORES, LOSS, GRADIENTS, MINIBATCH, UPDATE, DECAY, PREDICT, BEST_NET, T1, T2, T3, T4),
)
