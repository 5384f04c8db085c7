"""Lab 2, `patch_embedding`: its tasks and what earns their points."""

from cattern.checking.lab import Lab, Property
from cattern.checking.labs._tasks import remark
from cattern.checking.labs._theory import COUNT, hand_task, theory_task
from cattern.checking.labs.patch_embedding import drivers, readings
from cattern.checking.labs.patch_embedding.building import (
    EMBEDDING,
    LAYERS,
    backward_properties,
    chain_task,
    forward_task,
    task,
)

SELECT = task(
    1,
    "half of every class",
    "choose half of the examples of every class at random",
    EMBEDDING,
    drivers.drive_select,
    readings.read_select,
    (
        Property(
            "half of every class",
            3,
            ("one_row_of_numbers", "counts", "whole"),
            says={
                "one_row_of_numbers": "`rows` is not one row of row numbers",
                "counts": "how many rows of a class are chosen {gap}",
                "whole": "the row numbers are not integers, so no array can be indexed with them",
            },
        ),
        Property(
            "no row twice, in rising order",
            2,
            ("distinct", "rising"),
            says={
                "distinct": "a row is chosen more than once",
                "rising": "the row numbers are not in rising order",
            },
        ),
        Property(
            "random rows",
            2,
            ("varied", "every_row"),
            says={
                "varied": "Generators of different seeds choose the same rows",
                "every_row": "some rows are never chosen, whatever the seed",
            },
        ),
        Property(
            "drawn with rng",
            1,
            ("repeatable", "global_stream"),
            says={
                "repeatable": "two Generators of the same seed choose different rows",
                "global_stream": "the rows are drawn from np.random and not from `rng`",
            },
        ),
        remark("y_untouched", "`select_half_per_class` changes y"),
    ),
    traits=("pattern", "same_size"),
)

CUT = task(
    2,
    "patches",
    "cut every image into square patches in reading order",
    EMBEDDING,
    drivers.drive_cut,
    readings.read_cut,
    (
        Property("patches", 8, ("patches",), says={"patches": "the array of patches {gap}"}),
        remark("same_dtype", "the patches have another dtype than the images"),
        remark("untouched", "`cut_patches` changes the images"),
    ),
)

EMBED = forward_task(
    3,
    "embedding forward",
    "multiply every patch with every filter, sum, add the bias: features of filter after filter",
    EMBEDDING,
    "PatchEmbedding",
    "features",
    8,
)

EMBED_BACK = task(
    4,
    "embedding backward",
    "compute the gradients of filters, biases and patches",
    EMBEDDING,
    drivers.backward_driver("PatchEmbedding"),
    readings.read_backward,
    backward_properties("patches", {"W": 4, "b": 2, "dX": 4, "adds": 2}),
    builds_on=("TODO#3",),
)

LINEAR = forward_task(5, "linear forward", "map every row by X W + b", LAYERS, "Linear", "outputs", 4)

LINEAR_BACK = task(
    6,
    "linear backward",
    "compute the gradients of W, b and X",
    LAYERS,
    drivers.backward_driver("Linear"),
    readings.read_backward,
    backward_properties("input", {"W": 3, "b": 1, "dX": 3, "adds": 1}),
    builds_on=("TODO#5",),
)

RECTIFY = forward_task(7, "ReLU forward", "turn negative numbers into 0", LAYERS, "ReLU", "outputs", 3)

RECTIFY_BACK = task(
    8,
    "ReLU backward",
    "let the gradient through where the input was positive",
    LAYERS,
    drivers.backward_driver("ReLU"),
    readings.read_backward,
    (
        Property("gradient of the input", 3, ("dX",), ("own_dX",)),
        Property(
            "zero at zero",
            1,
            ("at_zero",),
            says={"at_zero": "the gradient where the input is exactly 0 {gap}"},
        ),
        remark("untouched", "`backward` changes dout, which belongs to the caller"),
    ),
    builds_on=("TODO#7",),
)

