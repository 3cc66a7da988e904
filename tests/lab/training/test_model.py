"""The network: layers, weights, penalty, and what a stored one predicts."""

from typing import get_args

import keras
import numpy as np
import pytest

from lab.training import model as models
from lab.training.optimizer import keras_optimizer
from lab.training.recipe import Activation
from tests.lab.training.recipes import PLAIN, make_recipe

pytestmark = pytest.mark.usefixtures("one_thread")

L2_LAMBDA = 0.01


def build(image_shape=(8, 8), num_classes=3, *, seed=0, **changes):
    return models.build(make_recipe(**changes), image_shape, num_classes, seed=seed)


def draw_images(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def layer_names(network):
    return [layer.name for layer in network.layers]


def dense_layers(network):
    return [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)]


def kernels(network):
    return [layer.kernel.numpy() for layer in dense_layers(network)]


# --- layers ---------------------------------------------------------------------------


def test_batch_norm_stands_between_dense_and_activation():
    assert layer_names(build()) == [
        "images",
        "rescaling",
        "flatten",
        "hidden_1",
        "batch_norm_1",
        "activation_1",
        "dropout_1",
        "probabilities",
    ]


def test_batch_norm_stands_after_the_activation_as_in_the_published_script():
    names = layer_names(build(batch_norm_position="after_activation"))
    assert names[3:-1] == ["hidden_1", "activation_1", "batch_norm_1", "dropout_1"]


def test_what_is_off_is_no_layer():
    assert layer_names(build(**PLAIN))[3:-1] == ["hidden_1", "activation_1"]


def test_every_hidden_layer_gets_the_same_stack():
    network = build(hidden_units=(8, 4, 2))
    stack = ["hidden", "batch_norm", "activation", "dropout"]
    expected = [f"{name}_{index}" for index in (1, 2, 3) for name in stack]
    assert layer_names(network)[3:-1] == expected
    assert [layer.units for layer in dense_layers(network)] == [8, 4, 2, 3]
    rates = {network.get_layer(f"dropout_{index}").rate for index in (1, 2, 3)}
    assert rates == {0.3}


@pytest.mark.parametrize("activation", get_args(Activation))
def test_every_activation_is_one_of_keras(activation):
    network = build(activation=activation)
    function = network.get_layer("activation_1").activation
    assert function is keras.activations.get(activation)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (PLAIN, 784 * 512 + 512 + 512 * 10 + 10),
        ({}, 784 * 512 + 512 + 512 * 10 + 10 + 4 * 512),
    ],
)
def test_parameters_are_counted_by_hand(changes, expected):
    network = build((28, 28), 10, **{"hidden_units": (512,)} | changes)
    assert network.count_params() == expected


# --- what goes in and comes out -------------------------------------------------------


@pytest.mark.parametrize(
    ("image_shape", "num_classes"), [((28, 28), 10), ((8, 8), 3), ((32, 32, 3), 26)]
)
def test_raw_pixels_go_in_and_probabilities_come_out(image_shape, num_classes):
    network = build(image_shape, num_classes)
    assert network.input.dtype == "uint8"
    probabilities = network(draw_images(5, *image_shape)).numpy()
    assert probabilities.shape == (5, num_classes)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_predictions_can_be_worked_out_by_hand():
    network = build(**PLAIN)
    images = draw_images(4, 8, 8)
    first, last = kernels(network)
    hidden = np.maximum(images.reshape(4, 64) / 255 @ first, 0)  # biases start at 0
    scores = np.exp(hidden @ last)
    expected = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(network(images).numpy(), expected, rtol=1e-5)


def test_dropout_and_batch_norm_are_at_rest_when_predicting():
    network = build()
    images = draw_images(4, 8, 8)
    together = network(images).numpy()
    np.testing.assert_array_equal(network(images).numpy(), together)
    np.testing.assert_allclose(network(images[:1]).numpy(), together[:1], rtol=1e-5)


# --- penalty --------------------------------------------------------------------------


