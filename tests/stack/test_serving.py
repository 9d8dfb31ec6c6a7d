"""What a client sees of the API."""

import json
from pathlib import Path

import httpx
import mlflow
import numpy as np
import pytest
from mlflow.entities.model_registry import ModelVersion

SAMPLE = Path(__file__).resolve().parents[2] / "api" / "samples" / "seven.json"


def test_the_shipped_sample_is_a_seven_in_exactly_the_promised_shape(api: httpx.Client):
    headers = {"Content-Type": "application/json"}
    answer = api.post("/predict", content=SAMPLE.read_bytes(), headers=headers)
    assert answer.status_code == 200
    said = answer.json()
    assert list(said) == ["prediction", "confidence", "probabilities"]
    assert said["prediction"] == 7
    assert said["confidence"] == f"{max(said['probabilities']) * 100:.2f}%"
    assert len(said["probabilities"]) == 10
    assert sum(said["probabilities"]) == pytest.approx(1, abs=1e-5)


def test_health_says_exactly_that_the_model_is_loaded(api: httpx.Client):
    answer = api.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"model_loaded": True, "status": "ok"})


def test_predictions_equal_those_of_the_model_that_mlflow_loads(
    api: httpx.Client, production: ModelVersion, digits: np.ndarray
):
    model = mlflow.pyfunc.load_model(f"models:/{production.name}@Production")
    expected = model.predict(digits)
    served = [
        api.post("/predict", json={"image": digit.tolist()}).json()["probabilities"]
        for digit in digits
    ]
    np.testing.assert_allclose(served, expected, atol=1e-5)


def test_almost_every_digit_is_read_right(
    api: httpx.Client, production: ModelVersion, digits: np.ndarray, labels: np.ndarray
):
    """300 digits scatter by 1 point about the accuracy that the version claims."""
    served = [
        api.post("/predict", json={"image": digit.reshape(28, 28).tolist()}).json()["prediction"]
        for digit in digits
    ]
    assert np.mean(served == labels) > float(production.tags["test_accuracy"]) - 0.03


def test_model_names_the_version_in_service(api: httpx.Client, production: ModelVersion):
    said = api.get("/model").json()
    assert str(said["version"]) == str(production.version)
    assert said["run_id"] == production.run_id
    assert said["sha256"] == production.tags["sha256"]
    assert float(said["test_accuracy"]) == float(production.tags["test_accuracy"])


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"", 400, "empty"),
        (b"{", 400, "JSON"),
        (json.dumps({"pixels": [0] * 784}), 422, "image"),
        (json.dumps({"image": [0] * 783}), 422, "784"),
        (json.dumps({"image": ["0"] * 784}), 422, "number"),
        (json.dumps({"image": [None] * 784}), 422, "number"),
        (json.dumps({"image": [True] * 784}), 422, "number"),
        (json.dumps({"image": [255] * 784}), 422, "divide by 255"),
        (json.dumps({"image": [-1] * 784}), 422, "0"),
        (json.dumps({"image": [float("nan")] * 784}), 400, "JSON"),
        (b'{"image": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "nested"),
    ],
)
def test_what_is_not_a_digit_is_refused_with_a_sentence(
    api: httpx.Client, body: bytes, status: int, sentence: str
):
    answer = api.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status)
    assert sentence in problem["detail"]
