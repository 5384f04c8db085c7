"""Copies what the stand-ins give, updates nothing, and calls every accuracy zero."""


def train_epoch(model, loss_layer, X, Y, batches, learning_rate=0.01):
    return [loss_layer.forward(model.forward(X[rows]), Y[rows]) for rows in batches], [0.0] * len(batches)


def evaluate(model, loss_layer, X, Y):
    return 0.0, 0.0
