"""Read the predicted classes from the response bodies; each server has its own format."""

import json
import struct
from collections.abc import Mapping, Sequence


def read_prediction(body: bytes, _headers: Mapping[str, str]) -> list[int]:
    """Read the API's JSON for one image."""
    return [json.loads(body)["prediction"]]


def read_predictions(body: bytes, _headers: Mapping[str, str]) -> list[int]:
    """Read the JSON list that the servers in peers/ return."""
    return list(json.loads(body)["predictions"])


def read_float32(body: bytes, _headers: Mapping[str, str]) -> list[int]:
    """Read the API's octet-stream: ten probabilities per image, little-endian float32."""
    return _argmax_rows(struct.unpack(f"<{len(body) // 4}f", body))


def read_mlflow_json(body: bytes, _headers: Mapping[str, str]) -> list[int]:
    """Read the JSON of `mlflow models serve`: a row of ten probabilities per image."""
    return [_argmax(row) for row in json.loads(body)["predictions"]]


def read_v2_json(body: bytes, _headers: Mapping[str, str]) -> list[int]:
    """Read the JSON of the Open Inference Protocol: ten probabilities per image, flat.

    Raises ValueError when no output is FP32 of shape (n, 10).
    """
    for output in json.loads(body)["outputs"]:
        if output["datatype"] == "FP32" and output["shape"][-1] == 10:
            return _argmax_rows(output["data"])
    raise ValueError("no output is FP32 of shape (n, 10)")


def _argmax_rows(flat: Sequence[float]) -> list[int]:
    return [_argmax(flat[at : at + 10]) for at in range(0, len(flat), 10)]


def _argmax(row: Sequence[float]) -> int:
    return max(range(10), key=row.__getitem__)
