"""Any `keras.Sequential` of 784 inputs and 10 outputs can be trained, exported and shown."""

import dataclasses

import keras  # type: ignore[import-untyped]  # ships no types
import numpy as np
import onnx
import pytest
import tensorflow as tf  # type: ignore[import-untyped]  # ships no types
from keras import layers
from mlflow import MlflowClient

from mnist_trainer.data.dataset import SHIPPED, Dataset, load_dataset
from mnist_trainer.evaluation.metrics import predict
from mnist_trainer.pipeline import train
from mnist_trainer.reporting import plots
from mnist_trainer.reporting.plots import PLOTS
from mnist_trainer.settings import Settings
from mnist_trainer.training import train_step
from mnist_trainer.training.inspection import find_first_kernel
from mnist_trainer.training.loop import fit
from mnist_trainer.training.model import ModelError, separate_softmax
from mnist_trainer.training.recipes import RECIPES
from mnist_trainer.training.temperature import apply_temperature
from support.trainer.trainings import TINY, command, runs_of

pytestmark = pytest.mark.slow

RECIPE = dataclasses.replace(RECIPES["quick"], epochs=2, batch_size=64)
GELU = keras.activations.gelu


def tanh_gelu(values: tf.Tensor) -> tf.Tensor:
    return GELU(values, approximate=True)


def build_mixed(hidden: tuple[int, ...] = (32, 16), seed: int = 0) -> keras.Sequential:
    """Dropout, batch normalisation and two other activations; no layer names a seed."""
    return keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(hidden[0], use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("elu"),
            layers.Dropout(0.2),
            *(layers.Dense(width, activation="tanh") for width in hidden[1:]),
            layers.Dense(10, activation="softmax"),
        ]
    )


ENDINGS = {
    "a layer with a softmax": lambda: [layers.Dense(10, activation="softmax", name="softmax")],
    "a softmax layer": lambda: [layers.Dense(10), layers.Softmax()],
    "an activation layer": lambda: [layers.Dense(10), layers.Activation("softmax")],
    "normalised logits": lambda: [layers.Dense(10), layers.BatchNormalization(), layers.Softmax()],
    "no bias": lambda: [layers.Dense(10, use_bias=False), layers.Softmax()],
}


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load_dataset(SHIPPED)


def trained(data: Dataset, seed: int, dropout: float = 0.2) -> keras.Sequential:
    keras.utils.set_random_seed(1)
    model = build_mixed()
    model.layers[3].rate = dropout
    list(fit(model, data.train.first(640), data.validation.first(100), RECIPE, seed))
    return model


