"""A layer that does nothing, with the exact derivative of nothing; a training loop that only watches."""

from cattern.batches import epoch_batches
from cattern.layers import Layer


class Sigmoid(Layer):
    def forward(self, Z):
        return Z

    def backward(self, dout):
        return dout


def train(model, loss_layer, X, y, X_val, y_val, rng, num_epochs=5, batch_size=16, learning_rate=0.01):
    batches = [rows for _ in range(num_epochs) for rows in epoch_batches(len(X), batch_size, rng)]
    return {"loss_history": [loss_layer.forward(model.forward(X[rows]), y[rows]) for rows in batches]}
