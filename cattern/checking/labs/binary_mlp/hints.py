"""Hints of lab 4, each from a nudge to where to read."""

HINTS: dict[str, tuple[str, ...]] = {
    "TODO#1": (
        "Try logits [0, 0]: whatever the label, the loss must be ln 2 ≈ 0.693.",
        "Two steps: add up exp() of ALL logits; the label's share of that sum is its probability, and the loss is minus its logarithm.",
        "Section 2 of the notebook; Python's page on `math`: which logarithm is math.log?",
    ),
    "TODO#2": (
        "Add up the elements of your gradient: p and y both add up to 1, so the sum must be 0.",
        "For each class: its probability, minus 1 if it is the label. The sum under the fraction is that of TODO#1.",
        "The derivation in section 2 of the notebook.",
    ),
    "TODO#3": (
        "Which of the three gradients gets several contributions for one and the same element?",
        "Two nested loops. dW has one product per pair (i, j); dh collects over the outputs i; db belongs to the outer loop.",
        "The docstring of gradients_by_index, and the comment on W_ij and W[j, i] above the TODO.",
    ),
    "TODO#4": (
        "Write down the shape after each layer: (N, D), (N, H), (N, H), (N, C).",
        "The output of each layer is the input of the next; nothing comes after the last one.",
        "The picture of the network in section 4 of the notebook; the docstring of Linear.forward in layers.py.",
    ),
    "TODO#5": (
        "The shapes go the way back: (N, C), (N, H), (N, H), (N, D).",
        "The layers in reversed order; what one `backward` returns is what the next one gets.",
        "The docstring of Layer.backward in layers.py: which gradients does it add, and which does it return?",
    ),
    "TODO#6": (
        "Print the loss of the first ten minibatches: does it fall, stay or grow?",
        "Five steps: forget old gradients, logits, loss, back through loss and model, step.",
        "The docstrings of Layer.backward, Layer.zero_grad and Layer.step in layers.py.",
    ),
    "TODO#7": (
        "What would your function say of a model that is right on 3 of 4 rows?",
        "One forward pass; the loss layer turns logits and labels into the loss; the column of the highest logit is the predicted label.",
        "The documentation of np.argmax: what does `axis` mean?",
    ),
    "TODO#8": (
        "Which layer is new against TODO#4, and between which two does it stand?",
        "Five layers, each with its own name in __init__; the two ReLUs are two objects, and each remembers its own input.",
        "The constructor of TwoHiddenLayerMLP; section 7 of the notebook.",
    ),
    "TODO#9": (
        "Follow the picture of TODO#8 against the arrows, one layer at a time.",
        "Five backward passes in reversed order. A ReLU stands AFTER its linear map, so on the way back it comes first.",
        "The docstring of ReLU.backward in layers.py: what does it need from its own forward pass?",
    ),
}
