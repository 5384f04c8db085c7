"""Lab 3, `nn_library`: its tasks and what earns their points."""

from cattern.checking.lab import Lab, Property, Task
from cattern.checking.labs._theory import COUNT, THREE_DIGITS, hand_task, theory_task
from cattern.checking.labs.nn_library.drivers import (
    drive_evaluate,
    drive_gaussian,
    drive_one_hot,
    drive_sample,
    drive_train,
    drive_train_epoch,
)
from cattern.checking.labs.nn_library.hints import HINTS
from cattern.checking.labs.nn_library.readings import (
    read_evaluate,
    read_gaussian,
    read_one_hot,
    read_sample,
    read_train,
    read_train_epoch,
)

FLOAT32 = Property(
    "float32",
    0,
    ("float32",),
    says={
        "float32": "it is not float32, which needs half the memory of float64 and makes every epoch faster"
    },
)

SAMPLE = Task(
    id="TODO#1",
    title="normalised sample",
    todo="draw images without replacement; make float32 rows of pixels in [0, 1] of them",
    grade_id="todo1",
    driver=drive_sample,
    reading=read_sample,
    traits=("all_values", "labels_are_first", "labels_are_rows", "first_rows"),
    properties=(
        Property(
            "rows of pixels",
            4,
            ("X_shape", "are_images", "scale"),
            says={
                "X_shape": "the shape of X {gap}",
                "are_images": "a row of X is not an image with all pixels divided by one number",
                "scale": "what a pixel of 255 becomes in X (lowest and highest) {gap}",
            },
        ),
        Property(
            "their labels",
            3,
            ("y_shape", "own_labels"),
            says={
                "y_shape": "the shape of y {gap}",
                "own_labels": "the labels in y do not belong to the rows of X",
            },
        ),
        Property(
            "drawn at random",
            4,
            ("no_repeats", "unordered", "everywhere", "varied", "same_seed"),
            says={
                "no_repeats": "an image is chosen twice",
                "unordered": "the images are neighbours in the file, not a random choice",
                "everywhere": "all images come from one end of the file: a part of it is never chosen",
                "varied": "two random generators give the same sample",
                "same_seed": "two generators with the same seed give two samples: draw from `rng`, and from nothing else",
            },
        ),
        Property(
            "inputs untouched",
            1,
            ("untouched",),
            says={"untouched": "the images or labels are changed in place"},
        ),
        FLOAT32,
        Property(
            "int64",
            0,
            ("int64",),
            says={"int64": "y is not int64: small integers overflow as soon as somebody computes with them"},
        ),
    ),
    hints=HINTS["TODO#1"],
)

ONE_HOT = Task(
    id="TODO#2",
    title="one-hot labels",
    todo="write labels as rows with a single 1",
    grade_id="todo2",
    driver=drive_one_hot,
    reading=read_one_hot,
    properties=(
        Property("shape", 3, ("Y_shape",), says={"Y_shape": "the shape of Y {gap}"}),
        Property("one 1 in each row", 5, ("Y",), says={"Y": "Y {gap}"}),
        Property("labels untouched", 0, ("untouched",), says={"untouched": "`one_hot` changes y"}),
        FLOAT32,
    ),
    hints=HINTS["TODO#2"],
)

GAUSSIAN = Task(
    id="TODO#3",
    title="initial weights",
    todo="draw a Gaussian array and scale it, as a whole, to an L2 norm of 1",
    grade_id="todo3",
    driver=drive_gaussian,
    reading=read_gaussian,
    traits=("norm", "rows_are_1", "columns_are_1", "tails", "centre"),
    properties=(
        Property(
            "L2 norm of 1",
            6,
            ("shape", "norm_is_1"),
            says={"shape": "the shape {gap}", "norm_is_1": "the L2 norm of the whole array is not 1"},
        ),
        Property(
            "Gaussian around 0",
            3,
            ("centred", "gaussian", "free_mean"),
            says={
                "centred": "the mean of many numbers is not 0",
                "free_mean": "the mean is exactly 0, so it was subtracted: that of Gaussian numbers is so on average only",
                "gaussian": "the numbers are not distributed like a Gaussian",
            },
        ),
        Property(
            "drawn from rng",
            3,
            ("varied", "same_seed"),
            says={
                "varied": "two random generators give the same array",
                "same_seed": "two generators with the same seed give two arrays: draw from `rng`, and from nothing else",
            },
        ),
        FLOAT32,
    ),
    hints=HINTS["TODO#3"],
)

