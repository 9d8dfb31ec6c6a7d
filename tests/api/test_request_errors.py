"""Invalid bodies and compressed ones get the same response from the whole API and from Flask."""

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cases.requests import (
    BYTES,
    COUNT,
    FLOATS,
    JSON,
    OCTETS,
    REFUSED,
    Apis,
    post,
    start_both,
)
from support.servers.api import Api


@pytest.fixture(scope="module")
def apis(start_apis: Callable[..., Api], linear: Path) -> Apis:
    return start_both(start_apis, linear, MAX_CONTENT_LENGTH="2000000")


@pytest.mark.parametrize(("body", "content_type", "status", "words"), REFUSED.values(), ids=REFUSED)
def test_an_invalid_body_is_refused_with_what_to_do(
    apis: Apis, body: bytes, content_type: str, status: int, words: str
) -> None:
    answer = post(apis, body, Content_Type=content_type)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    assert answer.json()["detail"].endswith(".")


def test_compressed_bodies_are_read_and_limited_by_their_decompressed_size(
    apis: Apis,
) -> None:
    plain = post(apis, BYTES.tobytes(), Content_Type=OCTETS)
    for coding, packed in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        headers = {"Content_Type": OCTETS, "Content_Encoding": coding}
        answer = post(apis, packed(BYTES.tobytes()), **headers)
        assert answer.content == plain.content
        assert post(apis, packed(bytes(2_000_001)), **headers).status_code == 413
        assert post(apis, packed(BYTES.tobytes())[:-3], **headers).status_code == 400
        assert post(apis, BYTES.tobytes(), **headers).status_code == 400
    refused = post(apis, b"", Content_Type=OCTETS, Content_Encoding="br")
    assert refused.status_code == 415
    assert refused.headers["Accept-Encoding"] == "gzip, deflate"


def test_other_protocols_get_the_same_responses_from_both_servers(apis: Apis) -> None:
    tensor = {"name": "image", "shape": [COUNT, 784], "datatype": "FP32"}
    infer = "/v2/models/mnist-classifier/infer"
    asked = json.dumps({"inputs": [tensor | {"data": FLOATS.tolist()}]}).encode()
    assert post(apis, asked, infer).status_code == 200
    size = {"parameters": {"binary_data_size": FLOATS.nbytes, "binary_data_output": True}}
    asked = json.dumps({"inputs": [tensor | size]} | size).encode()
    length = {"Inference_Header_Content_Length": str(len(asked))}
    assert post(apis, asked + FLOATS.tobytes(), infer, **length).status_code == 200
    assert post(apis, b"{", infer).status_code == 400
    assert post(apis, b" " * 2_000_001, infer).json()["error"].startswith("The body is larger")
    asked = json.dumps({"inputs": FLOATS.tolist()}).encode()
    assert post(apis, asked, "/invocations", Content_Type=JSON).status_code == 200
    assert post(apis, b"{", "/invocations", Content_Type=JSON).status_code == 400
    assert post(apis, b" " * 2_000_001, "/invocations", Content_Type=JSON).status_code == 413
