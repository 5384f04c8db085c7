"""The layers of lab 2: gradients against centred differences and PyTorch, and the rules all layers keep."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import check_gradients

from autograder.markers import regions, strip
from cattern.gradient_check import eval_numerical_gradient_array, rel_error
from cattern.layers import Linear, ReLU, Sequential, SoftmaxCrossEntropy

ROOT = Path(__file__).resolve().parents[2]
LABS = {
    "patch_embedding": ("layers", "patch_embedding"),
    "nn_library": ("nn_library",),
    "binary_mlp": ("binary_mlp",),
    "sigmoid_net": ("scalar_net", "sigmoid_net"),
}
sizes = st.integers(1, 7)
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=25, deadline=None)


def off_the_kink(rng, shape):
    """Numbers that a small step does not carry across zero."""
    return rng.uniform(0.1, 2, shape) * rng.choice([-1, 1], shape)


def linear(rng, D, H):
    return Linear(rng.standard_normal((D, H)), rng.standard_normal(H))


@pytest.mark.parametrize("files", LABS.values(), ids=LABS)
def test_todos_of_a_lab_are_numbered_from_one_and_the_stubs_compile(files):
    numbers = []
    for name in files:
        path = ROOT / "cattern" / f"{name}.py"
        text = path.read_text(encoding="utf-8")
        here = [int(region.task.removeprefix("TODO#")) for region in regions(text, path.name)]
        assert here == sorted(here)
        assert strip(text, path.name).count('raise NotImplementedError("TODO#') == len(here)
        numbers += here
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (linear(np.random.default_rng(1), 5, 3), (4, 5)),
        (ReLU(), (4, 5)),
        (
            Sequential(
                [linear(np.random.default_rng(2), 5, 6), ReLU(), linear(np.random.default_rng(3), 6, 2)]
            ),
            (3, 5),
        ),
    ],
    ids=["Linear", "ReLU", "Sequential"],
)
def test_gradients_match_centred_differences(layer, shape):
    rng = np.random.default_rng(0)
    X = off_the_kink(rng, shape)
    check_gradients(layer, X, rng.standard_normal(layer.forward(X).shape))


@pytest.mark.parametrize("one_hot", [False, True])
def test_loss_gradient_matches_centred_differences(one_hot):
    rng = np.random.default_rng(0)
    scores, y = rng.standard_normal((4, 5)), np.array([0, 3, 3, 1])  # classes 2 and 4 are absent
    target = np.eye(5)[y] if one_hot else y
    loss_layer = SoftmaxCrossEntropy()
    numeric = eval_numerical_gradient_array(lambda s: loss_layer.forward(s, target), scores, np.float64(1))
    loss_layer.forward(scores, target)
    assert rel_error(loss_layer.backward(), numeric) <= 1e-6


@few
@given(seed=seeds, N=sizes, D=sizes, H=sizes)
def test_linear_and_relu_are_those_of_pytorch(seed, N, D, H):
    import torch

    rng = np.random.default_rng(seed)
    layer, relu, X, dout = linear(rng, D, H), ReLU(), rng.standard_normal((N, D)), rng.standard_normal((N, H))
    Xt, Wt, bt = (
        torch.from_numpy(a.copy()).requires_grad_() for a in (X, layer.params["W"], layer.params["b"])
    )
    out_t = torch.relu(Xt @ Wt + bt)
    out_t.backward(torch.from_numpy(dout))
    np.testing.assert_allclose(relu.forward(layer.forward(X)), out_t.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(layer.backward(relu.backward(dout)), Xt.grad.numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(layer.grads["W"], Wt.grad.numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(layer.grads["b"], bt.grad.numpy(), rtol=1e-10, atol=1e-12)


@few
@given(seed=seeds, N=sizes, C=sizes, scale=st.sampled_from([0.01, 1.0, 30.0]), one_hot=st.booleans())
def test_loss_is_that_of_pytorch(seed, N, C, scale, one_hot):
    import torch

    rng = np.random.default_rng(seed)
    scores, y = scale * rng.standard_normal((N, C)), rng.integers(0, C, N)
    scores_t = torch.from_numpy(scores.copy()).requires_grad_()
    loss_t = torch.nn.functional.cross_entropy(scores_t, torch.from_numpy(y))
    loss_t.backward()
    loss_layer = SoftmaxCrossEntropy()
    loss = loss_layer.forward(scores, np.eye(C)[y] if one_hot else y)
    assert isinstance(loss, float)
    assert loss == pytest.approx(loss_t.item(), rel=1e-10, abs=1e-12)
    np.testing.assert_allclose(loss_layer.backward(), scores_t.grad.numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(loss_layer.probs.sum(axis=1), 1)


def test_loss_survives_scores_of_a_thousand():
    loss_layer = SoftmaxCrossEntropy()
    assert loss_layer.forward(np.array([[1000.0, -1000.0]]), np.array([1])) == 2000
    assert loss_layer.forward(np.array([[1000.0, -1000.0]]), np.array([0])) == 0
    assert np.isfinite(loss_layer.backward()).all()


def test_gradient_at_zero_is_zero():
    relu = ReLU()
    relu.forward(np.array([[-1.0, -0.0, 0.0, 2.0]]))
    assert relu.backward(np.ones((1, 4))).tolist() == [[0, 0, 0, 1]]


def test_gradients_add_up_until_they_are_set_to_zero():
    rng = np.random.default_rng(0)
    layer = linear(rng, 3, 2)
    held = layer.grads["W"]
    layer.forward(rng.standard_normal((4, 3)))
    dout = rng.standard_normal((4, 2))
    layer.backward(dout)
    once = {name: grad.copy() for name, grad in layer.grads.items()}
    layer.backward(dout)
    for name in once:
        np.testing.assert_allclose(layer.grads[name], 2 * once[name])
    layer.zero_grad()
    assert not any(grad.any() for grad in layer.grads.values())
    assert layer.grads["W"] is held


def test_step_goes_against_the_gradient_in_place():
    layer = Linear(np.ones((2, 2)), np.zeros(2))
    W = layer.params["W"]
    layer.grads["W"] += 3
    Sequential([ReLU(), layer]).step(0.5)
    assert (W == -0.5).all()
    assert (layer.params["b"] == 0).all()


@few
@given(seed=seeds, dtype=st.sampled_from([np.float32, np.float64]))
def test_dtype_is_kept_and_arguments_are_not_changed(seed, dtype):
    rng = np.random.default_rng(seed)
    model = Sequential([Linear.random(4, 5, rng, 0.5, dtype), ReLU(), Linear.random(5, 3, rng, 0.5, dtype)])
    loss_layer = SoftmaxCrossEntropy()
    X, y = rng.standard_normal((6, 4)).astype(dtype), rng.integers(0, 3, 6)
    X_before, y_before = X.copy(), y.copy()
    scores = model.forward(X)
    scores_before = scores.copy()
    loss_layer.forward(scores, y)
    dscores = loss_layer.backward()
    dscores_before = dscores.copy()
    dX = model.backward(dscores)
    model.step(0.1)
    for array in (scores, dscores, dX, model.layers[0].params["W"], model.layers[0].grads["W"]):
        assert array.dtype == dtype
    for now, before in ((X, X_before), (y, y_before), (scores, scores_before), (dscores, dscores_before)):
        np.testing.assert_array_equal(now, before)


def test_random_weights_depend_on_the_generator_alone():
    state = np.random.get_state()[1].copy()
    one, two = (Linear.random(3, 4, np.random.default_rng(7)).params["W"] for _ in range(2))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
