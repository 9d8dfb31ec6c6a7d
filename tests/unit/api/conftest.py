from pathlib import Path

import pytest

from mnist_api.registry.cache import Cache
from support.digit_version import DigitVersion, make_version
from support.model_source import Source
from support.networks.dense import digit_network


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