TRAIN_EPOCH = Task(
    id="TODO#4",
    title="one epoch",
    todo="make one update per minibatch; keep its loss and its accuracy",
    grade_id="todo4",
    driver=drive_train_epoch,
    reading=read_train_epoch,
    traits=("backward_calls", "step_calls"),
    properties=(
        Property("updates", 8, ("W",), says={"W": "the weights after the epoch: W {gap}"}),
        Property("losses", 5, ("losses",), ("own_losses",), says={"losses": "the list of losses {gap}"}),
        Property(
            "accuracies",
            5,
            ("accuracies",),
            ("own_accuracies",),
            says={"accuracies": "the list of accuracies {gap}"},
        ),
        Property("data untouched", 0, ("untouched",), says={"untouched": "`train_epoch` changes X or Y"}),
        Property(
            "one forward pass",
            0,
            ("one_forward",),
            says={"one_forward": "more forward passes than minibatches: the scores of the loss serve again"},
        ),
    ),
    hints=HINTS["TODO#4"],
)

EVALUATE = Task(
    id="TODO#5",
    title="evaluation",
    todo="compute the mean loss and the accuracy on a whole set",
    grade_id="todo5",
    driver=drive_evaluate,
    reading=read_evaluate,
    properties=(
        Property("loss", 4, ("loss",), says={"loss": "the loss {gap}"}),
        Property("accuracy", 5, ("accuracy",), says={"accuracy": "the accuracy {gap}"}),
        Property(
            "nothing changes",
            1,
            ("untouched",),
            says={"untouched": "the weights, X or Y are not what they were: evaluation must not train"},
        ),
    ),
    hints=HINTS["TODO#5"],
)

TRAIN = Task(
    id="TODO#6",
    title="histories",
    todo="train the epochs, and fill the six lists of the history",
    grade_id="todo6",
    builds_on=("TODO#4", "TODO#5"),
    driver=drive_train,
    reading=read_train,
    properties=(
        Property(
            "every minibatch",
            5,
            ("loss_history", "acc_history"),
            says={"loss_history": "loss_history {gap}", "acc_history": "acc_history {gap}"},
        ),
        Property(
            "training set, every epoch",
            4,
            ("train_loss_history", "train_acc_history"),
            says={
                "train_loss_history": "train_loss_history {gap}",
                "train_acc_history": "train_acc_history {gap}",
            },
        ),
        Property(
            "validation set, every epoch",
            4,
            ("val_loss_history", "val_acc_history"),
            says={"val_loss_history": "val_loss_history {gap}", "val_acc_history": "val_acc_history {gap}"},
        ),
        Property("training", 1, ("W",), says={"W": "the weights after the last epoch: W {gap}"}),
    ),
    hints=HINTS["TODO#6"],
)

T1 = theory_task(
    "T1",
    "three gradients",
    {"g_true": 2, "g_straight": 2, "g_none": 2},
    "compute the gradient in one logit for the three variants",
    THREE_DIGITS,
)
T2 = theory_task(
    "T2",
    "counting updates",
    {"num_updates": 2, "last_batch": 2},
    "count the updates, and the rows of the last",
    COUNT,
)
T3 = theory_task(
    "T3",
    "who dies",
    {"sd_weight": 2, "sd_bias": 2},
    "compute the standard deviations after the scaling",
    THREE_DIGITS,
)
T4 = hand_task(
    "T4",
    "the wrong gradient that works",
    {"explanation": 12},
    "explain why the reported accuracy needs a ReLU whose backward pass masks nothing",
)

LAB = Lab(
    name="nn_library",
    title="Lab 3: a small library of layers, and a wrong gradient that works",
    student_files=("cattern/nn_library.py",),
    carries=("cattern/layers.py",),
    tasks=(SAMPLE, ONE_HOT, GAUSSIAN, TRAIN_EPOCH, EVALUATE, TRAIN, T1, T2, T3, T4),
)
