"""A whole training against a real server: what it logs, registers, promotes and leaves."""

import hashlib
import json
from pathlib import Path

import keras  # type: ignore[import-untyped]  # ships no types
import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

from mnist_trainer.data import dataset as data
from mnist_trainer.data.dataset import SHIPPED
from mnist_trainer.evaluation.calibration import reliability_bins
from mnist_trainer.evaluation.corruptions import CORRUPTIONS
from mnist_trainer.evaluation.metrics import compute_metrics
from mnist_trainer.export.onnx_inference import infer
from mnist_trainer.reporting.plots import PLOTS
from mnist_trainer.settings import Settings, read_settings
from mnist_trainer.training.temperature import choose_temperature
from support.trainer.trainings import TINY, command, runs_of


@pytest.fixture(scope="module")
def trained(server: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One training that the tests of this module look at."""
    models = tmp_path_factory.mktemp("models")
    settings = read_settings(
        {
            "MLFLOW_TRACKING_URI": server,
            "MLFLOW_EXPERIMENT_NAME": "trained",
            "MODEL_NAME": "trained",
            "MODELS_DIR": str(models),
            "GIT_COMMIT": "c0ffee",
        },
        SHIPPED,
    )
    assert command(settings, *TINY) == 0
    return settings


def test_the_version_is_promoted_and_tagged(trained: Settings, client: MlflowClient) -> None:
    version = client.get_model_version_by_alias("trained", "Production")
    assert trained.models_dir
    onnx = (trained.models_dir / "mnist_model.onnx").read_bytes()
    assert version.tags["sha256"] == hashlib.sha256(onnx).hexdigest()
    assert version.tags["gate"] == "passed"
    assert 0.3 < float(version.tags["test_accuracy"]) < 1
    assert "promoted_over" not in version.tags


def test_the_version_carries_its_score_and_its_drift_reference(
    trained: Settings, client: MlflowClient, tmp_path: Path
) -> None:
    mlflow.set_tracking_uri(trained.tracking_uri)
    version = client.get_model_version_by_alias("trained", "Production")
    for name in ("digit_score.npz", "drift_reference.json"):
        file = mlflow.artifacts.download_artifacts(
            f"models:/trained@Production/extra_files/{name}", dst_path=str(tmp_path)
        )
        digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()
        assert version.tags[f"{name.partition('.')[0]}_sha256"] == digest
    reference = json.loads(Path(file).read_text())
    assert reference["images"] == 5000
    assert sum(reference["digits"]) == pytest.approx(1, abs=1e-5)


def test_pyfunc_and_tensorflow_load_what_serving_runs(trained: Settings, tmp_path: Path) -> None:
    mlflow.set_tracking_uri(trained.tracking_uri)
    address = f"models:/{trained.model_name}@Production"
    model = mlflow.pyfunc.load_model(address)
    signature = model.metadata.signature
    assert [(spec.type, spec.shape) for spec in signature.inputs] == [("float32", (-1, 784))]
    assert [(spec.type, spec.shape) for spec in signature.outputs] == [("float32", (-1, 10))]
    pixels = data.load_dataset(data.SHIPPED).validation.first(64).pixels()
    given = model.predict(pixels)
    assert given.shape == (64, 10)
    native = np.asarray(mlflow.tensorflow.load_model(address)(pixels))
    file = mlflow.artifacts.download_artifacts(
        f"{address}/extra_files/model.onnx", dst_path=str(tmp_path)
    )
    served = infer(Path(file), pixels)
    for other in (native, served, infer(Path(file), pixels[:1])):
        assert np.allclose(given[: len(other)], other, atol=1e-5)
    assert np.allclose(served.sum(axis=1), 1, atol=1e-5)


def test_the_network_is_left_as_files_that_load_without_anything_of_ours(trained: Settings) -> None:
    assert trained.models_dir
    names = sorted(file.name for file in trained.models_dir.iterdir())
    assert names == ["mnist_model.keras", "mnist_model.onnx", "unsent"]
    assert not list((trained.models_dir / "unsent").iterdir()), "all of it was sent"
    loaded = keras.saving.load_model(trained.models_dir / "mnist_model.keras")
    pixels = data.load_dataset(data.SHIPPED).validation.first(64).pixels()
    served = infer(trained.models_dir / "mnist_model.onnx", pixels)
    assert np.allclose(np.asarray(loaded(pixels)), served, atol=1e-5)


def test_the_run_holds_every_setting_and_what_it_was_made_with(
    trained: Settings, client: MlflowClient
) -> None:
    (run,) = runs_of(trained, client)
    params = run.data.params
    assert run.info.status == "FINISHED"
    assert params["hidden"] == "(64,)"
    assert params["recipe"] == "default"
    assert {"seed", "epochs", "learning_rate", "elastic", "floor"} <= params.keys()
    assert params["version_keras"] == keras.__version__
    for package in ("python", "tensorflow", "numpy", "mlflow", "onnx", "onnxruntime"):
        assert params[f"version_{package}"][0].isdigit()
    assert run.data.tags["git_commit"] == "c0ffee"
    assert run.data.tags["gate"] == "passed"


def test_the_run_holds_the_metrics_of_every_epoch_and_of_the_test(
    trained: Settings, client: MlflowClient
) -> None:
    (run,) = runs_of(trained, client)
    for metric in ("loss", "accuracy", "val_loss", "val_accuracy", "seconds"):
        history = client.get_metric_history(run.info.run_id, metric)
        assert sorted(point.step for point in history) == [1, 2, 3, 4]
    metrics = run.data.metrics
    for digit in range(10):
        assert 0 <= metrics[f"test_precision_{digit}"] <= 1
        assert 0 <= metrics[f"test_recall_{digit}"] <= 1
    assert metrics["training_seconds"] > 0
    assert metrics["test_loss"] > 0
    version = client.get_model_version_by_alias("trained", "Production")
    assert f"{metrics['test_accuracy']:.4f}" == version.tags["test_accuracy"]
    assert version.run_id == run.info.run_id


def test_the_run_is_called_by_recipe_and_seed_and_names_its_data(
    trained: Settings, client: MlflowClient
) -> None:
    (run,) = runs_of(trained, client)
    assert run.info.run_name == f"{run.data.params['recipe']}, seed {run.data.params['seed']}"
    inputs = client.get_run(run.info.run_id).inputs
    assert inputs
    (entry,) = inputs.dataset_inputs
    assert entry.dataset.name == "mnist"
    assert run.data.params["dataset_sha256"].startswith(entry.dataset.digest)
    assert len(entry.dataset.digest) == 32


def test_the_run_holds_plots_and_report_and_the_registry_the_model_card(
    trained: Settings, client: MlflowClient
) -> None:
    (run,) = runs_of(trained, client)
    logged = {file.path: file.file_size for file in client.list_artifacts(run.info.run_id)}
    assert logged.keys() == {"confusion.json", "report.html", "figures"}
    assert (logged["report.html"] or 0) > 100_000
    plots = {file.path for file in client.list_artifacts(run.info.run_id, "figures")}
    assert plots == {f"figures/{name}.png" for name in PLOTS}
    assert 0 < run.data.metrics["calibration_error"] < 1
    accuracy = f"{run.data.metrics['test_accuracy']:.2%}"
    for card in (
        client.get_model_version("trained", "1").description,
        client.get_registered_model("trained").description,
    ):
        assert card
        assert card.startswith("# trained")
        assert f"| Accuracy on the test images | {accuracy} |" in card
        assert run.data.params["dataset_sha256"] in card


def test_the_network_is_calibrated_on_the_validation_images(
    trained: Settings, client: MlflowClient
) -> None:
    (run,) = runs_of(trained, client)
    assert run.data.metrics["temperature"] != 1
    assert trained.models_dir
    validation = data.load_dataset(data.SHIPPED).validation
    served = infer(trained.models_dir / "mnist_model.onnx", validation.pixels())
    error = reliability_bins(served, compute_metrics(served, validation).correct).calibration_error
    assert run.data.metrics["val_calibration_error"] == pytest.approx(error, abs=1e-4)
    assert choose_temperature(served, validation) == pytest.approx(1, abs=1e-3)


def test_robustness_prints_what_the_training_logged(
    trained: Settings, client: MlflowClient, capfd: pytest.CaptureFixture[str]
) -> None:
    assert command(trained, "robustness") == 0
    title, _, *rows = capfd.readouterr().out.splitlines()
    assert title == "Version 1 of trained on 10,000 test images"
    printed = {row[:-8].strip(): float(row[-8:-1]) / 100 for row in rows}
    (run,) = runs_of(trained, client)
    names = {"none": "test_accuracy", "mean of the 15 corruptions": "accuracy_corrupted"}
    names |= {name.replace("_", " "): f"accuracy_{name}" for name in CORRUPTIONS}
    for change, name in names.items():
        assert printed[change] == pytest.approx(run.data.metrics[name], abs=5e-4), change
