"""Fixtures for a running stack, which is reached at API_URL and MLFLOW_TRACKING_URI."""

import gzip
import os
from collections.abc import Iterator

import httpx
import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

from support.processes import ROOT

DATA = ROOT / "trainer" / "data"
MODEL_NAME, MODEL_ALIAS = "mnist-classifier", "Production"


@pytest.fixture(scope="session")
def api() -> Iterator[httpx.Client]:
    with httpx.Client(base_url=os.environ["API_URL"], timeout=10) as client:
        yield client


@pytest.fixture(scope="session")
def registry() -> MlflowClient:
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    return MlflowClient()


@pytest.fixture
def production(registry: MlflowClient) -> Iterator[mlflow.entities.model_registry.ModelVersion]:
    """The version with the alias Production, which it gets back when the test is over."""
    version = registry.get_model_version_by_alias(MODEL_NAME, MODEL_ALIAS)
    yield version
    registry.set_registered_model_alias(MODEL_NAME, MODEL_ALIAS, version.version)


@pytest.fixture(scope="session")
def digits() -> np.ndarray:
    """300 test images, float32 (300, 784), 0 to 1."""
    pixels = gzip.decompress((DATA / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
    images = np.frombuffer(pixels, np.uint8).reshape(-1, 784)[::33][:300]
    return images.astype(np.float32) / 255


@pytest.fixture(scope="session")
def labels() -> np.ndarray:
    """The labels of the 300 images, uint8 (300,), 0 to 9."""
    content = gzip.decompress((DATA / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:]
    return np.frombuffer(content, np.uint8)[::33][:300]
