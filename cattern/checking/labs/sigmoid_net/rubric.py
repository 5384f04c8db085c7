"""Lab 5, `sigmoid_net`: its tasks and what earns their points."""

from functools import partial

from cattern.checking.lab import WITHOUT_SCIPY, Lab, Property
from cattern.checking.labs._tasks import earn, remark, todo_task
from cattern.checking.labs._theory import COUNT, hand_task, theory_task
from cattern.checking.labs.sigmoid_net import drivers, readings
from cattern.checking.labs.sigmoid_net.hints import HINTS

SCALAR = "cattern/scalar_net.py"
VECTOR = "cattern/sigmoid_net.py"

scalar = partial(todo_task, HINTS, file=SCALAR)
vector = partial(todo_task, HINTS, file=VECTOR)


DERIVED = "the derivatives are measured by differences, not derived"


def derivatives(points: float, title: str, *names: str) -> Property:
    """Return the property of some of the nine derivatives, earned as well when they fit the student's own one in c."""
    says = {name: f"the derivative in {name} {{gap}}" for name in names}
    own = (*(f"ratio_{name}" for name in names), "derived")
    return earn(points, title, or_facts=own, **says, derived=DERIVED)


TASKS = (
    scalar(
        1,
        "sigmoid of a number",
        "compute the sigmoid of one number, whatever its size",
        drivers.drive_sigmoid,
        readings.read_sigmoid,
        earn(5, "values", s="the sigmoid {gap}"),
        earn(3, "no overflow", huge="the sigmoid of ±1000 {gap}"),
    ),
    scalar(
        2,
        "forward by hand",
        "compute both hidden units and the output in plain numbers",
        drivers.drive_scalar_forward,
        readings.read_scalar_forward,
        earn(6, "hidden units", h1="h1 {gap}", h2="h2 {gap}"),
        earn(4, "output", o="o {gap}", or_facts=("own_o",)),
        remark(untouched="`scalar_forward` changes the parameters"),
    ),
    scalar(
        3,
        "backward by hand",
        "compute the nine derivatives of the loss in plain numbers",
        drivers.drive_scalar_backward,
        readings.read_scalar_backward,
        earn(4, "output's bias", c="the derivative in c {gap}", derived=DERIVED),
        derivatives(4, "output's weights", "v1", "v2"),
        derivatives(4, "first hidden unit", "w11", "w12", "b1"),
        derivatives(4, "second hidden unit", "w21", "w22", "b2"),
        remark(untouched="`scalar_backward` changes the parameters"),
    ),
    scalar(
        4,
        "one update per point",
        "add up the loss and update all nine parameters, point by point",
        drivers.drive_train_scalar,
        readings.read_train_scalar,
        earn(
            6,
            "parameters after training",
            moved="how far a parameter has moved (0 to 8 are w11, …, v2, c) {gap}",
        ),
        earn(4, "loss of every epoch", losses="the list of losses {gap}", or_facts=("own_losses",)),
    ),
    vector(
        5,
        "sigmoid layer forward",
        "apply the sigmoid to a whole array at once",
        drivers.drive_forward,
        readings.read_forward,
        earn(5, "values", S="the output {gap}"),
        earn(
            1,
            "right, and ready for the way back",
            S="the output {gap}",
            goes_back="`backward` does not find the output of this `forward`: `self.S` must be what was returned",
        ),
        earn(2, "large numbers", huge="the output for ±1000 {gap}"),
        remark(calm="exp() overflows on the way: NumPy warns where the numbers are large"),
        remark(same_dtype="float32 goes in and another dtype comes out: training becomes slower"),
        remark(untouched="`forward` changes its input"),
    ),
    vector(
        6,
        "sigmoid layer backward",
        "go back through the sigmoid",
        drivers.drive_backward,
        readings.read_backward,
        earn(
            8,
            "gradient of the input",
            dZ="the gradient {gap}",
            derived=DERIVED,
            or_facts=("own", "derived"),
        ),
        remark(untouched="`backward` changes dout, which belongs to the caller"),
        builds_on=("TODO#5",),
    ),
    vector(
        7,
        "training step",
        "compute the mean loss of a minibatch and make one update with summed gradients",
        drivers.drive_train,
        readings.read_train,
        earn(5, "first update", first_step="the first step of a weight {gap}"),
        earn(5, "later updates", later_steps="how far a weight has moved after several updates {gap}"),
        earn(4, "loss of every minibatch", losses="loss_history {gap}", or_facts=("own_losses",)),
        remark(untouched="`train` changes X or y"),
        diagnostic=("backwards", "steps"),
    ),
    vector(
        8,
        "predict",
        "return the class with the highest score for every row",
        drivers.drive_predict,
        None,
        earn(5, "labels", labels="the row of labels {gap}"),
        remark(whole="labels are class numbers: integers, not floats"),
    ),
    vector(
        9,
        "moving average",
        "smooth a curve: the mean of every window of neighbours",
        drivers.drive_moving_average,
        readings.read_moving_average,
        earn(2, "number of means", shape="the shape of the array of means {gap}"),
        earn(4, "means", means="the array of means {gap}"),
    ),
    theory_task(
        "T1",
        "one pass by hand",
        {"h1": 1, "h2": 1, "o": 1, "loss": 1, "dloss_dv1": 1, "dloss_dw12": 1},
        "compute one forward and one backward pass with pencil and paper",
    ),
    theory_task(
        "T2",
        "counting",
        {"num_params": 1, "num_updates": 1, "mean_rate": 1},
        "count parameters and updates; translate a rate for sums into one for means",
        COUNT,
    ),
    hand_task(
        "T3",
        "the slope of a sigmoid",
        {"derivation": 6},
        "derive the slope of the sigmoid, bound it, and say what that means for deep networks",
    ),
)

LAB = Lab(
    name="sigmoid_net",
    title="Lab 5: a sigmoid network, from scalars to MNIST",
    student_files=(SCALAR, VECTOR),
    carries=("cattern/layers.py",),
    tasks=TASKS,
    packages=WITHOUT_SCIPY,
)
