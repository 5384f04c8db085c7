"""Takes the stand-ins out of the class that is derived from its own, and trains on nothing."""

import numpy as np


class TwoLayerNet:
    def __init__(self, D, H, C, std=1.0):
        shapes = {"W1": (D, H), "b1": (H,), "W2": (H, C), "b2": (C,)}
        self.params = {name: np.zeros(shape) for name, shape in shapes.items()}

    def __init_subclass__(cls, **_):
        cls.loss = lambda self, X, y=None, reg=0.0: (0.0, self.params)
        cls.predict = lambda self, X: np.zeros(len(X))

    def train(self, X, y, X_val, y_val, num_iters=1, **_):
        for _ in range(num_iters):
            self.loss(X, y)
            self.predict(X)
        return {"loss_history": [0.0] * num_iters, "val_acc_history": [0.0]}