def test_dropout_normalisation_and_activations_go_all_the_way(
    settings: Settings,
    client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(train, "build_model", build_mixed)
    monkeypatch.setattr(plots, "PLOTS", PLOTS)  # all of them, whatever the layers are
    assert command(settings, *TINY, "--require-promotion") == 0
    assert "training goes on without" not in capfd.readouterr().out
    (run,) = runs_of(settings, client)
    assert run.data.params["layers"] == (
        "Dense 64, BatchNormalization, Activation elu, Dropout, Dense 10, Softmax"
    )
    assert run.data.metrics["temperature"] != 1
    assert run.data.metrics["test_accuracy"] > 0.5
    assert len(client.list_artifacts(run.info.run_id, "figures")) == 6

    assert settings.models_dir
    loaded = keras.saving.load_model(settings.models_dir / "mnist_model.keras")
    assert {weight.dtype for weight in loaded.weights} == {"float32"}
    assert {layer.dtype_policy.name for layer in loaded.layers} == {"float32"}
    mean, variance = (np.asarray(each) for each in loaded.layers[1].weights[2:])
    assert mean.any(), "the moving averages have left their first values"
    assert not (variance == 1).all()
    graph = onnx.load(settings.models_dir / "mnist_model.onnx").graph
    numbers = {each.data_type for each in graph.initializer if each.dims and each.dims[0] > 4}
    assert numbers == {onnx.TensorProto.FLOAT}
    assert "Cast" not in {node.op_type for node in graph.node}


def test_the_same_seed_gives_the_same_weights_and_dropout_follows_it(data: Dataset) -> None:
    one, again, other, without = (
        trained(data, *given).get_weights() for given in ((3,), (3,), (4,), (3, 0.0))
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one[0], other[0])
    assert not np.array_equal(one[0], without[0])


def test_a_whole_training_has_the_same_weights_whatever_the_layers_were_seeded_with(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "build_model", build_mixed)
    assert settings.models_dir
    file = settings.models_dir / "mnist_model.keras"
    weights = []
    for _ in range(2):
        assert command(settings, *TINY) == 0
        weights.append(keras.saving.load_model(file).get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


@pytest.mark.parametrize("activation", ["relu", "elu", "tanh", tanh_gelu])
@pytest.mark.parametrize("penalty", [None, "l2"])
def test_a_step_is_that_of_keras_own_fit(
    data: Dataset, activation: object, penalty: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With any activation, normalisation and penalty: there is no second formula of the model."""
    monkeypatch.setattr(train_step, "choose_policy", lambda: "float32")
    still = dataclasses.replace(RECIPE, label_smoothing=0.05)
    part = data.train.first(64)

    def build() -> keras.Sequential:
        keras.utils.set_random_seed(5)
        first = layers.Dense(32, activation=activation, kernel_regularizer=penalty)
        return keras.Sequential(
            [keras.Input((784,)), first, layers.BatchNormalization(), layers.Dense(10, "softmax")]
        )

    ours, theirs = build(), build()
    separate_softmax(ours)
    run_epoch = train_step.compile_epoch(ours, part, still, batch=64, seed=0)
    run_epoch(tf.reshape(tf.range(64), [1, 64]), np.asarray([1e-3], np.float32), 0)
    theirs.compile(
        keras.optimizers.Adam(1e-3, beta_1=still.beta_1, beta_2=still.beta_2, epsilon=1e-7),
        keras.losses.CategoricalCrossentropy(label_smoothing=0.05),
    )
    theirs.train_on_batch(part.pixels(), np.eye(10, dtype=np.float32)[part.labels])
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert np.allclose(mine, other, atol=5e-5)  # of steps of 1e-3


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_softmax_at_the_end_can_be_trained_and_calibrated(data: Dataset, ending: str) -> None:
    model = keras.Sequential([layers.Dense(16, activation="relu"), *ENDINGS[ending]()])
    pixels = data.validation.first(200).pixels()
    list(fit(model, data.train.first(640), data.validation.first(100), RECIPE, seed=0))
    before = predict(model, pixels)
    apply_temperature(model, 0.5)
    squared = before**2 / (before**2).sum(axis=1, keepdims=True)
    assert np.allclose(predict(model, pixels), squared, atol=1e-5)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_whatever_a_training_computes_in_the_model_stays_float32(
    data: Dataset, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_step, "choose_policy", lambda: policy)
    model = trained(data, 0)
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    assert predict(model, data.test.first(200).pixels()).dtype == np.float32
    assert model(data.test.first(2).pixels()).dtype == tf.float32


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([layers.Dense(10)], "last layer is .*; needed is a softmax"),
        ([layers.Dense(9, activation="softmax")], r"\(None, 9\); needed are \(None, 784\)"),
    ],
)
def test_a_model_that_cannot_be_trained_is_refused(given: list[object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        separate_softmax(keras.Sequential([keras.Input((784,)), *given]))


def test_the_first_kernel_is_looked_for_and_need_not_be_there() -> None:
    dense = layers.Dense(3, activation="softmax")
    found = find_first_kernel(keras.Sequential([keras.Input((784,)), layers.Dropout(0.1), dense]))
    assert found is not None
    assert found.shape == (784, 3)
    convolution = [layers.Reshape((28, 28, 1)), layers.Conv2D(2, 3), layers.Flatten()]
    assert find_first_kernel(keras.Sequential([keras.Input((784,)), *convolution])) is None
