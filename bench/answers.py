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


def read_rows(body: bytes, _headers: Mapping[str, str]) -> list[int]:
    """`mlflow models serve`: a row of ten probabilities an image, under the same name."""
    return [_largest(row) for row in json.loads(body)["predictions"]]


def read_v2(body: bytes, headers: Mapping[str, str]) -> list[int]:
    """The Open Inference Protocol: the ten probabilities an image, as JSON or as float32."""
    length = int(headers.get("Inference-Header-Content-Length") or len(body))
    at = length
    for output in json.loads(body[:length])["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size", 0)
        if output["datatype"] == "FP32" and output["shape"][-1] == 10:
            flat = struct.unpack(f"<{size // 4}f", body[at : at + size]) if size else output["data"]
            return [_largest(flat[i : i + 10]) for i in range(0, len(flat), 10)]
        at += size
    raise ValueError("no output is FP32 of shape (n, 10)")


def _largest(row: "list[float] | tuple[float, ...]") -> int:
    return max(range(10), key=row.__getitem__)
