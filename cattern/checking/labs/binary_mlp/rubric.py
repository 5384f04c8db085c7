"""Lab 4, `binary_mlp`: its tasks and what earns their points."""

from cattern.checking.lab import Lab, Property, Task
from cattern.checking.labs._tasks import inputs_untouched
from cattern.checking.labs._theory import COUNT, THREE_DIGITS, hand_task, theory_task
from cattern.checking.labs.binary_mlp.drivers import (
    backward_driver,
    drive_evaluate,
    drive_gradient_by_index,
    drive_gradients_by_index,
    drive_loss_by_index,
    drive_train,
    forward_driver,
)
from cattern.checking.labs.binary_mlp.hints import HINTS
from cattern.checking.labs.binary_mlp.readings import (
    backward_reading,
    read_evaluate,
    read_forward,
    read_gradient_by_index,
    read_gradients_by_index,
    read_loss_by_index,
    read_train,
)


def maps_property(i: int, points: float) -> Property:
    """Return the property that the gradients of linear map number i are right, or exact for the student's own forward."""
    return Property(
        f"gradients of linear{i}",
        points,
        (f"W{i}", f"b{i}"),
        (f"own_W{i}", f"own_b{i}"),
        says={f"{name}{i}": f"the gradient of {name} in linear{i} {{gap}}" for name in ("W", "b")},
    )


ADDS = Property(
    "adds to the gradients",
    1,
    ("adds",),
    says={"adds": "a second `backward` does not ADD to the gradients of the first"},
)
INPUT = {"dX": "the gradient in X {gap}"}
LOGITS = {"logits": "the array of logits {gap}"}
BACK = {
    "goes_back": "after this forward pass the layers do not go back as they do after their own `forward`: "
    "each must keep what went through it"
}

LOSS = Task(
    id="TODO#1",
    title="loss by index",
    todo="compute −log p of the label for one example, from the definition",
    grade_id="todo1",
    driver=drive_loss_by_index,
    reading=read_loss_by_index,
    properties=(Property("loss", 6, ("loss",), says={"loss": "the loss {gap}"}), inputs_untouched("logits")),
    hints=HINTS["TODO#1"],
)

DLOGITS = Task(
    id="TODO#2",
    title="softmax gradient by index",
    todo="compute p − y for one example, element by element",
    grade_id="todo2",
    builds_on=("TODO#1",),
    driver=drive_gradient_by_index,
    reading=read_gradient_by_index,
    properties=(
        Property(
            "the label's element",
            4,
            ("at_label",),
            ("own",),
            says={"at_label": "the gradient in the label's logit {gap}"},
        ),
        Property(
            "the other elements",
            4,
            ("elsewhere",),
            ("own",),
            says={"elsewhere": "the gradient in the logits of the other classes {gap}"},
        ),
        inputs_untouched("logits"),
    ),
    hints=HINTS["TODO#2"],
)

BY_INDEX = Task(
    id="TODO#3",
    title="linear gradients by index",
    todo="compute dW, db and dh of a linear map for one example, element by element",
    grade_id="todo3",
    driver=drive_gradients_by_index,
    reading=read_gradients_by_index,
    properties=(
        Property("dW", 5, ("dW",), says={"dW": "dW {gap}"}),
        Property("db", 3, ("db",), says={"db": "db {gap}"}),
        Property("dh", 4, ("dh",), says={"dh": "dh {gap}"}),
        inputs_untouched("h or dlogits"),
        Property(
            "self.grads left alone",
            0,
            ("grads_left_alone",),
            says={
                "grads_left_alone": "`gradients_by_index` writes into self.grads, which belongs to `backward`"
            },
        ),
    ),
    hints=HINTS["TODO#3"],
)

FORWARD = Task(
    id="TODO#4",
    title="one hidden layer, forward",
    todo="compute the logits: linear, ReLU, linear",
    grade_id="todo4",
    driver=forward_driver("SingleLayerMLP"),
    reading=read_forward,
    traits=("relus",),
    properties=(
        Property("logits", 6, ("logits",), says=LOGITS),
        Property("ready for the way back", 2, ("goes_back",), says=BACK),
        inputs_untouched("X"),
    ),
    hints=HINTS["TODO#4"],
)

BACKWARD = Task(
    id="TODO#5",
    title="one hidden layer, backward",
    todo="go back through the three layers",
    grade_id="todo5",
    builds_on=("TODO#4",),
    driver=backward_driver("SingleLayerMLP"),
    reading=backward_reading("SingleLayerMLP"),
    properties=(
        maps_property(2, 3),
        maps_property(1, 3),
        Property("gradient in X", 3, ("dX",), ("own_dX",), says=INPUT),
        ADDS,
        inputs_untouched("dlogits"),
    ),
    hints=HINTS["TODO#5"],
)

