"""Lab 2, `patch_embedding`: its tasks and what earns their points."""

from functools import partial

from cattern.checking.lab import Lab, Property
from cattern.checking.labs._tasks import earn, remark, todo_task
from cattern.checking.labs._theory import COUNT, hand_task, theory_task
from cattern.checking.labs.patch_embedding import drivers, readings
from cattern.checking.labs.patch_embedding.hints import HINTS

LAYERS = "cattern/layers.py"
EMBEDDING = "cattern/patch_embedding.py"

layers = partial(todo_task, HINTS, file=LAYERS)
embedding = partial(todo_task, HINTS, file=EMBEDDING)


def forward(points: float, output: str, kept: str) -> tuple[Property, ...]:
    """Return what the forward pass earns of a layer that keeps its input as `self.kept`."""
    return (
        earn(points - 1, output, out=f"the array of {output} {{gap}}"),
        earn(
            1,
            "right, and ready for the way back",
            out=f"the array of {output} {{gap}}",
            goes_back=f"`backward` does not find what came in: `self.{kept}` must stay the input as it was given",
        ),
        remark(untouched="`forward` changes its input"),
    )


def derived(points: float, title: str, name: str) -> Property:
    """Return the property of one gradient: right, or exact for the student's own forward; and not measured."""
    says = {name: f"{title} {{gap}}", "derived": "the gradients are measured by differences, not derived"}
    return earn(points, title, or_facts=(f"own_{name}", "derived"), **says)


def backward(W: float, b: float, dX: float, adds: float, of_input: str) -> tuple[Property, ...]:
    """Return what the backward pass of a layer with parameters earns: right, or exact for the student's own forward."""
    twice = "two equal calls must leave twice the gradient of {} in self.grads, yours do not"
    return (
        derived(W, "gradient of W", "W"),
        derived(b, "gradient of b", "b"),
        derived(dX, f"gradient of the {of_input}", "dX"),
        earn(adds, "gradients add up", adds_W=twice.format("W"), adds_b=twice.format("b")),
        remark(untouched="`backward` changes dout"),
    )


def chain(fact: str, what: str) -> tuple[Property, ...]:
    """Return what one way through a `Sequential` earns."""
    return (
        earn(2, what, **{fact: f"{what} of the network {{gap}}"}),
        earn(
            1,
            "a second pass",
            again=f"{what} of a second, equal pass {{gap}}: `self.layers` must stay as it is",
        ),
        earn(
            1,
            "a network without layers",
            empty=f"{what} without any layer {{gap}}",
            through="where there are layers, none of them is used",
        ),
    )


