"""Lab 6's hints, three steps for each TODO: a nudge, the method, where to read."""

HINTS = {
    "TODO#1": (
        "Which three shapes do the three terms of the formula have? The result has N rows and M columns.",
        "One sum of squares is a column, the other a row, and broadcasting adds them to a table. The products of all pairs are one matrix product. Last, cut off what is below zero.",
        "NumPy's page on broadcasting, and the argument `keepdims` of numpy.sum.",
    ),
    "TODO#2": (
        "You need to know WHERE the small distances stand, not how small they are.",
        "Sort each row indirectly, keep the first k columns, and use them as row numbers of y_train.",
        "NumPy's page on numpy.argsort: `axis` and `kind`; then the one on indexing with integer arrays.",
    ),
    "TODO#3": (
        "How many votes has class 0 in each row? Then the same for all classes at once.",
        "Compare every label with every class, count over the neighbours, and take the class of the highest count. Which of two equal counts does NumPy report?",
        "NumPy's page on numpy.argmax: the note on several occurrences.",
    ),
    "TODO#4": (
        "For one k: which share of the predictions equals the validation labels?",
        "A list of such shares, in the order of the candidates; then the candidate (not its place) where the list is highest.",
        "The docstring of `predict`, and NumPy's page on numpy.mean of a Boolean array.",
    ),
}
