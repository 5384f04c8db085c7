"""Lab 5, `sigmoid_net`: its tasks and what earns their points."""

from functools import partial

from cattern.checking.lab import Lab, Property
from cattern.checking.labs._tasks import remark, todo_task
from cattern.checking.labs._theory import COUNT, hand_task, theory_task
from cattern.checking.labs.sigmoid_net import drivers, readings
from cattern.checking.labs.sigmoid_net.hints import HINTS

SCALAR = "cattern/scalar_net.py"
VECTOR = "cattern/sigmoid_net.py"

task = partial(todo_task, HINTS)


def derivatives(title: str, points: float, *names: str) -> Property:
    """Return the property of some of the nine derivatives, earned as well when they fit the student's own one in c."""
    return Property(
        title,
        points,
        names,
        tuple(f"ratio_{name}" for name in names),
        says={name: f"the derivative in {name} {{gap}}" for name in names},
    )


SIGMOID = task(
    1,
    "sigmoid of a number",
    "compute the sigmoid of one number, whatever its size",
    SCALAR,
    drivers.drive_sigmoid,
    readings.read_sigmoid,
    (
        Property("values", 5, ("s",), says={"s": "the sigmoid {gap}"}),
        Property("no overflow", 3, ("huge",), says={"huge": "the sigmoid of ±1000 {gap}"}),
    ),
)

SCALAR_FORWARD = task(
    2,
    "forward by hand",
    "compute both hidden units and the output in plain numbers",
    SCALAR,
    drivers.drive_scalar_forward,
    readings.read_scalar_forward,
    (
        Property("hidden units", 6, ("h1", "h2"), says={"h1": "h1 {gap}", "h2": "h2 {gap}"}),
        Property("output", 4, ("o",), ("own_o",), says={"o": "o {gap}"}),
        remark("untouched", "`scalar_forward` changes the parameters"),
    ),
)

SCALAR_BACKWARD = task(
    3,
    "backward by hand",
    "compute the nine derivatives of the loss in plain numbers",
    SCALAR,
    drivers.drive_scalar_backward,
    readings.read_scalar_backward,
    (
        Property("output's bias", 4, ("c",), says={"c": "the derivative in c {gap}"}),
        derivatives("output's weights", 4, "v1", "v2"),
        derivatives("first hidden unit", 4, "w11", "w12", "b1"),
        derivatives("second hidden unit", 4, "w21", "w22", "b2"),
        remark("untouched", "`scalar_backward` changes the parameters"),
    ),
)

SCALAR_TRAIN = task(
    4,
    "one update per point",
    "add up the loss and update all nine parameters, point by point",
    SCALAR,
    drivers.drive_train_scalar,
    readings.read_train_scalar,
    (
        Property(
            "parameters after training",
            6,
            ("moved",),
            says={"moved": "how far a parameter has moved (0 to 8 are w11, …, v2, c) {gap}"},
        ),
        Property(
            "loss of every epoch",
            4,
            ("losses",),
            ("own_losses",),
            says={"losses": "the list of losses {gap}"},
        ),
    ),
)

FORWARD = task(
    5,
    "sigmoid layer forward",
    "apply the sigmoid to a whole array at once",
    VECTOR,
    drivers.drive_forward,
    readings.read_forward,
    (
        Property("values", 6, ("S",), says={"S": "the output {gap}"}),
        Property("large numbers", 2, ("huge",), says={"huge": "the output for ±1000 {gap}"}),
        remark("calm", "exp() overflows on the way: NumPy warns where the numbers are large"),
        remark("same_dtype", "float32 goes in and another dtype comes out: training becomes slower"),
        remark("untouched", "`forward` changes its input"),
    ),
)

BACKWARD = task(
    6,
    "sigmoid layer backward",
    "go back through the sigmoid",
    VECTOR,
    drivers.drive_backward,
    readings.read_backward,
    (
        Property("gradient of the input", 8, ("dZ",), ("own",), says={"dZ": "the gradient {gap}"}),
        remark("untouched", "`backward` changes dout, which belongs to the caller"),
    ),
)

TRAIN = task(
    7,
    "training step",
    "compute the mean loss of a minibatch and make one update with summed gradients",
    VECTOR,
    drivers.drive_train,
    readings.read_train,
    (
        Property("first update", 5, ("first_step",), says={"first_step": "the first step of a weight {gap}"}),
        Property(
            "later updates",
            5,
            ("later_steps",),
            says={"later_steps": "how far a weight has moved after several updates {gap}"},
        ),
        Property(
            "loss of every minibatch",
            4,
            ("losses",),
            ("own_losses",),
            says={"losses": "loss_history {gap}"},
        ),
        remark("untouched", "`train` changes X or y"),
    ),
    traits=("backwards", "steps"),
)

PREDICT = task(
    8,
    "predict",
    "return the class with the highest score for every row",
    VECTOR,
    drivers.drive_predict,
    None,
    (
        Property("labels", 5, ("labels",), says={"labels": "the row of labels {gap}"}),
        remark("whole", "labels are class numbers: integers, not floats"),
    ),
)

SMOOTH = task(
    9,
    "moving average",
    "smooth a curve: the mean of every window of neighbours",
    VECTOR,
    drivers.drive_moving_average,
    readings.read_moving_average,
    (
        Property("number of means", 2, ("shape",), says={"shape": "the shape of the array of means {gap}"}),
        Property("means", 4, ("means",), says={"means": "the array of means {gap}"}),
    ),
)

T1 = theory_task(
    "T1",
    "one pass by hand",
    {"h1": 1, "h2": 1, "o": 1, "loss": 1, "dloss_dv1": 1, "dloss_dw12": 1},
    "compute one forward and one backward pass with pencil and paper",
)
T2 = theory_task(
    "T2",
    "counting",
    {"num_params": 1, "num_updates": 1, "mean_rate": 1},
    "count parameters and updates; translate a rate for sums into one for means",
    COUNT,
)
T3 = hand_task(
    "T3",
    "the slope of a sigmoid",
    {"derivation": 6},
    "derive the slope of the sigmoid, bound it, and say what that means for deep networks",
)

LAB = Lab(
    name="sigmoid_net",
    title="Lab 5: a sigmoid network, from scalars to MNIST",
    student_files=(SCALAR, VECTOR),
    carries=("cattern/layers.py",),
    tasks=(
        SIGMOID,
        SCALAR_FORWARD,
        SCALAR_BACKWARD,
        SCALAR_TRAIN,
        FORWARD,
        BACKWARD,
        TRAIN,
        PREDICT,
        SMOOTH,
        T1,
        T2,
        T3,
    ),
)
