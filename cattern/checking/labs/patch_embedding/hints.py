"""Lab 2's hints, three steps for each TODO: a nudge, the method, where to read."""

HINTS = {
    "TODO#1": (
        "Handle one class at a time, and collect row NUMBERS.",
        "Find the numbers of the rows that hold the class, draw half of them without replacement, put all classes together, sort.",
        "NumPy: np.unique, np.flatnonzero, Generator.choice (its `replace`), np.concatenate.",
    ),
    "TODO#2": (
        "Write the pixel at row r and column c of an image as patch (r // size, c // size) and place (r % size, c % size).",
        "Split each side into (which patch, which pixel in it): five axes. Then bring the two patch axes together, and the two pixel axes; only then merge.",
        "NumPy's documentation of reshape and transpose: reshape never changes the order of the numbers, transpose does.",
    ),
    "TODO#3": (
        "Take one patch and one filter first: sixteen products, one sum, one bias.",
        "A matrix product over the last axis does all patches and filters at once, in the order (image, patch, filter). Swap the last two axes before you flatten.",
        "The docstring of `forward` gives the place of every feature; the documentation of np.matmul says what `@` does with three axes.",
    ),
    "TODO#4": (
        "Undo the flattening first: which of your axes is the filter, which is the patch?",
        "With the gradient as rows of F numbers, one row for each patch of each image, it is a linear layer: input transposed times gradient, sum over the rows, gradient times weights transposed.",
        "The comment above TODO#4, and TODO#6, which is the same layer without patches.",
    ),
    "TODO#5": (
        "Write the shapes below one another: (N, D), (D, H), (H,).",
        "A matrix product and a bias; broadcasting adds the bias to every row.",
        "NumPy: `@`, and the page on broadcasting.",
    ),
    "TODO#6": (
        "Each gradient has the shape of its array; only one order of the factors gives it.",
        "Input transposed times dout for the weights, the sum of dout over the rows for the bias, dout times weights transposed for the input. The first two are ADDED to self.grads.",
        "Lab 1's text on the backward pass, or CS231n's notes on backpropagation with matrices.",
    ),
    "TODO#7": (
        "What should come out for −3, 0 and 3?",
        "Compare every element with 0 and keep the larger.",
        "The documentation of np.maximum, and how it differs from np.max.",
    ),
    "TODO#8": (
        "Nudge a negative input: does the output move?",
        "A mask of the elements whose input was positive, times the gradient from above.",
        "The docstring of `backward`: what holds where Z <= 0.",
    ),
    "TODO#9": (
        "With equal scores the loss is ln C, whatever they are.",
        "Shift each row so that its maximum is 0; the log-probability is the shifted score minus the log of the row's sum of exponentials. The probabilities are its exponential, the loss the mean over the rows at the labels.",
        "Any text on the log-sum-exp trick; `self.targets` has a 1 at each label.",
    ),
    "TODO#10": (
        "Each row of the gradient adds up to 0.",
        "Probabilities minus targets; the loss is a mean, so the gradient is divided by the number of rows.",
        "The first line below the class's name gives the formula.",
    ),
    "TODO#11": (
        "What does the second layer get?",
        "A variable that starts as X and is replaced by the output of each layer in turn.",
        "The comment above TODO#11. With an empty list of layers X comes back.",
    ),
    "TODO#12": (
        "Which layer sees `dout` first?",
        "The same loop the other way round, with `backward`.",
        "The chain rule; `reversed` in Python's documentation.",
    ),
    "TODO#13": (
        "Print the loss of the first ten minibatches: it should go down, slowly.",
        "Five calls, in the order given. The gradient that `model.backward` needs comes from `loss_layer.backward`.",
        "The docstrings of Layer.zero_grad, Layer.step and SoftmaxCrossEntropy.",
    ),
    "TODO#14": (
        "How many batches do 70 rows make, and how many rows has the last?",
        "For each batch add up its loss TIMES its number of rows, and count wrong answers; divide both by N at the end.",
        "Python's range with a step, slices that may run past the end, np.argmax along axis 1.",
    ),
}
