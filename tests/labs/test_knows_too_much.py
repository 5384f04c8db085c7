"""TODO#8: a network that learned from the images it is measured on says so by its numbers."""

import numpy as np
import pytest

from autograder.labs.two_layer_net import data
from cattern.checking.lab import load_lab
from cattern.neural_net import TwoLayerNet

TASK = load_lab("two_layer_net").task("TODO#8")


@pytest.fixture
def subset(no_mnist):
    """The images of a machine without MNIST."""
    from mnist_data.load_mnist import read_data_sets

    data.images.cache_clear()
    yield read_data_sets()
    data.images.cache_clear()


def trained(X, y) -> dict[str, np.ndarray]:
    np.random.seed(0)
    net = TwoLayerNet(784, 30, 10, std=1e-4)
    net.train(
        X, y, X[:10], y[:10], learning_rate=8e-4, learning_rate_decay=1.0, num_iters=300, batch_size=100
    )
    return net.params


def test_a_network_trained_on_the_test_images_is_remarked(subset):
    _, _, X_val, y_val, X_test, y_test = subset
    weights = trained(np.concatenate([X_val, X_test]), np.concatenate([y_val, y_test]))
    said = data.judge(TASK, weights).remarks
    assert len(said) == 1 and "train on X_train only" in said[0]


def test_an_honest_network_is_not(subset):
    X, y, *_ = subset
    assert data.judge(TASK, trained(X, y)).remarks == ()
