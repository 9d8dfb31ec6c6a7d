"""The API's responses to a client."""

import json

import httpx
import mlflow
import numpy as np
import pytest
from mlflow.entities.model_registry import ModelVersion

from support.processes import ROOT

SAMPLE = ROOT / "api" / "samples" / "seven.json"


def test_the_sample_is_predicted_as_seven_in_exactly_the_documented_shape(api: httpx.Client):
    headers = {"Content-Type": "application/json"}
    response = api.post("/predict", content=SAMPLE.read_bytes(), headers=headers)
    assert response.status_code == 200
    result = response.json()
    assert list(result) == ["prediction", "confidence", "probabilities"]
    assert result["prediction"] == 7
    assert result["confidence"] == f"{max(result['probabilities']) * 100:.2f}%"
    assert len(result["probabilities"]) == 10
    assert sum(result["probabilities"]) == pytest.approx(1, abs=1e-5)


def test_health_is_exactly_the_documented_response(api: httpx.Client):
    response = api.get("/health")
    assert (response.status_code, response.json()) == (200, {"model_loaded": True, "status": "ok"})


def test_probabilities_equal_those_of_the_model_loaded_by_mlflow(
    api: httpx.Client, production: ModelVersion, digits: np.ndarray
):
    model = mlflow.pyfunc.load_model(f"models:/{production.name}@Production")
    expected = model.predict(digits)
    probabilities = [
        api.post("/predict", json={"image": digit.tolist()}).json()["probabilities"]
        for digit in digits
    ]
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)


def test_accuracy_is_about_that_of_the_version(
    api: httpx.Client, production: ModelVersion, digits: np.ndarray, labels: np.ndarray
):
    """The accuracy on 300 images has a standard deviation of about 1 point."""
    predictions = [
        api.post("/predict", json={"image": digit.reshape(28, 28).tolist()}).json()["prediction"]
        for digit in digits
    ]
    assert np.mean(predictions == labels) > float(production.tags["test_accuracy"]) - 0.03


def test_the_active_version_can_be_compared_with_its_validation_images(
    api: httpx.Client, production: ModelVersion
):
    drift = api.get("/drift").json()
    assert drift["available"], "the trainer has stored the file that the API reads"
    assert drift["version"] == str(production.version)
    assert len(drift["features"]) == 9


def test_model_describes_the_active_version(api: httpx.Client, production: ModelVersion):
    model = api.get("/model").json()
    assert str(model["version"]) == str(production.version)
    assert model["run_id"] == production.run_id
    assert model["sha256"] == production.tags["sha256"]
    assert float(model["test_accuracy"]) == float(production.tags["test_accuracy"])


@pytest.mark.parametrize(
    ("body", "status", "explanation"),
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
def test_an_invalid_image_is_rejected_with_an_explanation(
    api: httpx.Client, body: bytes, status: int, explanation: str
):
    response = api.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (response.status_code, problem["status"]) == (status, status)
    assert explanation in problem["detail"]
