"""The run, the artifacts and the registered version in MLflow after a training."""

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion


@pytest.fixture
def run(registry: MlflowClient, production: ModelVersion) -> Run:
    return registry.get_run(production.run_id)


def test_the_run_is_finished_with_metrics_of_every_epoch_and_its_params(
    registry: MlflowClient, run: Run
):
    assert run.info.status == "FINISHED"
    epochs = int(run.data.params["epochs"])
    for metric in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert len(registry.get_metric_history(run.info.run_id, metric)) == epochs
    assert "seed" in run.data.params


def test_the_run_has_a_data_set_with_name_and_digest(run: Run):
    (dataset, *_) = [entry.dataset for entry in run.inputs.dataset_inputs]
    assert dataset.name
    assert dataset.digest


def test_the_version_has_the_tags_gate_sha256_and_test_accuracy(production: ModelVersion, run: Run):
    assert production.tags["gate"] == "passed"
    assert len(production.tags["sha256"]) == 64
    assert float(production.tags["test_accuracy"]) == pytest.approx(
        run.data.metrics["test_accuracy"]
    )


def test_the_signature_maps_784_pixels_to_10_probabilities(production: ModelVersion):
    signature = mlflow.models.get_model_info(f"models:/{production.name}@Production").signature
    (pixels,) = signature.inputs.inputs
    (probabilities,) = signature.outputs.inputs
    assert (pixels.type, pixels.shape) == ("float32", (-1, 784))
    assert (probabilities.type, probabilities.shape) == ("float32", (-1, 10))


def test_the_run_has_its_report_and_plots(registry: MlflowClient, run: Run):
    assert "report.html" in {file.path for file in registry.list_artifacts(run.info.run_id)}
    plots = registry.list_artifacts(run.info.run_id, "figures")
    assert {file.path.rpartition(".")[2] for file in plots} == {"png"}


def test_registered_model_and_version_have_model_cards(
    registry: MlflowClient, production: ModelVersion
):
    """They are complete, with characters that are not ASCII."""
    model = registry.get_registered_model(production.name)
    for card in (model.description, production.description):
        assert "## Robustness" in card
        assert "rotated 30° to the left" in card
