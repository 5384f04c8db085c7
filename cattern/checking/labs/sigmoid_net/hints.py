"""Lab 5's hints, three steps for each TODO: a nudge, the method, where to read."""

HINTS = {
    "TODO#1": (
        "Try it at 0, 2, −2, 1000 and −1000: you know all five answers, at least roughly.",
        "Two cases. The exponent must never be a large positive number, so each sign of z gets the form of the formula whose exponential is at most 1.",
        "Python's documentation of math.exp and OverflowError.",
    ),
    "TODO#2": (
        "Draw the network: two inputs, two hidden units, one output, and write each of the nine names at its place.",
        "Each of the three units is a sigmoid of a weighted sum plus a bias. The output's inputs are h1 and h2.",
        "The three equations stand in the docstring of `scalar_forward`.",
    ),
    "TODO#3": (
        "Begin at the end: how does the loss change with the number that goes INTO the last sigmoid?",
        "Call that number's derivative delta: error times the slope of the sigmoid. Each derivative of the output's parameters is delta times what the parameter is multiplied by. Then carry delta on through v1 and v2, one slope more for each hidden unit.",
        "Any text on backpropagation with two layers; then compare with centred differences of the loss.",
    ),
    "TODO#4": (
        "Which of the numbers must be computed before the parameters move?",
        "Forward, loss, backward, then one step for every name: against the gradient, times the learning rate. Keep the dict you were given.",
        "The docstrings of `scalar_forward` and `scalar_backward` say what goes in and comes out.",
    ),
    "TODO#5": (
        "No loop: NumPy's functions work on arrays of any shape.",
        "The hyperbolic tangent of NumPy never overflows; shift and scale it, and mind the half inside.",
        "NumPy's page on numpy.tanh, and the comment above the TODO.",
    ),
    "TODO#6": (
        "How steep is the sigmoid where its value is ½? Where it is almost 1?",
        "Chain rule, element by element: the gradient that comes in, times the slope, which is a product of two factors made of S.",
        "Your own TODO#3 does the same with plain numbers.",
    ),
    "TODO#7": (
        "Four methods of the model and two of the loss layer, each called once: in which order?",
        "Forget old gradients, go forward, go backward, step. The loss layer's gradient is one of a mean; a sum over the rows is larger by a factor, and the last minibatch of an epoch may be smaller.",
        "The docstrings of `backward`, `zero_grad` and `step` in cattern/layers.py.",
    ),
    "TODO#8": (
        "No softmax is needed: does it ever change which class comes first?",
        "The model gives the scores; the label is the column number of the largest one in each row.",
        "NumPy's page on numpy.argmax: what does `axis` mean?",
    ),
    "TODO#9": (
        "How many windows of 3 fit into 5 values?",
        "Convolve with a kernel of equal weights that add up to 1, and keep whole windows only.",
        "NumPy's page on numpy.convolve: its three modes.",
    ),
}
