"""Lab 2: half of every class, patches, the convolution in disguise, and training like PyTorch's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import check_gradients

from cattern.batches import epoch_batches, update_batches
from cattern.layers import Linear, ReLU, Sequential, SoftmaxCrossEntropy
from cattern.patch_embedding import (
    PatchEmbedding,
    build_patch_net,
    cut_patches,
    select_half_per_class,
    train,
    validate,
)
from cattern.torch_twins import evaluate_twin, patch_twin, train_twin

few = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)


@few
@given(seed=seeds, N=st.integers(2, 200), C=st.integers(1, 6))
def test_half_of_every_class_is_chosen(seed, N, C):
    y = np.random.default_rng(seed).integers(0, C, N)
    rows = select_half_per_class(y, np.random.default_rng(seed))
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(np.bincount(y[rows], minlength=C), np.bincount(y, minlength=C) // 2)
    np.testing.assert_array_equal(rows, select_half_per_class(y, np.random.default_rng(seed)))


def test_another_seed_chooses_others():
    y = np.repeat(np.arange(10), 50)
    first, second = (select_half_per_class(y, np.random.default_rng(seed)) for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_patches_are_the_squares_of_the_image():
    images = np.arange(2 * 28 * 28).reshape(2, 28, 28)
    patches = cut_patches(images)
    assert patches.shape == (2, 49, 16)
    for n, row, column in ((0, 0, 0), (1, 2, 5), (1, 6, 6)):
        square = images[n, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        np.testing.assert_array_equal(patches[n, 7 * row + column], square.ravel())


def test_patches_of_a_wide_image():
    assert cut_patches(np.arange(8).reshape(1, 2, 4), 2).tolist() == [[[0, 1, 4, 5], [2, 3, 6, 7]]]


def test_patches_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fill an image of 28×30"):
        cut_patches(np.zeros((1, 28, 30)))


def test_gradients_match_centred_differences():
    rng = np.random.default_rng(0)
    layer = PatchEmbedding(rng.standard_normal((4, 3)), rng.standard_normal(3))
    check_gradients(layer, rng.standard_normal((2, 5, 4)), rng.standard_normal((2, 15)))


@few
@given(
    seed=seeds,
    N=st.integers(1, 4),
    rows=st.integers(1, 4),
    columns=st.integers(1, 4),
    size=st.integers(1, 4),
    F=st.integers(1, 5),
)
def test_the_embedding_is_a_convolution(seed, N, rows, columns, size, F):
    import torch

    rng = np.random.default_rng(seed)
    images = rng.standard_normal((N, rows * size, columns * size))
    layer = PatchEmbedding(rng.standard_normal((size**2, F)), rng.standard_normal(F))
    filters = torch.from_numpy(layer.params["W"].T.reshape(F, 1, size, size).copy()).requires_grad_()
    bias = torch.from_numpy(layer.params["b"].copy()).requires_grad_()
    images_t = torch.from_numpy(images[:, None].copy()).requires_grad_()
    features_t = torch.nn.functional.conv2d(images_t, filters, bias, stride=size).flatten(1)
    dout = rng.standard_normal(features_t.shape)
    features_t.backward(torch.from_numpy(dout))
    close = {"rtol": 1e-9, "atol": 1e-11}
    np.testing.assert_allclose(layer.forward(cut_patches(images, size)), features_t.detach().numpy(), **close)
    dpatches = layer.backward(dout)
    np.testing.assert_allclose(dpatches, cut_patches(images_t.grad[:, 0].numpy(), size), **close)
    np.testing.assert_allclose(layer.grads["W"], filters.grad.numpy().reshape(F, -1).T, **close)
    np.testing.assert_allclose(layer.grads["b"], bias.grad.numpy(), **close)


def test_gradients_add_up():
    rng = np.random.default_rng(0)
    layer = PatchEmbedding.random(rng)
    layer.forward(rng.standard_normal((2, 49, 16)))
    dout = rng.standard_normal((2, 392))
    layer.backward(dout)
    once = layer.grads["W"].copy()
    layer.backward(dout)
    np.testing.assert_allclose(layer.grads["W"], 2 * once)


def mnist_like(rng, N):
    return rng.standard_normal((N, 28, 28)), rng.integers(0, 10, N)


@pytest.mark.parametrize("last_relu", [True, False])
def test_the_twin_agrees_after_100_updates(last_relu):
    rng = np.random.default_rng(0)
    images, y = mnist_like(rng, 200)
    patches = cut_patches(images)
    model = build_patch_net(rng, last_relu, dtype=np.float64)
    twin = patch_twin(model)
    batches = update_batches(200, 32, 100, rng)
    history = train(model, SoftmaxCrossEntropy(), patches, y, patches, y, batches, validate_every=100)
    losses = train_twin(twin, images[:, None], y, batches, learning_rate=0.1)
    assert history["loss_history"][-1] != pytest.approx(history["loss_history"][0], rel=0.01)  # it has moved
    np.testing.assert_allclose(history["loss_history"], losses, rtol=1e-4)
    embedding, linear = model.layers[:2]
    np.testing.assert_allclose(
        embedding.params["W"].T.reshape(8, 1, 4, 4), twin[0].weight.detach().numpy(), atol=1e-4
    )
    np.testing.assert_allclose(embedding.params["b"], twin[0].bias.detach().numpy(), atol=1e-4)
    np.testing.assert_allclose(linear.params["W"].T, twin[2].weight.detach().numpy(), atol=1e-4)
    np.testing.assert_allclose(linear.params["b"], twin[2].bias.detach().numpy(), atol=1e-4)
    loss, accuracy = evaluate_twin(twin, images[:, None], y)
    assert history["val_loss_history"][-1] == pytest.approx(loss, rel=1e-4)
    assert history["val_err_history"][-1] == pytest.approx(1 - accuracy, abs=0.006)


def test_training_the_twin_leaves_the_model_alone():
    rng = np.random.default_rng(0)
    images, y = mnist_like(rng, 64)
    model = build_patch_net(rng, dtype=np.float64)
    before = model.layers[0].params["W"].copy()
    train_twin(patch_twin(model), images[:, None], y, update_batches(64, 32, 4, rng), 0.1)
    np.testing.assert_array_equal(model.layers[0].params["W"], before)


def test_training_is_the_same_every_time_and_keeps_its_records():
    def run():
        rng = np.random.default_rng(3)
        images, y = mnist_like(rng, 80)
        patches = cut_patches(images).astype(np.float32)
        batches = update_batches(80, 32, 25, rng)
        return train(
            build_patch_net(rng), SoftmaxCrossEntropy(), patches, y, patches, y, batches, validate_every=10
        )

    history = run()
    assert history == run()
    assert history["updates"] == [0, 10, 20, 25]
    assert len(history["loss_history"]) == 25
    assert history["train_err_history"] == history["val_err_history"]


def test_validate_weighs_the_last_batch_by_its_rows():
    rng = np.random.default_rng(0)
    model = Sequential([Linear.random(4, 3, rng, 1.0), ReLU()])
    X, y = rng.standard_normal((37, 4)), rng.integers(0, 3, 37)
    loss_layer = SoftmaxCrossEntropy()
    whole = loss_layer.forward(model.forward(X), y)
    wrong = np.mean(model.forward(X).argmax(axis=1) != y)
    for batch_size in (1, 10, 32, 37, 100):
        loss, error = validate(model, loss_layer, X, y, batch_size)
        assert loss == pytest.approx(whole)
        assert error == pytest.approx(wrong)


@few
@given(seed=seeds, num_rows=st.integers(1, 60), batch_size=st.integers(1, 70), num_updates=st.integers(0, 30))
def test_minibatches_use_every_row_once_an_epoch(seed, num_rows, batch_size, num_updates):
    batches = epoch_batches(num_rows, batch_size, np.random.default_rng(seed))
    assert sorted(np.concatenate(batches).tolist()) == list(range(num_rows))
    assert {len(rows) for rows in batches[:-1]} <= {batch_size}
    many = update_batches(num_rows, batch_size, num_updates, np.random.default_rng(seed))
    assert len(many) == num_updates
    for rows, same in zip(batches, many):
        np.testing.assert_array_equal(rows, same)


def test_minibatches_refuse_nonsense():
    with pytest.raises(ValueError, match="batch_size is 0"):
        epoch_batches(3, 0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="no rows"):
        update_batches(0, 2, 5, np.random.default_rng(0))
