"""Lab 3: sampling, one-hot labels, normalised weights, the three gradients of the ReLU, and the histories."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import assert_linear_twins

from cattern.batches import update_batches
from cattern.layers import SoftmaxCrossEntropy
from cattern.nn_library import (
    VARIANTS,
    build_model,
    evaluate,
    normalised_gaussian,
    one_hot,
    sample_normalised,
    train,
    train_epoch,
)
from cattern.torch_twins import evaluate_twin, library_twin, train_twin

few = settings(max_examples=25, deadline=None)


def problem(rng, N=150, dtype=np.float64):
    """Images whose label can be learned, as rows in [0, 1] and one-hot labels."""
    y = rng.integers(0, 10, N)
    X = np.clip(0.3 * rng.random((N, 784)) + 0.7 * (np.arange(784) % 10 == y[:, None]), 0, 1)
    return X.astype(dtype), one_hot(y, 10).astype(dtype)


def as_float64(model):
    layer = model.layers[0]
    layer.__init__(layer.params["W"].astype(np.float64), layer.params["b"].astype(np.float64))
    return model


def test_sample_keeps_images_and_labels_together():
    images = np.arange(40, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 3), np.uint8)
    labels = np.arange(40, dtype=np.uint8)
    X, y = sample_normalised(images, labels, 25, np.random.default_rng(0))
    assert (X.shape, X.dtype, y.shape, y.dtype) == ((25, 6), np.float32, (25,), np.int64)
    assert len(set(y.tolist())) == 25
    np.testing.assert_allclose(X, np.repeat(y[:, None], 6, axis=1) / 255, rtol=1e-6)
    again = sample_normalised(images, labels, 25, np.random.default_rng(0))
    np.testing.assert_array_equal(X, again[0])
    assert not np.array_equal(y, sample_normalised(images, labels, 25, np.random.default_rng(1))[1])


def test_white_is_one():
    X, _ = sample_normalised(
        np.full((1, 2, 2), 255, np.uint8), np.zeros(1, np.uint8), 1, np.random.default_rng(0)
    )
    assert (X == 1).all()


@few
@given(labels=st.lists(st.integers(0, 5), max_size=20))
def test_one_hot_rows(labels):
    Y = one_hot(np.array(labels, dtype=int), 7)
    assert (Y.shape, Y.dtype) == ((len(labels), 7), np.float32)
    assert Y.argmax(axis=1).tolist() == labels
    assert (np.sort(Y, axis=1) == [0, 0, 0, 0, 0, 0, 1]).all()


@few
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.sampled_from([(10,), (784, 10), (3, 4)]),
    std=st.sampled_from([0.1, 5.0]),
)
def test_weights_have_norm_one_as_a_whole(seed, shape, std):
    array = normalised_gaussian(shape, np.random.default_rng(seed), std)
    assert (array.shape, array.dtype) == (shape, np.float32)
    assert np.linalg.norm(array.astype(np.float64)) == pytest.approx(1, abs=1e-5)


def test_weights_are_gaussian_around_zero():
    array = normalised_gaussian((200, 200), np.random.default_rng(0)) * 200
    assert abs(array.mean()) < 0.02
    assert np.mean(np.abs(array) < 1) == pytest.approx(0.683, abs=0.01)


def test_variants_start_alike_and_differ_in_the_gradient_only():
    rng = np.random.default_rng(0)
    X, dout = rng.random((6, 20), dtype=np.float32), np.ones((6, 10), np.float32)
    true, straight, none = (build_model(np.random.default_rng(5), v, input_size=20) for v in VARIANTS)
    np.testing.assert_array_equal(true.forward(X), straight.forward(X))
    np.testing.assert_array_equal(true.forward(X), np.maximum(none.forward(X), 0))
    for model in (true, straight, none):
        model.backward(dout)
    np.testing.assert_array_equal(straight.layers[0].grads["W"], none.layers[0].grads["W"])
    masked = X.T @ (dout * (none.forward(X) > 0))
    np.testing.assert_allclose(true.layers[0].grads["W"], masked, rtol=1e-5)
    assert not np.allclose(true.layers[0].grads["W"], none.layers[0].grads["W"])


def test_an_unknown_variant_is_refused():
    with pytest.raises(ValueError, match="no variant 'leaky'"):
        build_model(np.random.default_rng(0), "leaky")
    with pytest.raises(ValueError, match="no variant 'leaky'"):
        library_twin(build_model(np.random.default_rng(0)), "leaky")


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_twin_agrees_after_100_updates(variant):
    rng = np.random.default_rng(0)
    X, Y = problem(rng)
    model = as_float64(build_model(rng, variant))
    twin, other = library_twin(model, variant), library_twin(model, variant)
    batches = update_batches(len(X), 32, 100, rng)
    losses, accuracies = train_epoch(model, SoftmaxCrossEntropy(), X, Y, batches)
    assert len(losses) == 100
    assert losses[-1] < losses[0] - 0.1
    np.testing.assert_allclose(losses, train_twin(twin, X, Y, batches, learning_rate=0.01), rtol=1e-4)
    found: list[float] = []
    train_twin(other, X, np.argmax(Y, axis=1), batches, learning_rate=0.01, accuracies=found)
    assert found == pytest.approx(accuracies)
    assert_linear_twins(model, twin)
    assert evaluate(model, SoftmaxCrossEntropy(), X, Y) == pytest.approx(evaluate_twin(twin, X, Y), rel=1e-4)


def test_histories_hold_every_batch_and_every_epoch():
    def run():
        rng = np.random.default_rng(1)
        X, Y = problem(rng, dtype=np.float32)
        model = build_model(rng, "straight-through")
        history = train(model, SoftmaxCrossEntropy(), X[:100], Y[:100], X[100:], Y[100:], rng, num_epochs=30)
        return history, model, X, Y

    history, model, X, Y = run()
    assert {name: len(values) for name, values in history.items()} == {
        "loss_history": 120,
        "acc_history": 120,
        "train_loss_history": 30,
        "train_acc_history": 30,
        "val_loss_history": 30,
        "val_acc_history": 30,
    }
    last = (history["val_loss_history"][-1], history["val_acc_history"][-1])
    assert last == pytest.approx(evaluate(model, SoftmaxCrossEntropy(), X[100:], Y[100:]))
    last = (history["train_loss_history"][-1], history["train_acc_history"][-1])
    assert last == pytest.approx(evaluate(model, SoftmaxCrossEntropy(), X[:100], Y[:100]))
    assert history["val_loss_history"][-1] < history["val_loss_history"][0]
    assert history == run()[0]
    assert model.layers[0].params["W"].dtype == np.float32


def test_batch_accuracy_belongs_to_the_weights_before_the_update():
    rng = np.random.default_rng(0)
    X, Y = problem(rng, 40, np.float32)
    model = build_model(rng, "none")
    before = evaluate(model, SoftmaxCrossEntropy(), X, Y)
    losses, accuracies = train_epoch(model, SoftmaxCrossEntropy(), X, Y, [np.arange(40)], learning_rate=10.0)
    assert (losses[0], accuracies[0]) == pytest.approx(before, rel=1e-5)
