"""Lab 4, `binary_mlp`: its tasks and what earns their points."""

from functools import partial

from cattern.checking.lab import WITHOUT_SCIPY, Lab, Property
from cattern.checking.labs._tasks import earn, remark, todo_task, untouched
from cattern.checking.labs._theory import COUNT, THREE_DIGITS, hand_task, theory_task
from cattern.checking.labs.binary_mlp import drivers, readings
from cattern.checking.labs.binary_mlp.hints import HINTS

todo = partial(todo_task, HINTS)


DERIVED = "the gradients are measured by differences, not derived"


def maps(i: int, points: float) -> Property:
    """Return the property that the gradients of linear map number i are right, or exact for the student's own forward."""
    says = {f"{name}{i}": f"the gradient of {name} in linear{i} {{gap}}" for name in ("W", "b")}
    own = (f"own_W{i}", f"own_b{i}", "derived")
    return earn(points, f"gradients of linear{i}", or_facts=own, **says, derived=DERIVED)


def gradient_in_X(points: float) -> Property:
    """Return the property of what goes back to the input."""
    says = {"dX": "the gradient in X {gap}", "derived": DERIVED}
    return earn(points, "gradient in X", or_facts=("own_dX", "derived"), **says)


ADDS = earn(
    1,
    "adds to the gradients",
    adds="a second `backward` does not ADD to the gradients of the first",
)
STAYS = earn(
    1,
    "right, and X stays as it was",
    logits="the array of logits {gap}",
    untouched="`forward` changes X: work on new arrays",
)
BACK = earn(
    2,
    "ready for the way back",
    goes_back="after this forward pass the layers do not go back as they do after their own `forward`: "
    "each must keep what went through it",
)

TASKS = (
    todo(
        1,
        "loss by index",
        "compute −log p of the label for one example, from the definition",
        drivers.drive_loss_by_index,
        readings.read_loss_by_index,
        earn(6, "loss", loss="the loss {gap}"),
        untouched("logits"),
    ),
    todo(
        2,
        "softmax gradient by index",
        "compute p − y for one example, element by element",
        drivers.drive_gradient_by_index,
        readings.read_gradient_by_index,
        earn(
            4,
            "the label's element",
            at_label="the gradient in the label's logit {gap}",
            derived=DERIVED,
            or_facts=("own", "derived"),
        ),
        earn(
            4,
            "the other elements",
            elsewhere="the gradient in the logits of the other classes {gap}",
            derived=DERIVED,
            or_facts=("own", "derived"),
        ),
        untouched("logits"),
        builds_on=("TODO#1",),
    ),
    todo(
        3,
        "linear gradients by index",
        "compute dW, db and dh of a linear map for one example, element by element",
        drivers.drive_gradients_by_index,
        readings.read_gradients_by_index,
        earn(5, "dW", dW="dW {gap}", derived=DERIVED),
        earn(3, "db", db="db {gap}", derived=DERIVED),
        earn(4, "dh", dh="dh {gap}", derived=DERIVED),
        untouched("h or dlogits"),
        remark(
            grads_left_alone="`gradients_by_index` writes into self.grads, which belongs to `backward`",
        ),
    ),
    todo(
        4,
        "one hidden layer, forward",
        "compute the logits: linear, ReLU, linear",
        drivers.forward_driver("SingleLayerMLP"),
        readings.read_forward,
        earn(5, "logits", logits="the array of logits {gap}"),
        BACK,
        STAYS,
        diagnostic=("relus",),
    ),
    todo(
        5,
        "one hidden layer, backward",
        "go back through the three layers",
        drivers.backward_driver("SingleLayerMLP"),
        readings.backward_reading("SingleLayerMLP"),
        maps(2, 3),
        maps(1, 3),
        gradient_in_X(3),
        ADDS,
        untouched("dlogits"),
        builds_on=("TODO#4",),
    ),
    todo(
        6,
        "training loop",
        "compute the loss of a minibatch and make one update of the model",
        drivers.drive_train,
        readings.read_train,
        earn(
            7,
            "updates",
            moves="the number of updates that moved the weights {gap}",
            path="a weight after update k, in [k, d, c], {gap}",
        ),
        earn(4, "losses", losses="the list loss_history {gap}", or_facts=("own_losses",)),
        earn(1, "every epoch", epochs="the lengths of the four histories {gap}"),
        untouched("X or y"),
        remark(one_forward="more forward passes than updates: one gives loss and gradients"),
        diagnostic=("way", "backward_calls", "step_calls"),
    ),
    todo(
        7,
        "evaluation",
        "compute the mean loss and the accuracy on a whole set",
        drivers.drive_evaluate,
        readings.read_evaluate,
        earn(4, "loss", loss="the loss {gap}"),
        earn(5, "accuracy", accuracy="the accuracy {gap}"),
        earn(
            1,
            "nothing changes",
            untouched="the weights, X or y are not what they were: evaluation must not train",
        ),
        remark(one_forward="more than one forward pass: the same logits give loss and accuracy"),
    ),
    todo(
        8,
        "two hidden layers, forward",
        "compute the logits by all five layers",
        drivers.forward_driver("TwoHiddenLayerMLP"),
        readings.read_forward,
        earn(3, "logits", logits="the array of logits {gap}"),
        BACK,
        STAYS,
        diagnostic=("relus",),
    ),
    todo(
        9,
        "two hidden layers, backward",
        "go back through all five layers",
        drivers.backward_driver("TwoHiddenLayerMLP"),
        readings.backward_reading("TwoHiddenLayerMLP"),
        maps(3, 2),
        maps(2, 2),
        maps(1, 2),
        gradient_in_X(1),
        ADDS,
        untouched("dlogits"),
        builds_on=("TODO#8",),
    ),
    theory_task(
        "T1",
        "one example by hand",
        {"loss_value": 1, "dlogit_0": 1, "dlogit_1": 1, "dW_00": 1, "dh_0": 1},
        "compute the loss of one example and four of its derivatives",
        THREE_DIGITS,
    ),
    theory_task(
        "T2",
        "counting",
        {"num_params_one": 1, "num_params_two": 1, "num_updates": 1},
        "count the parameters of both networks, and the updates of a run",
        COUNT,
    ),
    theory_task(
        "T3",
        "smaller weights",
        {"logits_one": 1, "logits_two": 1, "dW1_one": 1, "dW1_two": 1},
        "say by which factors logits and gradients shrink with the weights",
    ),
    hand_task(
        "T4",
        "why it waits",
        {"explanation": 8},
        "explain why one network learns after 50 epochs and the other after 150",
    ),
)

LAB = Lab(
    name="binary_mlp",
    title="Lab 4: one and two hidden layers, and where their gradients come from",
    student_files=("cattern/binary_mlp.py",),
    carries=("cattern/layers.py",),
    tasks=TASKS,
    packages=WITHOUT_SCIPY,
)
