import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cattern.gradient_check import eval_numerical_gradient, rel_error
from cattern.neural_net import TwoLayerNet
from mnist_data.load_mnist import read_data_sets

TOY_SCORES = [
    [-0.81233741, -1.27654624, -0.70335995],
    [-0.17129677, -1.18803311, -0.47310444],
    [-0.51590475, -1.01354314, -0.8504215],
    [-0.15419291, -0.48629638, -0.52901952],
    [-0.00618733, -0.12435261, -0.15226949],
]


def toy_net():
    np.random.seed(0)
    return TwoLayerNet(4, 10, 3, std=1e-1)


def toy_data():
    np.random.seed(1)
    return 10 * np.random.randn(5, 4), np.array([0, 1, 2, 2, 1])


@st.composite
def problems(draw):
    """A net with non-zero biases and a batch, of any small shape and several scales."""
    N, D, H = (draw(st.integers(1, size)) for size in (8, 7, 9))
    C = draw(st.integers(2, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    net = TwoLayerNet(D, H, C)
    weight_scale = draw(st.sampled_from([0.01, 0.3, 1.0]))
    for name, value in net.params.items():
        net.params[name] = weight_scale * rng.normal(size=value.shape)
    X = draw(st.sampled_from([0.1, 1.0, 10.0])) * rng.normal(size=(N, D))
    y = rng.integers(C - draw(st.booleans()), size=N)  # sometimes the highest class is absent
    return net, X, y, draw(st.sampled_from([0.0, 0.1, 2.5]))


@given(problems())
def test_scores_loss_and_gradients_agree_with_autograd(problem):
    net, X, y, reg = problem
    X_before, y_before = X.copy(), y.copy()
    params = {name: torch.tensor(value, requires_grad=True) for name, value in net.params.items()}
    hidden = torch.relu(torch.tensor(X) @ params["W1"] + params["b1"])
    scores = hidden @ params["W2"] + params["b2"]
    penalty = 0.5 * reg * (params["W1"].square().sum() + params["W2"].square().sum())
    expected = torch.nn.functional.cross_entropy(scores, torch.tensor(y)) + penalty
    expected.backward()

    np.testing.assert_allclose(net.loss(X), scores.detach().numpy(), rtol=1e-9, atol=1e-9)
    loss, grads = net.loss(X, y, reg=reg)
    assert loss == pytest.approx(expected.item(), rel=1e-10)
    assert grads.keys() == params.keys()
    for name, param in params.items():
        assert grads[name].shape == net.params[name].shape
        np.testing.assert_allclose(grads[name], param.grad.numpy(), rtol=1e-8, atol=1e-10, err_msg=name)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)


def test_toy_scores():
    net = toy_net()
    difference = np.sum(np.abs(net.loss(toy_data()[0]) - TOY_SCORES))
    assert difference == pytest.approx(3.68e-08, abs=0.01e-08)


def test_toy_loss_and_numeric_gradients():
    net = toy_net()
    X, y = toy_data()
    loss, grads = net.loss(X, y, reg=0.1)
    assert abs(loss - 1.30378789133) < 1e-11
    for name, param in net.params.items():
        numeric = eval_numerical_gradient(lambda _: net.loss(X, y, reg=0.1)[0], param)
        assert rel_error(numeric, grads[name]) < 1e-8, name


def test_toy_training():
    X, y = toy_data()
    stats = toy_net().train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100)
    assert stats["loss_history"][-1] == pytest.approx(0.0171436435329, abs=1e-12)
    assert len(stats["loss_history"]) == 100


def test_initial_state():
    np.random.seed(3)
    W1 = 0.5 * np.random.randn(6, 5)
    W2 = 0.5 * np.random.randn(5, 4)
    np.random.seed(3)
    params = TwoLayerNet(6, 5, 4, std=0.5).params
    np.testing.assert_array_equal(params["W1"], W1)
    np.testing.assert_array_equal(params["W2"], W2)
    assert params["b1"].tolist() == [0] * 5
    assert params["b2"].tolist() == [0] * 4


def test_stage_without_gradients():
    net = toy_net()
    X, y = toy_data()
    with_grads = net.loss(X, y, reg=0.1)[0]
    net.wants_grads = False
    assert net.loss(X, y, reg=0.1) == (with_grads, {})


def test_huge_scores_do_not_overflow():
    net = toy_net()
    X, y = toy_data()
    net.params["b2"][:] = [1000, 1000, 1000]
    with np.errstate(all="raise", under="ignore"):
        loss, grads = net.loss(X, y)
    assert np.isfinite(loss)
    assert all(np.isfinite(grad).all() for grad in grads.values())


@given(problems())
def test_predict_is_the_highest_score(problem):
    net, X, _, _ = problem
    net.params["b2"] -= 1000  # all scores negative: an activation on the output would tie them
    before = X.copy()
    y_pred = net.predict(X)
    assert y_pred.shape == (len(X),)
    assert np.issubdtype(y_pred.dtype, np.integer)
    np.testing.assert_array_equal(y_pred, np.argmax(net.loss(X), axis=1))
    np.testing.assert_array_equal(X, before)


