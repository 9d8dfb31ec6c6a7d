from collections.abc import Callable
from pathlib import Path

import pytest

from support.networks.dense import digit_network
from support.servers.api import Api


def test_the_server_ends_with_that_message_only(start_api: Callable[..., Api]) -> None:
    api = start_api(MAX_CONTENT_LENGTH="16MB")
    assert api.process.wait(20) not in (0, None)
    assert api.log() == (
        "MAX_CONTENT_LENGTH is '16MB', but must be a whole number from 1024 to 1073741824.\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"not ONNX", digit_network(7, pixels=785)])
def test_a_model_file_that_cannot_be_loaded_ends_the_server(
    start_api: Callable[..., Api], tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    api = start_api(MODEL_FILE=str(path), WEB_CONCURRENCY="1")
    assert api.process.wait(20) not in (0, None)
    assert f"MODEL_FILE is {str(path)!r}, but can't be served" in api.log()
    assert "Traceback" not in api.log()
    assert api.log().count("Booting worker") <= 1
