"""Lab 5: the network in plain numbers, the same in arrays, summed gradients, and smoothing."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import assert_linear_twins, check_gradients

from cattern import scalar_net
from cattern.batches import epoch_batches
from cattern.gradient_check import rel_error
from cattern.layers import Linear, Sequential, SoftmaxCrossEntropy
from cattern.scalar_net import (
    SCALAR_NAMES,
    make_wedge,
    random_scalar_params,
    scalar_backward,
    scalar_forward,
    sigmoid,
    train_scalar,
)
from cattern.sigmoid_net import Sigmoid, build_sigmoid_net, evaluate, moving_average, predict, train
from cattern.torch_twins import evaluate_twin, sigmoid_twin, train_twin

few = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)


@given(z=st.floats(-30, 30))
def test_sigmoid_of_a_number(z):
    assert sigmoid(z) == pytest.approx(1 / (1 + math.exp(-z)), rel=1e-12)


@pytest.mark.parametrize(("z", "expected"), [(1000.0, 1.0), (-1000.0, 0.0), (0.0, 0.5)])
def test_sigmoid_does_not_overflow(z, expected):
    assert sigmoid(z) == expected


@few
@given(seed=seeds, t=st.sampled_from([0.0, 1.0]))
def test_scalar_gradients_match_centred_differences(seed, t):
    rng = np.random.default_rng(seed)
    params = random_scalar_params(rng)
    x1, x2 = rng.uniform(-2, 2, 2).tolist()
    before = dict(params)
    grads = scalar_backward(params, x1, x2, t, *scalar_forward(params, x1, x2))
    assert params == before
    assert set(grads) == set(SCALAR_NAMES)
    for name in SCALAR_NAMES:
        around = [
            (scalar_forward(params | {name: params[name] + h}, x1, x2)[2] - t) ** 2 / 2 for h in (1e-4, -1e-4)
        ]
        numeric = (around[0] - around[1]) / 2e-4
        assert grads[name] == pytest.approx(numeric, rel=1e-6, abs=1e-9), name


@few
@given(seed=seeds)
def test_the_scalar_network_is_the_vectorised_one(seed):
    rng = np.random.default_rng(seed)
    p = random_scalar_params(rng)
    hidden = Linear(np.array([[p["w11"], p["w21"]], [p["w12"], p["w22"]]]), np.array([p["b1"], p["b2"]]))
    output = Linear(np.array([[p["v1"]], [p["v2"]]]), np.array([p["c"]]))
    model = Sequential([hidden, Sigmoid(), output, Sigmoid()])
    (x1, x2), t = rng.uniform(-2, 2, 2).tolist(), 1.0
    h1, h2, o = scalar_forward(p, x1, x2)
    assert model.forward(np.array([[x1, x2]]))[0, 0] == pytest.approx(o, rel=1e-12)
    grads = scalar_backward(p, x1, x2, t, h1, h2, o)
    model.backward(np.array([[o - t]]))
    dW, db = hidden.grads["W"], hidden.grads["b"]
    vectorised = [
        dW[0, 0],
        dW[1, 0],
        db[0],
        dW[0, 1],
        dW[1, 1],
        db[1],
        *output.grads["W"][:, 0],
        output.grads["b"][0],
    ]
    assert rel_error(np.array([grads[name] for name in SCALAR_NAMES]), np.array(vectorised)) < 1e-8


def test_no_arrays_in_the_scalar_half():
    rng = np.random.default_rng(0)
    params, points = random_scalar_params(rng), make_wedge(rng, 20)
    assert all(type(number) is float for point in points for number in point)
    assert all(type(params[name]) is float for name in params)
    train_scalar(params, points, rng, num_epochs=1)
    assert all(type(params[name]) is float for name in params)


@pytest.mark.parametrize("seed", range(3))
def test_the_small_network_learns_the_wedge(seed):
    def run():
        rng = np.random.default_rng(seed)
        points, params = make_wedge(rng), random_scalar_params(rng)
        return params, points, train_scalar(params, points, rng)

    params, points, losses = run()
    assert len(losses) == 20
    assert losses[-1] < 0.3 * losses[0]
    assert np.mean([(scalar_forward(params, x1, x2)[2] > 0.5) == (t > 0.5) for x1, x2, t in points]) > 0.93
    assert (params, points, losses) == run()


def test_the_scalar_loss_is_taken_before_the_update():
    rng = np.random.default_rng(0)
    params = random_scalar_params(rng)
    o = scalar_forward(params, 0.5, -1.0)[2]
    expected = {
        n: params[n] - 0.7 * g
        for n, g in scalar_backward(params, 0.5, -1.0, 1.0, *scalar_forward(params, 0.5, -1.0)).items()
    }
    losses = train_scalar(params, [(0.5, -1.0, 1.0)], rng, num_epochs=1, learning_rate=0.7)
    assert losses == [pytest.approx((o - 1) ** 2 / 2)]
    assert params == pytest.approx(expected)


def test_gradients_of_the_layer_match_centred_differences():
    rng = np.random.default_rng(0)
    check_gradients(Sigmoid(), rng.standard_normal((4, 5)), rng.standard_normal((4, 5)))


@few
@given(seed=seeds, N=st.integers(1, 6), D=st.integers(1, 6))
def test_the_layer_is_that_of_pytorch(seed, N, D):
    import torch

    rng = np.random.default_rng(seed)
    Z, dout = 5 * rng.standard_normal((N, D)), rng.standard_normal((N, D))
    Zt = torch.from_numpy(Z.copy()).requires_grad_()
    out = torch.sigmoid(Zt)
    out.backward(torch.from_numpy(dout))
    layer = Sigmoid()
    np.testing.assert_allclose(layer.forward(Z), out.detach().numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(layer.backward(dout), Zt.grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.filterwarnings("error")
def test_the_layer_does_not_overflow_and_keeps_its_dtype():
    layer = Sigmoid()
    assert layer.forward(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0, 0.5, 1]
    assert layer.forward(np.zeros(2, np.float32)).dtype == np.float32
    assert layer.backward(np.ones(2, np.float32)).dtype == np.float32
    assert layer.forward(np.array([0.3]))[0] == pytest.approx(scalar_net.sigmoid(0.3))


def problem(rng, N=160):
    y = rng.integers(0, 10, N)
    return 0.5 * rng.random((N, 50)) + (np.arange(50) % 10 == y[:, None]), y


def test_the_twin_agrees_after_100_updates():
    rng = np.random.default_rng(0)
    X, y = problem(rng)
    X, y = X[:150], y[:150]  # ten minibatches an epoch, the last one smaller
    model = build_sigmoid_net(rng, 50, 20, 10, std=0.2, dtype=np.float64)
    twin = sigmoid_twin(model)
    history = train(
        model, SoftmaxCrossEntropy(), X, y, X, y, np.random.default_rng(4), num_epochs=10, learning_rate=0.05
    )
    rng = np.random.default_rng(4)
    batches = [rows for _ in range(10) for rows in epoch_batches(150, 16, rng)]
    losses = train_twin(twin, X, y, batches, learning_rate=0.05, summed=True)
    assert len(losses) == 100
    assert losses[-1] < losses[0] - 0.3
    np.testing.assert_allclose(history["loss_history"], losses, rtol=1e-4)
    assert_linear_twins(model, twin)
    assert evaluate(model, SoftmaxCrossEntropy(), X, y) == pytest.approx(evaluate_twin(twin, X, y), rel=1e-4)


def test_histories_and_predictions():
    def run():
        rng = np.random.default_rng(1)
        X, y = problem(rng)
        model = build_sigmoid_net(rng, 50, 20, 10, std=0.2)
        history = train(model, SoftmaxCrossEntropy(), X[:100], y[:100], X[100:], y[100:], rng, num_epochs=3)
        return history, model, X, y

    history, model, X, y = run()
    assert history == run()[0]
    assert {name: len(values) for name, values in history.items()} == {
        "loss_history": 21,
        "train_loss_history": 3,
        "val_loss_history": 3,
        "val_acc_history": 3,
    }
    assert history["train_loss_history"][1] == pytest.approx(np.mean(history["loss_history"][7:14]))
    assert history["val_acc_history"][-1] == np.mean(predict(model, X[100:]) == y[100:])
    assert predict(model, X).shape == y.shape


@few
@given(values=st.lists(st.floats(-100, 100), min_size=15, max_size=40), window=st.integers(1, 15))
def test_moving_average(values, window):
    means = moving_average(values, window)
    expected = [np.mean(values[i : i + window]) for i in range(len(values) - window + 1)]
    np.testing.assert_allclose(means, expected, atol=1e-10)
