"""Lab 1, `two_layer_net`: its tasks and what earns their points."""

from functools import partial

from cattern.checking.lab import Lab, Property, Task
from cattern.checking.labs._tasks import earn, remark, todo_task
from cattern.checking.labs._theory import COUNT, hand_task, theory_task
from cattern.checking.labs.two_layer_net import drivers, readings
from cattern.checking.labs.two_layer_net.hints import HINTS
from cattern.checking.labs.two_layer_net.minibatch import read_minibatch

todo = partial(todo_task, HINTS)


def gradient(points: float, name: str) -> Property:
    """Return the property of one parameter's gradient: right, or exact for the student's own loss."""
    says = {
        name: f"gradient of {name} {{gap}}",
        "derived": "the gradients are measured by differences of the loss, not derived: near a kink of ReLU they are wrong",
    }
    return earn(points, f"gradient of {name}", or_facts=(f"own_{name}", "derived"), **says)


def step(points: float, name: str) -> Property:
    """Return the property of one parameter's update; an update that is another's fault for later epochs is told by name."""
    says = {
        f"first_{name}": f"{name} should move by −learning_rate * gradient, and moves by {{got}} times that",
        f"moved_{name}": f"{name} does not move in every update",
        f"level_{name}": f"the steps of {name} change within an epoch, to {{got}} times its first one",
    }
    own = (f"first_{name}", f"moved_{name}", f"by_name_{name}")
    return earn(points, f"step of {name}", or_facts=own, given=(), **says)


TASKS = (
    todo(
        1,
        "scores",
        "compute the class scores: affine, ReLU, affine",
        drivers.drive_scores,
        readings.read_scores,
        earn(9, "scores", scores="the array of scores {gap}"),
        earn(
            1,
            "right, and X stays as it was",
            scores="the array of scores {gap}",
            untouched="`loss` changes X or the parameters: work on new arrays",
        ),
    ),
    todo(
        2,
        "loss",
        "compute the mean softmax cross-entropy plus the L2 term",
        drivers.drive_loss,
        readings.read_loss,
        earn(7, "data loss", data_loss="the loss at reg=0 {gap}", or_facts=("own_data_loss",)),
        earn(
            4,
            "regularisation",
            reg_term="what `reg` adds to the loss {gap}",
            reg_scaling="what doubling `reg` adds to the loss {gap}",
            about_X="at reg=0 the loss is the same for other data: there is nothing to regularise",
        ),
        earn(1, "same loss twice", repeatable="two calls on the same input give two losses"),
        remark(
            loop_free="a Python loop in `loss` is right but slow: NumPy can treat the whole batch at once",
        ),
        remark(
            finite_at_1000="the loss overflows when scores reach ±1000: subtract each row's largest score first",
        ),
        builds_on=("TODO#1",),
        diagnostic=("scores_there",),
    ),
    todo(
        3,
        "gradients",
        "compute the gradients of all four parameters",
        drivers.drive_gradients,
        readings.read_gradients,
        gradient(4, "b2"),
        gradient(5, "W2"),
        gradient(4, "b1"),
        gradient(5, "W1"),
        earn(
            2,
            "fresh arrays",
            fresh="the gradients of one call change when `loss` is called again: they share memory",
            steady="two calls of `loss` on the same input give different gradients",
        ),
        builds_on=("TODO#1", "TODO#2"),
        diagnostic=("reached", "params_untouched"),
    ),
    todo(
        4,
        "minibatch",
        "draw a random minibatch of rows and their labels",
        drivers.drive_minibatch,
        read_minibatch,
        earn(2, "batch size", size="the number of rows in a minibatch {gap}"),
        earn(
            3,
            "rows and their labels",
            rows_from_X="a row of the minibatch is not a row of X",
            own_labels="the labels of the minibatch do not belong to its rows",
        ),
        earn(
            2,
            "random rows",
            one_row="every minibatch is one row, repeated",
            varied="every minibatch holds the same rows",
            unordered="the minibatches are runs of neighbouring rows, not random ones",
            all_rows="some rows of X are never drawn",
        ),
        earn(
            1,
            "data untouched",
            X_untouched="`train` changes X",
            y_untouched="`train` changes y",
            reg_passed="the `reg` given to `train` does not reach `loss`",
        ),
        diagnostic=(
            *("rows_from_val", "rows_scaled", "spread", "shift"),
            *("labels_reordered", "labels_by_row", "labels_are_rows", "labels_are_first"),
        ),
    ),
    todo(
        5,
        "update",
        "update all four parameters by one step of gradient descent",
        drivers.drive_update,
        readings.read_update,
        *(step(2, name) for name in drivers.PARAMS),
        builds_on=("TODO#4",),
    ),
    todo(
        6,
        "learning-rate decay",
        "multiply the learning rate by learning_rate_decay once per epoch",
        drivers.drive_decay,
        readings.read_decay,
        earn(
            5,
            "rate after each epoch",
            rates="the learning rate at an iteration, as a multiple of the first one, {gap}",
            or_facts=("named_rates",),
            given=(),
        ),
        earn(
            2,
            "first step at the full rate",
            first_rate="the first step, compared with one without decay, {gap}",
            decays="the rate never changes: its first step earns something only before a decay",
            or_facts=("named_first_rate", "decays"),
            given=(),
        ),
        earn(
            1,
            "histories and reg",
            regs="the `reg` that reaches `loss` at an iteration, as a multiple of the first one, {gap}",
            iterations="the length of loss_history {gap}",
            epochs="the length of val_acc_history {gap}",
            decays="the rate never changes: nothing is written that could keep histories and reg",
        ),
        builds_on=("TODO#4", "TODO#5"),
    ),
    todo(
        7,
        "predict",
        "return the class with the highest score for every row",
        drivers.drive_predict,
        readings.read_predict,
        earn(6, "labels", labels="the array of labels {gap}", or_facts=("own_labels",)),
        remark(whole="labels are class numbers: integers, not floats"),
        builds_on=("TODO#1",),
        diagnostic=("scores_differ",),
    ),
    Task(
        id="TODO#8",
        title="tuning",
        todo="tune the hyperparameters on the validation set; keep the best model in best_net",
        grade_id="todo8",
        source="data",
        data="best_net.npz",
        properties=(
            earn(8, "validation accuracy", validation_ok="validation accuracy {gap}"),
            earn(4, "test accuracy", test_ok="test accuracy {gap}"),
        ),
        hints=HINTS["TODO#8"],
    ),
    theory_task(
        "T1",
        "a residual graph by hand",
        {"z": 1, "dz_dw1": 1, "dz_db1": 1, "dz_dw0": 1, "dz_db0": 1},
        "compute z and its derivatives in w1, b1, w0 and b0",
    ),
    theory_task(
        "T2",
        "two paths",
        {"dz_dx0_shortcut": 1, "dz_dx0_layers": 1, "dz_dx0": 1},
        "compute dz/dx0 and the share of each path",
    ),
    theory_task(
        "T3",
        "counting parameters",
        {"num_params": 3},
        "count the parameters of the 30→1024→512→1 network",
        COUNT,
    ),
    hand_task(
        "T4",
        "softmax gradient",
        {"derivation": 5},
        "derive the gradient of softmax cross-entropy in the logits",
    ),
)

LAB = Lab(
    name="two_layer_net",
    title="Lab 1: a two-layer network on MNIST",
    student_files=("cattern/neural_net.py",),
    data_files=("best_net.npz",),
    tasks=TASKS,
)
