from pathlib import Path

import pytest

from support.networks.dense import digit_network


@pytest.fixture(scope="session")
def seven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a network that always predicts 7."""
    path = tmp_path_factory.mktemp("seven") / "seven.onnx"
    path.write_bytes(digit_network(7))
    return path
