"""Whatever Keras has is trained, calibrated, exported and run by the API, or refused at once."""

import dataclasses
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import keras  # type: ignore[import-untyped]  # ships no types
import numpy as np
import pytest
from keras import layers
from mlflow import MlflowClient

from mnist_trainer.data.dataset import SHIPPED, Dataset, load_dataset
from mnist_trainer.errors import TrainerError
from mnist_trainer.export.onnx_conversion import ExportError
from mnist_trainer.export.onnx_export import export_model
from mnist_trainer.pipeline import train
from mnist_trainer.settings import Settings
from mnist_trainer.training import train_step
from mnist_trainer.training.inspection import describe_layers
from mnist_trainer.training.loop import fit
from mnist_trainer.training.model import separate_softmax
from mnist_trainer.training.recipes import RECIPES
from mnist_trainer.training.temperature import apply_temperature
from support.networks.layers import ACTIVATIONS, NETWORKS, REFUSED, Layers, activation
from support.processes import ROOT
from support.trainer.trainings import TINIER, command, runs_of

API_PYTHON = ROOT / ".local" / "environments" / "api" / "bin" / "python"
TRY = """
import json, sys
from pathlib import Path
from mnist_api.model.onnx_model import BATCHES, ModelRefusedError, load_model
from mnist_api.model.onnx_rules import check_rules
for line in sys.stdin:
    content = Path(line.strip()).read_bytes()
    try:
        check_rules(content)
        load_model(content, BATCHES)
        print(json.dumps(None), flush=True)
    except ModelRefusedError as error:
        print(json.dumps(str(error)), flush=True)
"""
RECIPE = dataclasses.replace(RECIPES["quick"], epochs=1, batch_size=32)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load_dataset(SHIPPED)


@pytest.fixture(scope="module")
def refusal_by_the_api() -> Iterator[Callable[[Path], str | None]]:
    """The API's own checks, in its own environment: why it refuses a file, None if it does not."""
    with subprocess.Popen(
        [API_PYTHON, "-c", TRY],
        env=os.environ | {"PYTHONPATH": str(ROOT / "api")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout

        def find_refusal(file: Path) -> str | None:
            print(file, file=process.stdin, flush=True)
            return json.loads(process.stdout.readline())

        yield find_refusal
        process.stdin.close()


def build(inner: Layers) -> keras.Sequential:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((784,)), *inner(), layers.Dense(10, activation="softmax", name="softmax")]
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_of_keras_is_exported_and_run_by_the_api(
    name: str, data: Dataset, refusal_by_the_api: Callable[[Path], str | None], tmp_path: Path
) -> None:
    model = build(activation(name))
    separate_softmax(model)
    files = export_model(model, data.validation.first(200).pixels(), tmp_path)
    assert refusal_by_the_api(files.onnx) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_layers_of_every_kind_are_trained_calibrated_exported_and_run_by_the_api(
    name: str, data: Dataset, refusal_by_the_api: Callable[[Path], str | None], tmp_path: Path
) -> None:
    model = build(NETWORKS[name])
    (epoch,) = fit(model, data.train.first(64), data.validation.first(64), RECIPE, seed=0)
    assert np.isfinite(epoch.loss)
    apply_temperature(model, 1.5)
    files = export_model(model, data.validation.first(200).pixels(), tmp_path)
    assert refusal_by_the_api(files.onnx) is None
    assert describe_layers(model)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_layers_of_every_kind_are_trained_in_bfloat16(
    name: str, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_step, "choose_policy", lambda: "mixed_bfloat16")
    (epoch,) = fit(
        build(NETWORKS[name]), data.train.first(64), data.validation.first(64), RECIPE, seed=0
    )
    assert np.isfinite(epoch.loss)


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_api_cannot_run_is_refused_before_the_training(
    name: str,
    settings: Settings,
    client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    inner, message = REFUSED[name]
    monkeypatch.setattr(train, "build_model", lambda hidden, seed: build(inner))
    for arguments in (TINIER, ["search", "--trials=1"]):
        with pytest.raises(ExportError, match=message) as refusal:
            command(settings, *arguments)
        assert "\n" not in str(refusal.value)
    assert runs_of(settings, client) == []
    assert capfd.readouterr() == ("", "")


def test_the_checks_by_the_api_can_fail(
    refusal_by_the_api: Callable[[Path], str | None], tmp_path: Path
) -> None:
    (tmp_path / "model.onnx").write_text("none")
    assert refusal_by_the_api(tmp_path / "model.onnx") == "it is not an ONNX file"


def test_a_model_without_a_softmax_is_refused_before_the_training(
    settings: Settings, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = keras.Sequential([keras.Input((784,)), layers.Dense(10)])
    monkeypatch.setattr(train, "build_model", lambda hidden, seed: plain)
    with pytest.raises(TrainerError, match="needed is a softmax"):
        command(settings, *TINIER)
    assert runs_of(settings, client) == []
