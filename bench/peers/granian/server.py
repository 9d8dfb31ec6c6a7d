"""Granian: an HTTP server in Rust and two Python workers, with the API's own codecs and engine.

The least that a Python server of this model does: no metrics, no log, no checks of the headers.
"""

import os
from pathlib import Path
from typing import Any

from mnist_api.codecs.json_image import decode_json
from mnist_api.codecs.responses import encode_prediction
from mnist_api.model.onnx_model import load_model
from mnist_api.problems import ProblemError, encode_problem

JSON = [("content-type", "application/json")]
model = load_model(Path(os.environ["MODEL_FILE"]).read_bytes())  # Granian imports it in each worker


async def app(scope: Any, protocol: Any) -> None:
    """Answer a request of RSGI, Granian's own interface."""
    if scope.path == "/health":
        protocol.response_empty(200, [])
        return
    try:
        pixels, _ = decode_json(await protocol())
        protocol.response_bytes(200, JSON, encode_prediction(model.infer(pixels)[0]))
    except ProblemError as error:
        protocol.response_bytes(error.status, JSON, encode_problem(error.status, error.detail))
