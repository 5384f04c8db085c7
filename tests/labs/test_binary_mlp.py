"""Lab 4: the derivations by index, one and two hidden layers, the data set, and who can learn it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import assert_linear_twins, check_gradients

from cattern.batches import epoch_batches
from cattern.binary_mlp import (
    LinearMap,
    SingleLayerMLP,
    SoftmaxCrossEntropyLoss,
    TwoHiddenLayerMLP,
    evaluate,
    train,
)
from cattern.clouds import make_clouds
from cattern.layers import Linear, ReLU, SoftmaxCrossEntropy
from cattern.torch_twins import evaluate_twin, mlp_twin, train_twin

few = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 6)
NETWORKS = (SingleLayerMLP, TwoHiddenLayerMLP)


def with_biases(model, rng):
    for layer in model.layers:
        if layer.params:
            layer.params["b"] += rng.uniform(0.2, 0.5, layer.params["b"].shape)
    return model


def test_there_is_one_implementation_of_each_layer():
    assert issubclass(LinearMap, Linear)
    assert issubclass(SoftmaxCrossEntropyLoss, SoftmaxCrossEntropy)
    for cls in (LinearMap, SoftmaxCrossEntropyLoss):
        assert not {"forward", "backward"} & set(vars(cls))
    assert type(SingleLayerMLP.random(2, 3, 2, np.random.default_rng(0)).relu) is ReLU


@few
@given(seed=seeds, D=sizes, C=sizes)
def test_the_derivations_agree_with_the_layers(seed, D, C):
    rng = np.random.default_rng(seed)
    linear = LinearMap(rng.standard_normal((D, C)), rng.standard_normal(C))
    loss_layer = SoftmaxCrossEntropyLoss()
    h, label = rng.standard_normal(D), int(rng.integers(C))
    logits = linear.forward(h[None])[0]
    assert loss_layer.loss_by_index(logits, label) == pytest.approx(
        loss_layer.forward(logits[None], np.array([label]))
    )
    dlogits = loss_layer.gradient_by_index(logits, label)
    np.testing.assert_allclose(dlogits, loss_layer.backward()[0], rtol=1e-9, atol=1e-12)
    dW, db, dh = linear.gradients_by_index(h, dlogits)
    assert not linear.grads["W"].any()
    np.testing.assert_allclose(dh, linear.backward(dlogits[None])[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(dW, linear.grads["W"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(db, linear.grads["b"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("network", NETWORKS)
def test_gradients_match_centred_differences(network):
    rng = np.random.default_rng(3)
    model = with_biases(network.random(3, 4, 2, rng, std=0.8), rng)
    check_gradients(model, rng.standard_normal((3, 3)), rng.standard_normal((3, 2)))


@pytest.mark.parametrize("network", NETWORKS)
@few
@given(seed=seeds, N=sizes, D=sizes, H=sizes, C=sizes)
def test_networks_are_those_of_pytorch(network, seed, N, D, H, C):
    import torch

    rng = np.random.default_rng(seed)
    model = with_biases(network.random(D, H, C, rng, std=1.0), rng)
    twin = mlp_twin(model)
    X, dout = rng.standard_normal((N, D)), rng.standard_normal((N, C))
    Xt = torch.from_numpy(X.copy()).requires_grad_()
    logits_t = twin(Xt)
    logits_t.backward(torch.from_numpy(dout))
    np.testing.assert_allclose(model.forward(X), logits_t.detach().numpy(), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(model.backward(dout), Xt.grad.numpy(), rtol=1e-9, atol=1e-11)
    layers = [layer for layer in model.layers if layer.params]
    for layer, module in zip(layers, [m for m in twin if hasattr(m, "weight")]):
        np.testing.assert_allclose(layer.grads["W"].T, module.weight.grad.numpy(), rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(layer.grads["b"], module.bias.grad.numpy(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("network", NETWORKS)
def test_the_twin_agrees_after_100_updates(network):
    X, y, X_test, y_test = make_clouds()
    model = network.random(10, 100, 2, np.random.default_rng(0), std=0.2)
    twin = mlp_twin(model)
    history = train(
        model, SoftmaxCrossEntropyLoss(), X, y, X_test, y_test, np.random.default_rng(5), num_epochs=13
    )
    rng = np.random.default_rng(5)
    batches = [rows for _ in range(13) for rows in epoch_batches(500, 64, rng)]
    assert len(batches) == 104
    losses = train_twin(twin, X, y, batches, learning_rate=0.01)
    assert losses[-1] < losses[0] - 0.1
    np.testing.assert_allclose(history["loss_history"], losses, rtol=1e-4)
    assert_linear_twins(model, twin)
    last = (history["test_loss_history"][-1], history["test_acc_history"][-1])
    assert last == pytest.approx(evaluate_twin(twin, X_test, y_test), rel=1e-4)


def test_the_data_set_is_the_same_every_time():
    first, second = make_clouds(), make_clouds()
    for one, two in zip(first, second):
        np.testing.assert_array_equal(one, two)
    X, y, X_test, y_test = first
    assert (X.shape, y.shape, X_test.shape, y_test.shape) == ((500, 10), (500,), (200, 10), (200,))
    assert set(y.tolist()) == {0, 1}
    assert abs(y.mean() - 0.5) < 0.1
    assert not np.array_equal(X, make_clouds(seed=2)[0])


def test_a_linear_model_cannot_learn_the_data_set_and_others_can():
    import warnings

    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    X, y, X_test, y_test = make_clouds()
    assert LogisticRegression().fit(X, y).score(X_test, y_test) < 0.65
    theirs = MLPClassifier(
        (100,), solver="sgd", momentum=0, alpha=0, learning_rate_init=0.01, batch_size=64, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that 200 epochs are not convergence
        their_accuracy = theirs.fit(X, y).score(X_test, y_test)
    assert their_accuracy > 0.94
    rng = np.random.default_rng(0)
    model = SingleLayerMLP.random(10, 100, 2, rng)
    history = train(model, SoftmaxCrossEntropyLoss(), X, y, X_test, y_test, rng)
    assert history["test_acc_history"][49] > 0.90
    assert history["test_acc_history"][-1] > 0.94
    assert abs(history["test_acc_history"][-1] - their_accuracy) <= 0.02


def test_training_is_the_same_every_time_and_keeps_its_records():
    X, y, X_test, y_test = make_clouds()

    def run():
        rng = np.random.default_rng(2)
        model = TwoHiddenLayerMLP.random(10, 8, 2, rng)
        return model, train(model, SoftmaxCrossEntropyLoss(), X, y, X_test, y_test, rng, num_epochs=3)

    model, history = run()
    assert history == run()[1]
    assert {name: len(values) for name, values in history.items()} == {
        "loss_history": 24,
        "train_loss_history": 3,
        "train_acc_history": 3,
        "test_loss_history": 3,
        "test_acc_history": 3,
    }
    assert evaluate(model, SoftmaxCrossEntropyLoss(), X, y)[0] == history["train_loss_history"][-1]
