"""Lab 1's hints, three steps for each TODO: a nudge, the method, where to read."""

HINTS = {
    "TODO#1": (
        "Write down the shape of every intermediate result first: X is (N, D), and the scores are (N, C).",
        "Three steps: an affine map into the hidden layer, the ReLU, an affine map into the scores. Each affine map has a bias.",
        "NumPy: `@` multiplies matrices, `np.maximum` compares element by element; a (H,) bias broadcasts over the rows.",
    ),
    "TODO#2": (
        "Check your loss against chance: with small weights and C classes it must be close to ln C.",
        "Softmax works along each row; the cross-entropy picks one probability per row; the mean is over N. Then add 0.5 · reg · (sum of squares of W1 and of W2).",
        "Integer-array indexing in NumPy's user guide shows how to pick one element per row.",
    ),
    "TODO#3": (
        "Go backwards one step at a time and check each gradient's shape against its parameter.",
        "Scores first: (softmax − one-hot) / N. Through an affine map: the input's transpose times the gradient for the weights, the sum over rows for the bias. Through the ReLU: only where its input was positive. The L2 term adds to both weight gradients.",
        "CS231n's notes on backpropagation and on the minimal network work the same example.",
    ),
    "TODO#4": (
        "Draw row NUMBERS, not rows.",
        "batch_size numbers from 0 to N_train − 1, with replacement, so that a batch may be larger than the data; use the same numbers for X and y.",
        "The documentation of np.random.choice: its first argument may be a number.",
    ),
    "TODO#5": (
        "After a small step the loss on the same minibatch must be lower.",
        "Each parameter moves by learning_rate times its own gradient, against the gradient.",
        "All four: weights and biases of both layers. A loop over self.params does not forget one.",
    ),
    "TODO#6": (
        "Print the learning rate at every iteration of a short run: it should be a staircase.",
        "Where the TODO stands the code runs once per epoch already: one multiplication is all it takes, and later updates must use the new value.",
        "Step decay in any text on learning-rate schedules.",
    ),
    "TODO#7": (
        "You already have a method that computes the scores.",
        "The label is the column number of the largest score in each row; scores may all be negative.",
        "The documentation of np.argmax: what does `axis` mean?",
    ),
    "TODO#8": (
        "Look at the curves: a loss that falls in a straight line wants a larger learning rate.",
        "Change one thing at a time, with short runs; then train the best setting longer. Hidden size, learning rate, decay and batch size matter most.",
        "The validation set decides; the test set is for the very end.",
    ),
}
