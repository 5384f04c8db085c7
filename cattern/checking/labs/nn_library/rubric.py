"""Lab 3, `nn_library`: its tasks and what earns their points."""

from functools import partial

from cattern.checking.lab import Lab
from cattern.checking.labs._tasks import earn, remark, todo_task
from cattern.checking.labs._theory import COUNT, THREE_DIGITS, hand_task, theory_task
from cattern.checking.labs.nn_library import drivers, readings
from cattern.checking.labs.nn_library.hints import HINTS

todo = partial(todo_task, HINTS)

FLOAT32 = remark(
    float32="it is not float32, which needs half the memory of float64 and makes every epoch faster"
)

TASKS = (
    todo(
        1,
        "normalised sample",
        "draw images without replacement; make float32 rows of pixels in [0, 1] of them",
        drivers.drive_sample,
        readings.read_sample,
        earn(
            4,
            "rows of pixels",
            X_shape="the shape of X {gap}",
            are_images="a row of X is not an image with all pixels divided by one number",
            scale="what a pixel of 255 becomes in X (lowest and highest) {gap}",
        ),
        earn(
            3,
            "their labels",
            y_shape="the shape of y {gap}",
            own_labels="the labels in y do not belong to the rows of X",
        ),
        earn(
            4,
            "drawn at random",
            no_repeats="an image is chosen twice",
            unordered="the images are neighbours in the file, not a random choice",
            everywhere="all images come from one end of the file: a part of it is never chosen",
            varied="two random generators give the same sample",
            same_seed="two generators with the same seed give two samples: draw from `rng`, and from nothing else",
        ),
        earn(1, "inputs untouched", untouched="the images or labels are changed in place"),
        FLOAT32,
        remark(int64="y is not int64: small integers overflow as soon as somebody computes with them"),
        diagnostic=(
            "all_values",
            "labels_are_first",
            "labels_are_rows",
            "labels_in_another_order",
            "first_rows",
        ),
    ),
    todo(
        2,
        "one-hot labels",
        "write labels as rows with a single 1",
        drivers.drive_one_hot,
        readings.read_one_hot,
        earn(3, "shape", Y_shape="the shape of Y {gap}"),
        earn(5, "one 1 in each row", Y="Y {gap}"),
        remark(untouched="`one_hot` changes y"),
        FLOAT32,
    ),
    todo(
        3,
        "initial weights",
        "draw a Gaussian array and scale it, as a whole, to an L2 norm of 1",
        drivers.drive_gaussian,
        readings.read_gaussian,
        earn(
            6,
            "L2 norm of 1",
            shape="the shape {gap}",
            norm_is_1="the L2 norm of the whole array is not 1",
        ),
        earn(
            3,
            "Gaussian around 0",
            centred="the mean of many numbers is not 0",
            free_mean="the mean is exactly 0, so it was subtracted: that of Gaussian numbers is so on average only",
            gaussian="the numbers are not distributed like a Gaussian",
        ),
        earn(
            3,
            "drawn from rng",
            varied="two random generators give the same array",
            same_seed="two generators with the same seed give two arrays: draw from `rng`, and from nothing else",
        ),
        FLOAT32,
        diagnostic=("norm", "rows_are_1", "columns_are_1", "tails", "centre"),
    ),
    todo(
        4,
        "one epoch",
        "make one update per minibatch; keep its loss and its accuracy",
        drivers.drive_train_epoch,
        readings.read_train_epoch,
        earn(8, "updates", W="the weights after the epoch: W {gap}"),
        earn(5, "losses", losses="the list of losses {gap}", or_facts=("own_losses",)),
        earn(5, "accuracies", accuracies="the list of accuracies {gap}", or_facts=("own_accuracies",)),
        remark(untouched="`train_epoch` changes X or Y"),
        remark(one_forward="more forward passes than updates: the scores of the loss serve again"),
        diagnostic=("backward_calls", "step_calls"),
    ),
    todo(
        5,
        "evaluation",
        "compute the mean loss and the accuracy on a whole set",
        drivers.drive_evaluate,
        readings.read_evaluate,
        earn(4, "loss", loss="the loss {gap}"),
        earn(5, "accuracy", accuracy="the accuracy {gap}"),
        earn(
            1,
            "nothing changes",
            untouched="the weights, X or Y are not what they were: evaluation must not train",
        ),
    ),
    todo(
        6,
        "histories",
        "train the epochs, and fill the six lists of the history",
        drivers.drive_train,
        readings.read_train,
        earn(
            5,
            "every minibatch",
            loss_history="loss_history {gap}",
            acc_history="acc_history {gap}",
        ),
        earn(
            4,
            "training set, every epoch",
            train_loss_history="train_loss_history {gap}",
            train_acc_history="train_acc_history {gap}",
        ),
        earn(
            4,
            "validation set, every epoch",
            val_loss_history="val_loss_history {gap}",
            val_acc_history="val_acc_history {gap}",
        ),
        earn(1, "training", W="the weights after the last epoch: W {gap}"),
        builds_on=("TODO#4", "TODO#5"),
    ),
    theory_task(
        "T1",
        "three gradients",
        {"g_true": 2, "g_straight": 2, "g_none": 2},
        "compute the gradient in one logit for the three variants",
        THREE_DIGITS,
    ),
    theory_task(
        "T2",
        "counting updates",
        {"num_updates": 2, "last_batch": 2},
        "count the updates, and the rows of the last",
        COUNT,
    ),
    theory_task(
        "T3",
        "who dies",
        {"sd_weight": 2, "sd_bias": 2},
        "compute the standard deviations after the scaling",
        THREE_DIGITS,
    ),
    hand_task(
        "T4",
        "the wrong gradient that works",
        {"explanation": 12},
        "explain why the reported accuracy needs a ReLU whose backward pass masks nothing",
    ),
)

LAB = Lab(
    name="nn_library",
    title="Lab 3: a small library of layers, and a wrong gradient that works",
    student_files=("cattern/nn_library.py",),
    carries=("cattern/layers.py",),
    tasks=TASKS,
)