LOSS = task(
    9,
    "cross-entropy forward",
    "compute the softmax of every row and the mean cross-entropy",
    LAYERS,
    drivers.drive_loss,
    readings.read_loss,
    (
        Property("loss", 4, ("loss",), says={"loss": "the loss {gap}"}),
        Property("probabilities", 2, ("probs",), says={"probs": "the array of probabilities {gap}"}),
        Property(
            "no overflow", 2, ("finite",), says={"finite": "the loss is not finite when scores reach ±1000"}
        ),
        remark("untouched", "`forward` changes the scores"),
    ),
)

DSCORES = task(
    10,
    "cross-entropy backward",
    "compute the gradient of the mean cross-entropy in the scores",
    LAYERS,
    drivers.drive_dscores,
    readings.read_dscores,
    (
        Property("gradient of the scores", 5, ("dscores",), ("own_dscores",)),
        remark("untouched", "`backward` changes self.probs: work on a new array"),
    ),
    builds_on=("TODO#9",),
)

CHAIN = chain_task(
    11,
    "network forward",
    "send a batch through all layers, first to last",
    drivers.drive_chain,
    "out",
    "the output",
)

CHAIN_BACK = chain_task(
    12,
    "network backward",
    "send a gradient back through all layers, last to first",
    drivers.drive_chain_back,
    "dX",
    "the gradient in the input",
    builds_on=("TODO#11",),
)

TRAIN = task(
    13,
    "training step",
    "compute the loss on a minibatch and make one update",
    EMBEDDING,
    drivers.drive_train,
    readings.read_train,
    (
        Property("loss of every minibatch", 2, ("losses",), says={"losses": "loss_history {gap}"}),
        Property(
            "first update", 3, ("first_step",), says={"first_step": "how a parameter moves at first {gap}"}
        ),
        Property("later updates", 2, ("path",), says={"path": "a parameter, update by update, {gap}"}),
        remark("untouched", "`train` changes X or y"),
    ),
    traits=("backward_calls", "step_calls"),
)

VALIDATE = task(
    14,
    "validation",
    "compute mean loss and error of a set, batch by batch",
    EMBEDDING,
    drivers.drive_validate,
    readings.read_validate,
    (
        Property("mean loss", 3, ("loss",), says={"loss": "the mean loss {gap}"}),
        Property("error", 3, ("error",), says={"error": "the share of wrong answers {gap}"}),
        Property(
            "in batches, without training",
            1,
            ("largest_batch", "untrained"),
            says={
                "largest_batch": "a batch has more than batch_size rows",
                "untrained": "`validate` changes the parameters of the network",
            },
        ),
    ),
    traits=("sizes",),
)

T1 = theory_task(
    "T1",
    "counting",
    {"num_features": 1, "num_embedding_params": 1, "num_dense_params": 1},
    "count features and parameters of the embedding, and of a full layer in its place",
    COUNT,
)
T2 = theory_task(
    "T2",
    "a dead class",
    {"dloss_dscore": 1, "dloss_dz": 1, "accuracy": 1},
    "compute the gradient of a class behind a closed ReLU, and the accuracy without such classes",
)
T3 = hand_task(
    "T3",
    "the plateau",
    {"explanation": 4},
    "explain why training stops at an error of 40 to 60 %",
)

LAB = Lab(
    name="patch_embedding",
    title="Lab 2: layers, and a convolution in disguise",
    student_files=(LAYERS, EMBEDDING),
    tasks=(
        SELECT,
        CUT,
        EMBED,
        EMBED_BACK,
        LINEAR,
        LINEAR_BACK,
        RECTIFY,
        RECTIFY_BACK,
        LOSS,
        DSCORES,
        CHAIN,
        CHAIN_BACK,
        TRAIN,
        VALIDATE,
        T1,
        T2,
        T3,
    ),
)
