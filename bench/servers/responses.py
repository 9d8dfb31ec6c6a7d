"""Reads the predicted digits out of the answers, of which every server has its own shape."""

import json
import struct
from collections.abc import Mapping


def read_prediction(body: bytes, _headers: Mapping[str, str]) -> list[int]:
    """The API's own answer to one image."""
    return [json.loads(body)["prediction"]]


def read_predictions(body: bytes, _headers: Mapping[str, str]) -> list[int]:
    """The list that our small servers for the peers answer."""
    return list(json.loads(body)["predictions"])


def read_floats(body: bytes, _headers: Mapping[str, str]) -> list[int]:
    """The API's answer as octet-stream: the ten probabilities an image, little-endian float32."""
    flat = struct.unpack(f"<{len(body) // 4}f", body)
    return [_largest(flat[i : i + 10]) for i in range(0, len(flat), 10)]


def read_rows(body: bytes, _headers: Mapping[str, str]) -> list[int]:
    """`mlflow models serve`: a row of ten probabilities an image, under the same name."""
    return [_largest(row) for row in json.loads(body)["predictions"]]


def read_v2(body: bytes, _headers: Mapping[str, str]) -> list[int]:
    """The Open Inference Protocol: the ten probabilities an image, as JSON."""
    for output in json.loads(body)["outputs"]:
        if output["datatype"] == "FP32" and output["shape"][-1] == 10:
            flat = output["data"]
            return [_largest(flat[i : i + 10]) for i in range(0, len(flat), 10)]
    raise ValueError("no output is FP32 of shape (n, 10)")


def _largest(row: "list[float] | tuple[float, ...]") -> int:
    return max(range(10), key=row.__getitem__)