def test_train_records_updates_and_decays(monkeypatch, capsys):
    """60 rows, batches of 20: an epoch has 3 iterations, so 7 iterations decay after the 1st, 4th and 7th."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), rng.integers(3, size=60)
    rows = {row.tobytes(): label for row, label in zip(X, y)}
    net, calls = toy_net(), []
    loss = net.loss

    def recording_loss(X_batch, y=None, reg=0.0):
        result = loss(X_batch, y, reg)
        if y is not None:
            snapshot = {name: value.copy() for name, value in net.params.items()}
            calls.append((X_batch.copy(), y.copy(), reg, snapshot, result[1]))
        return result

    monkeypatch.setattr(net, "loss", recording_loss)
    X_before, y_before = X.copy(), y.copy()
    stats = net.train(X, y, X[:7], y[:7], 0.1, 0.5, reg=0.2, num_iters=7, batch_size=20, verbose=True)
    assert capsys.readouterr().out == f"iteration 0 / 7: loss {stats['loss_history'][0]:f}\n"
    assert [len(stats[f"{name}_history"]) for name in ("loss", "train_acc", "val_acc")] == [7, 3, 3]
    assert all(0 <= accuracy <= 1 for accuracy in stats["train_acc_history"] + stats["val_acc_history"])
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)

    rates = [0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025]
    afterwards = [call[3] for call in calls[1:]] + [net.params]
    for (X_batch, y_batch, reg, params, grads), after, rate in zip(calls, afterwards, rates):
        assert X_batch.shape == (20, 4)
        assert reg == 0.2
        assert all(rows[row.tobytes()] == label for row, label in zip(X_batch, y_batch))
        for name in params:
            np.testing.assert_allclose(after[name] - params[name], -rate * grads[name], rtol=1e-9, atol=1e-15)


def test_batch_larger_than_the_training_set():
    X, y = toy_data()
    net = toy_net()
    stats = net.train(X, y, X, y, num_iters=3, batch_size=50)
    assert len(stats["train_acc_history"]) == 3  # an epoch is at least one iteration


@pytest.mark.parametrize("batch_size", [1, 7, 20, 33, 64, 128, 300, 550, 551, 2000])
def test_an_epoch_ends_when_as_many_examples_as_there_are_have_been_drawn(batch_size, monkeypatch):
    """Whether or not the batch size divides N: counted here example by example."""
    num_rows, num_iters = 550, 60
    net = TwoLayerNet(2, 3, 2)
    X, y = np.ones((num_rows, 2)), np.zeros(num_rows, int)
    monkeypatch.setattr(net, "predict", lambda X: np.zeros(len(X), int))
    monkeypatch.setattr(
        net, "loss", lambda X, y, reg: (1.0, {k: np.ones_like(v) for k, v in net.params.items()})
    )
    ends, drawn = 0, 0
    for it in range(num_iters):
        epochs_before = -1 if it == 0 else (drawn - batch_size) // num_rows
        ends += drawn // num_rows > epochs_before
        drawn += batch_size
    before = net.params["W1"].copy()
    stats = net.train(X, y, X[:1], y[:1], 1.0, 0.5, num_iters=num_iters, batch_size=batch_size)
    assert len(stats["val_acc_history"]) == len(stats["train_acc_history"]) == ends
    walked = (before - net.params["W1"])[0, 0]
    rate, path, drawn = 1.0, 0.0, 0
    for it in range(num_iters):
        path += rate
        if it == 0 or drawn // num_rows > (drawn - batch_size) // num_rows:
            rate *= 0.5
        drawn += batch_size
    assert walked == pytest.approx(path)


@pytest.mark.full_mnist
def test_first_losses_on_mnist():
    """The random stream goes on from the toy training, as in the notebook; loading the data must not disturb it."""
    X, y = toy_data()
    toy_net().train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100)
    X_train, y_train, X_val, y_val, _, _ = read_data_sets()
    net = TwoLayerNet(784, 50, 10)
    stats = net.train(
        X_train, y_train, X_val[:200], y_val[:200], 1e-4, 1.0, reg=0, num_iters=301, batch_size=200
    )
    printed = [f"{loss:.6f}" for loss in stats["loss_history"][::100]]
    assert printed == ["2.302592", "2.302232", "2.300876", "2.291126"]


@pytest.mark.parametrize("scale", [1.0, 0.0, 1e-30, 1e200])
def test_accuracy_in_two_precisions_is_that_of_float64(scale):
    from cattern.checking.labs.two_layer_net.data import SHAPES, Images, accuracy

    rng = np.random.default_rng(0)
    ink, y = rng.integers(0, 256, (700, 784)), rng.integers(0, 10, 700)
    for image, corner in zip(ink.reshape(-1, 28, 28), rng.integers(0, 28, (700, 2)), strict=True):
        image[: corner[0]], image[:, : corner[1]] = (
            0,
            0,
        )  # blank before its corner; the last pixel may be all there is
    X = ink - ink.mean(axis=0)
    sizes = {"W1": (784, 20), "b1": (20,), "W2": (20, 10), "b2": (10,)}
    params = {name: scale * rng.normal(size=sizes[name]) for name in SHAPES}
    # five scores of which float32 cannot tell the largest
    params["W2"][:, :5] = np.abs(params["W2"][:, 4:5]) * (0.6 + 1e-7 * rng.normal(size=(20, 5)))
    params["b2"][:5] = params["b2"][4]
    with np.errstate(all="ignore"):
        scores = np.maximum(X @ params["W1"] + params["b1"], 0) @ params["W2"] + params["b2"]
    right = np.argmax(scores, axis=1) == y
    assert accuracy(params, Images(X, y)) == np.mean(right)