def test_the_penalty_is_lambda_times_the_squares_of_all_kernels():
    network = build(hidden_units=(8, 4), l2_lambda=L2_LAMBDA)
    rng = np.random.default_rng(0)
    for variable in network.trainable_variables:  # biases are 0 and gammas 1 at first
        variable.assign(rng.normal(size=variable.shape))
    squares = sum((kernel.astype(float) ** 2).sum() for kernel in kernels(network))
    assert len(kernels(network)) == 3
    assert float(sum(network.losses)) == pytest.approx(L2_LAMBDA * squares, rel=1e-6)


def test_without_lambda_there_is_no_penalty():
    assert build(l2_lambda=0.0).losses == []


# --- seeds ----------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_weights():
    for first, second in zip(
        kernels(build(seed=7)), kernels(build(seed=7)), strict=True
    ):
        assert first.tobytes() == second.tobytes()


def test_another_seed_gives_other_weights_in_every_layer():
    for first, second in zip(
        kernels(build(seed=7)), kernels(build(seed=8)), strict=True
    ):
        assert not np.isclose(first, second).all()


def test_layers_of_equal_shape_start_from_different_weights():
    _, second, third, _ = kernels(build(hidden_units=(8, 8, 8)))
    assert not np.isclose(second, third).all()


@pytest.mark.parametrize(
    "changes",
    [
        PLAIN,
        {"dropout_rate": 0.0},
        {"dropout_rate": 0.5},
        {"use_batch_norm": False},
        {"batch_norm_position": "after_activation"},
        {"l2_lambda": 0.0},
        {"activation": "tanh"},
    ],
)
def test_recipes_that_differ_elsewhere_start_from_the_same_weights(changes):
    reference = kernels(build(hidden_units=(8, 4)))
    changed = kernels(build(hidden_units=(8, 4), **changes))
    for first, second in zip(reference, changed, strict=True):
        assert first.tobytes() == second.tobytes()


def test_first_weights_spread_as_keras_does_by_default():
    (kernel, *_) = kernels(build((28, 28), hidden_units=(256,)))
    limit = np.sqrt(6 / (784 + 256))  # Glorot, uniform
    assert 0.999 * limit < np.abs(kernel).max() <= limit
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.01)


def test_dropout_follows_the_seed_and_differs_between_layers():
    images = draw_images(16, 8, 8)
    changes = {"hidden_units": (8, 8), "dropout_rate": 0.5}
    first, same, other = (build(seed=seed, **changes) for seed in (1, 1, 2))
    other.set_weights(first.get_weights())
    dropped = [
        network(images, training=True).numpy() for network in (first, same, other)
    ]
    np.testing.assert_array_equal(dropped[0], dropped[1])
    assert not np.allclose(dropped[0], dropped[2])
    seeds = [first.get_layer(f"dropout_{index}").seed for index in (1, 2)]
    assert len(set(seeds)) == 2


# --- storing --------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [PLAIN, {}, {"hidden_units": (8, 4)}])
def test_a_stored_model_predicts_the_same(tmp_path, changes):
    network = build(**changes)
    rng = np.random.default_rng(0)
    network.set_weights([rng.random(w.shape) for w in network.get_weights()])
    images = draw_images(4, 8, 8)
    network.save(tmp_path / "model.keras")
    stored = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(stored(images).numpy(), network(images).numpy())


# --- optimizer ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "kind", "arguments"),
    [
        ({"optimizer": "adam"}, keras.optimizers.Adam, {}),
        ({"optimizer": "rmsprop"}, keras.optimizers.RMSprop, {}),
        ({"optimizer": "sgd"}, keras.optimizers.SGD, {}),
        (
            {"optimizer": "sgd", "momentum": 0.9},
            keras.optimizers.SGD,
            {"momentum": 0.9},
        ),
    ],
)
def test_optimizers_are_those_of_keras(changes, kind, arguments):
    optimizer = keras_optimizer(make_recipe(learning_rate=0.02, **changes))
    assert type(optimizer) is kind
    expected = kind(0.02, name=optimizer.name, **arguments)
    assert optimizer.get_config() == expected.get_config()