TRAIN = Task(
    id="TODO#6",
    title="training loop",
    todo="compute the loss of a minibatch and make one update of the model",
    grade_id="todo6",
    driver=drive_train,
    reading=read_train,
    traits=("backward_calls", "step_calls"),
    properties=(
        Property(
            "updates",
            7,
            ("moves", "path"),
            says={
                "moves": "the number of updates that moved the weights {gap}",
                "path": "a weight after update k, in [k, d, c], {gap}",
            },
        ),
        Property("losses", 4, ("losses",), ("own_losses",), says={"losses": "the list loss_history {gap}"}),
        Property("every epoch", 1, ("epochs",), says={"epochs": "the lengths of the four histories {gap}"}),
        inputs_untouched("X or y"),
        Property(
            "one forward pass",
            0,
            ("one_forward",),
            says={"one_forward": "more forward passes than minibatches: one gives loss and gradients"},
        ),
    ),
    hints=HINTS["TODO#6"],
)

EVALUATE = Task(
    id="TODO#7",
    title="evaluation",
    todo="compute the mean loss and the accuracy on a whole set",
    grade_id="todo7",
    driver=drive_evaluate,
    reading=read_evaluate,
    properties=(
        Property("loss", 4, ("loss",), says={"loss": "the loss {gap}"}),
        Property("accuracy", 5, ("accuracy",), says={"accuracy": "the accuracy {gap}"}),
        Property(
            "nothing changes",
            1,
            ("untouched",),
            says={"untouched": "the weights, X or y are not what they were: evaluation must not train"},
        ),
        Property(
            "one forward pass",
            0,
            ("one_forward",),
            says={"one_forward": "more than one forward pass: the same logits give loss and accuracy"},
        ),
    ),
    hints=HINTS["TODO#7"],
)

FORWARD_TWO = Task(
    id="TODO#8",
    title="two hidden layers, forward",
    todo="compute the logits by all five layers",
    grade_id="todo8",
    driver=forward_driver("TwoHiddenLayerMLP"),
    reading=read_forward,
    traits=("relus",),
    properties=(
        Property("logits", 4, ("logits",), says=LOGITS),
        Property("ready for the way back", 2, ("goes_back",), says=BACK),
        inputs_untouched("X"),
    ),
    hints=HINTS["TODO#8"],
)

BACKWARD_TWO = Task(
    id="TODO#9",
    title="two hidden layers, backward",
    todo="go back through all five layers",
    grade_id="todo9",
    builds_on=("TODO#8",),
    driver=backward_driver("TwoHiddenLayerMLP"),
    reading=backward_reading("TwoHiddenLayerMLP"),
    properties=(
        maps_property(3, 2),
        maps_property(2, 2),
        maps_property(1, 2),
        Property("gradient in X", 1, ("dX",), ("own_dX",), says=INPUT),
        ADDS,
        inputs_untouched("dlogits"),
    ),
    hints=HINTS["TODO#9"],
)

T1 = theory_task(
    "T1",
    "one example by hand",
    {"loss_value": 1, "dlogit_0": 1, "dlogit_1": 1, "dW_00": 1, "dh_0": 1},
    "compute the loss of one example and four of its derivatives",
    THREE_DIGITS,
)
T2 = theory_task(
    "T2",
    "counting",
    {"num_params_one": 1, "num_params_two": 1, "num_updates": 1},
    "count the parameters of both networks, and the updates of a run",
    COUNT,
)
T3 = theory_task(
    "T3",
    "smaller weights",
    {"logits_one": 1, "logits_two": 1, "dW1_one": 1, "dW1_two": 1},
    "say by which factors logits and gradients shrink with the weights",
)
T4 = hand_task(
    "T4",
    "why it waits",
    {"explanation": 8},
    "explain why one network learns after 50 epochs and the other after 150",
)

LAB = Lab(
    name="binary_mlp",
    title="Lab 4: one and two hidden layers, and where their gradients come from",
    student_files=("cattern/binary_mlp.py",),
    carries=("cattern/layers.py",),
    tasks=(
        *(LOSS, DLOGITS, BY_INDEX, FORWARD, BACKWARD, TRAIN, EVALUATE, FORWARD_TWO, BACKWARD_TWO),
        *(T1, T2, T3, T4),
    ),
)
