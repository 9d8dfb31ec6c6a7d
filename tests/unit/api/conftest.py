from pathlib import Path

import numpy as np
import pytest

from mnist_api.model.active import LoadedModel
from mnist_api.registry.cache import Cache
from support.digit_version import DigitVersion, make_version
from support.drift_features import load_version, measure
from support.model_source import Source
from support.networks.dense import digit_network
from support.pictures.digits import read_digits


@pytest.fixture(scope="session")
def seven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a network that always predicts 7."""
    path = tmp_path_factory.mktemp("seven") / "seven.onnx"
    path.write_bytes(digit_network(7))
    return path


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path, "digits")


@pytest.fixture(scope="session")
def digit_version(tmp_path_factory: pytest.TempPathFactory) -> DigitVersion:
    """Return a version that reads MNIST's digits, with its digit score and drift reference."""
    return make_version(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="session")
def loaded(digit_version: DigitVersion) -> LoadedModel:
    """Return that version, loaded."""
    return load_version(digit_version)


@pytest.fixture(scope="session")
def clean(loaded: LoadedModel) -> np.ndarray:
    """Return the features of MNIST's test images, for drift."""
    return measure(loaded, read_digits(10_000).astype(np.float32) / 255)