TASKS = (
    embedding(
        1,
        "half of every class",
        "choose half of the examples of every class at random",
        drivers.drive_select,
        readings.read_select,
        earn(
            3,
            "half of every class",
            one_row_of_numbers="`rows` is not one row of row numbers",
            counts="how many rows of a class are chosen {gap}",
            whole="the row numbers are not integers, so no array can be indexed with them",
        ),
        earn(
            2,
            "no row twice, in rising order",
            distinct="a row is chosen more than once",
            rising="the row numbers are not in rising order",
        ),
        earn(
            1,
            "random rows",
            varied="Generators of different seeds choose the same rows",
            every_row="some rows are never chosen, whatever the seed",
        ),
        earn(
            1,
            "drawn with rng",
            repeatable="two Generators of the same seed choose different rows",
            global_stream="the rows are drawn from np.random and not from `rng`",
        ),
        earn(
            1,
            "right, and y stays as it was",
            counts="how many rows of a class are chosen {gap}",
            y_untouched="`select_half_per_class` changes y",
        ),
        diagnostic=("pattern", "same_size"),
    ),
    embedding(
        2,
        "patches",
        "cut every image into square patches in reading order",
        drivers.drive_cut,
        readings.read_cut,
        earn(7, "patches", patches="the array of patches {gap}"),
        earn(
            1,
            "right, and the images stay as they were",
            patches="the array of patches {gap}",
            untouched="`cut_patches` changes the images",
        ),
        remark(same_dtype="the patches have another dtype than the images"),
    ),
    embedding(
        3,
        "embedding forward",
        "multiply every patch with every filter, sum, add the bias: features of filter after filter",
        drivers.forward_driver("PatchEmbedding"),
        readings.read_forward,
        *forward(8, "features", "patches"),
    ),
    embedding(
        4,
        "embedding backward",
        "compute the gradients of filters, biases and patches",
        drivers.backward_driver("PatchEmbedding"),
        readings.read_backward,
        *backward(W=4, b=2, dX=4, adds=2, of_input="patches"),
        builds_on=("TODO#3",),
    ),
    layers(
        5,
        "linear forward",
        "map every row by X W + b",
        drivers.forward_driver("Linear"),
        readings.read_forward,
        *forward(4, "outputs", "X"),
    ),
    layers(
        6,
        "linear backward",
        "compute the gradients of W, b and X",
        drivers.backward_driver("Linear"),
        readings.read_backward,
        *backward(W=3, b=1, dX=3, adds=1, of_input="input"),
        builds_on=("TODO#5",),
    ),
    layers(
        7,
        "ReLU forward",
        "turn negative numbers into 0",
        drivers.forward_driver("ReLU"),
        readings.read_forward,
        *forward(3, "outputs", "Z"),
    ),
    layers(
        8,
        "ReLU backward",
        "let the gradient through where the input was positive",
        drivers.backward_driver("ReLU"),
        readings.read_backward,
        derived(2, "gradient of the input", "dX"),
        earn(1, "zero at zero", at_zero="the gradient where the input is exactly 0 {gap}"),
        earn(
            1,
            "right, and dout stays as it was",
            dX="gradient of the input {gap}",
            derived="the gradients are measured by differences, not derived",
            untouched="`backward` changes dout, which belongs to the caller",
            or_facts=("own_dX", "derived", "untouched"),
        ),
        builds_on=("TODO#7",),
    ),
    layers(
        9,
        "cross-entropy forward",
        "compute the softmax of every row and the mean cross-entropy",
        drivers.drive_loss,
        readings.read_loss,
        earn(4, "loss", loss="the loss {gap}"),
        earn(1, "probabilities", probs="the array of probabilities {gap}"),
        earn(
            1,
            "right, and ready for the way back",
            probs="the array of probabilities {gap}",
            goes_back="`backward` does not find the targets: `self.targets` must stay what the line above TODO#9 makes it",
        ),
        earn(2, "no overflow", finite="the loss is not finite when scores reach ±1000"),
        remark(untouched="`forward` changes the scores"),
    ),
    layers(
        10,
        "cross-entropy backward",
        "compute the gradient of the mean cross-entropy in the scores",
        drivers.drive_dscores,
        readings.read_dscores,
        earn(
            4,
            "gradient of the scores",
            dscores="gradient of the scores {gap}",
            or_facts=("own_dscores",),
        ),
        earn(
            1,
            "right, and the probabilities stay as they were",
            dscores="gradient of the scores {gap}",
            untouched="`backward` changes self.probs: work on a new array",
            or_facts=("own_dscores", "untouched"),
        ),
        builds_on=("TODO#9",),
    ),
    layers(
        11,
        "network forward",
        "send a batch through all layers, first to last",
        drivers.drive_chain,
        readings.read_chain,
        *chain("out", "the output"),
        diagnostic=("calls",),
    ),
    layers(
        12,
        "network backward",
        "send a gradient back through all layers, last to first",
        drivers.drive_chain_back,
        readings.read_chain,
        *chain("dX", "the gradient in the input"),
        builds_on=("TODO#11",),
        diagnostic=("calls",),
    ),
    embedding(
        13,
        "training step",
        "compute the loss on a minibatch and make one update",
        drivers.drive_train,
        readings.read_train,
        earn(2, "loss of every minibatch", losses="loss_history {gap}"),
        earn(3, "first update", first_step="how a parameter moves at first {gap}"),
        earn(2, "later updates", path="a parameter, update by update, {gap}"),
        remark(untouched="`train` changes X or y"),
        diagnostic=("backward_calls", "step_calls"),
    ),
    embedding(
        14,
        "validation",
        "compute mean loss and error of a set, batch by batch",
        drivers.drive_validate,
        readings.read_validate,
        earn(3, "mean loss", loss="the mean loss {gap}"),
        earn(3, "error", error="the share of wrong answers {gap}"),
        earn(
            1,
            "in batches, without training",
            largest_batch="a batch has more than batch_size rows",
            untrained="`validate` changes the parameters of the network",
        ),
        diagnostic=("sizes",),
    ),
    theory_task(
        "T1",
        "counting",
        {"num_features": 1, "num_embedding_params": 1, "num_dense_params": 1},
        "count features and parameters of the embedding, and of a full layer in its place",
        COUNT,
    ),
    theory_task(
        "T2",
        "a dead class",
        {"dloss_dscore": 1, "dloss_dz": 1, "accuracy": 1},
        "compute the gradient of a class behind a closed ReLU, and the accuracy without such classes",
    ),
    hand_task(
        "T3",
        "the plateau",
        {"explanation": 4},
        "explain why training stops at an error of 40 to 60 %",
    ),
)

LAB = Lab(
    name="patch_embedding",
    title="Lab 2: layers, and a convolution in disguise",
    student_files=(LAYERS, EMBEDDING),
    tasks=TASKS,
)
