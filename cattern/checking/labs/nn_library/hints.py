"""Hints of lab 3, each from a nudge to where to read."""

HINTS: dict[str, tuple[str, ...]] = {
    "TODO#1": (
        "Print X.shape, X.min() and X.max(), and show three rows as images with their labels.",
        "Draw row NUMBERS once, without replacement, and index the images and the labels with the same numbers; then flatten, convert and divide.",
        "NumPy's page on Generator.choice, for `replace`; the docstring of the function, for shapes and dtypes.",
    ),
    "TODO#2": (
        "Every row holds exactly one 1. What is the sum of each row of yours, and of each column?",
        "Start from zeros of shape (N, C), and set N single elements: row i goes with column y[i].",
        "NumPy's user guide on indexing with two arrays of integers; or the rows of numpy.eye.",
    ),
    "TODO#3": (
        "Print np.sum(array**2) for shape (784, 10): which number should it be?",
        "Draw all numbers first, compute ONE norm from all of them, and divide.",
        "NumPy's pages on Generator.normal (its arguments are mean, sd, size) and numpy.linalg.norm (what does it do to a matrix without `axis`?).",
    ),
    "TODO#4": (
        "Print the loss of the first ten minibatches: does it fall, stay or grow?",
        "Six steps: forget old gradients, scores, loss (kept), accuracy (kept), backward through loss and model, step.",
        "The docstrings of Layer.backward and Layer.zero_grad in layers.py: why is zero_grad needed at all?",
    ),
    "TODO#5": (
        "What would your function say of a model that is right on 3 of 4 rows?",
        "One forward pass; the loss layer turns scores and Y into the loss; the places of the largest score and of the 1 give the accuracy.",
        "The documentation of np.argmax: what does `axis` mean?",
    ),
    "TODO#6": (
        "After 3 epochs of 4 minibatches, how long should each of the six lists be?",
        "Train the epoch first, then evaluate on both sets; two lists grow by a list of numbers, four by one number.",
        "Python's tutorial, section Data Structures: list.append and list.extend.",
    ),
}
