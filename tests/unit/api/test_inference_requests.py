"""Requests of the Open Inference Protocol: what is read, and each sentence that refuses one."""

import json
from typing import Any

import numpy as np
import pytest
from msgspec import UNSET

from mnist_api.codecs.open_inference import read_inference
from mnist_api.http import Request
from support.refusals import refused

IMAGES = np.linspace(0, 1, 2 * 784).astype(np.float32).reshape(2, 784)
BYTES = IMAGES.astype("<f4").tobytes()
BINARY = {"parameters": {"binary_data_size": len(BYTES)}}
EXPECTED = 'send one input "image" of FP32 with shape [n, 784]'
BOTH = {"probabilities": False, "prediction": False}


def body(more: dict[str, Any] | None = None, **tensor: Any) -> bytes:
    given = {"name": "image", "shape": [2, 784], "datatype": "FP32"} | tensor
    return json.dumps({"inputs": [given]} | (more or {})).encode()


def request(content: bytes, length: str | None = None) -> Request:
    headers = {} if length is None else {b"inference-header-content-length": length.encode()}
    return Request("/v2/models/digits/infer", "", headers, content)


def data(more: dict[str, Any] | None = None) -> bytes:
    return body(more, data=IMAGES.tolist())


ROWS = body(data=IMAGES.ravel().tolist())
EMPTY_LENGTH = (data(), "")
FOLLOWED = (body(**BINARY) + BYTES, str(len(body(**BINARY))))
ONE_IMAGE = body(data=IMAGES[:1].tolist(), shape=[1, 784])


@pytest.mark.parametrize(
    ("content", "length"),
    [(data(), None), (ROWS, None), EMPTY_LENGTH, FOLLOWED, (data(), str(len(data())))],
    ids=["nested", "flat", "an empty length", "bytes", "a length of all"],
)
def test_the_images_are_read(content: bytes, length: str | None) -> None:
    found = read_inference(request(content, length))
    assert found.images.dtype == np.float32
    assert found.images.tolist() == IMAGES.tolist()
    assert found.outputs == BOTH
    assert found.id is UNSET


def test_one_image_and_its_id_are_read() -> None:
    content = json.dumps(json.loads(ONE_IMAGE) | {"id": "7"}).encode()
    found = read_inference(request(content))
    assert found.images.tolist() == IMAGES[:1].tolist()
    assert found.id == "7"


def output(name: str, **parameters: Any) -> dict[str, Any]:
    return {"name": name, "parameters": parameters}


OUTPUTS = [
    ({"outputs": []}, BOTH),
    ({"outputs": [{"name": "prediction"}]}, {"prediction": False}),
    ({"outputs": [output("prediction", binary_data=True)]}, {"prediction": True}),
    (
        {"outputs": [output("prediction"), output("probabilities", binary_data=True)]},
        {"prediction": False, "probabilities": True},
    ),
    (
        {"outputs": [output("prediction")], "parameters": {"binary_data_output": True}},
        {"prediction": True},
    ),
    (
        {"parameters": {"binary_data_output": True}},
        {"probabilities": True, "prediction": True},
    ),
]


@pytest.mark.parametrize(("more", "outputs"), OUTPUTS)
def test_the_outputs_are_those_requested_or_all(
    more: dict[str, Any], outputs: dict[str, bool]
) -> None:
    assert read_inference(request(data(more))).outputs == outputs


def inputs(count: int) -> dict[str, Any]:
    return {"inputs": json.loads(ONE_IMAGE)["inputs"] * count}


MISSING = '"data" does not hold the 2 x 784 numbers of the shape.'
TOO_MANY = f"The request has too many inputs or outputs: {EXPECTED}."
WRONG = {
    "another output": (
        data({"outputs": [{"name": "x" * 41}]}),
        f'There is no output "{"x" * 40}": there are probabilities, prediction.',
    ),
    "classification": (
        data({"outputs": [output("prediction", classification=1)]}),
        'Classification is not supported: request "prediction" instead.',
    ),
    "no input": (b'{"inputs": []}', f"There are 0 inputs: {EXPECTED}."),
    "two inputs": (data(inputs(2)), f"There are 2 inputs: {EXPECTED}."),
    "63 objects in all": (data(inputs(63)), f"There are 63 inputs: {EXPECTED}."),
    "65 objects": (data(inputs(64)), TOO_MANY),
    "not JSON": (b"{", f"The body is not JSON (…): {EXPECTED}."),
    "another name": (
        body(name="x" * 41, datatype="y" * 41),
        f'The input is "{"x" * 40}" of {"y" * 40}: {EXPECTED}.',
    ),
    "another type alone": (
        body(datatype="FP64", data=[0]),
        f'The input is "image" of FP64: {EXPECTED}.',
    ),
    "another name alone": (body(name="x"), f'The input is "x" of FP32: {EXPECTED}.'),
    "no image": (body(shape=[0, 784]), f"The shape is [0, 784]: {EXPECTED}."),
    "other pixels": (body(shape=[1, 783]), f"The shape is [1, 783]: {EXPECTED}."),
    "one dimension": (body(shape=[784]), f"The shape is [784]: {EXPECTED}."),
    "many dimensions": (
        body(shape=[1, 784, 3, 4, 5, 6, 7, 8, 9]),
        f"The shape is [1, 784, 3, 4, 5, 6, 7, 8]: {EXPECTED}.",
    ),
    "words": (body(shape=["1", 784]), f"The shape can't be read (…): {EXPECTED}."),
    "neither data nor bytes": (body(), MISSING),
    "one image too few": (body(data=IMAGES[:1].tolist()), MISSING),
    "another nesting": (body(data=IMAGES.reshape(2, 28, 28).tolist()), MISSING),
}


@pytest.mark.parametrize(("content", "sentence"), WRONG.values(), ids=WRONG)
def test_another_request_is_refused(content: bytes, sentence: str) -> None:
    with refused(422 if "a request" in sentence else 400, sentence):
        read_inference(request(content))


def test_a_shape_has_a_limited_length() -> None:
    """A longer one is not decoded, and so is none."""
    for size, shape in ((256, [1] * 8), (257, [])):
        text = f"[{','.join(['1'] * 100)}]".replace("]", " " * (size - 201) + "]")
        assert len(text) == size
        content = body(shape="SHAPE").replace(b'"SHAPE"', text.encode())
        with refused(400, f"The shape is {shape}: {EXPECTED}."):
            read_inference(request(content))


@pytest.mark.parametrize(
    "length", ["-1", "many", "²", str(len(data()) + 1), "0" * 20, "1" * 5000], ids=range(6)
)
def test_a_length_that_is_not_that_of_the_json_is_refused(length: str) -> None:
    with refused(
        400,
        f"Inference-Header-Content-Length is {length.encode().decode('latin-1')[:40]}, but must "
        "be the length of the JSON that the body begins with.",
    ):
        read_inference(request(data(), length))


def test_a_length_may_have_19_digits() -> None:
    found = read_inference(request(data(), str(len(data())).zfill(19)))
    assert found.images.tolist() == IMAGES.tolist()


def mismatch(following: int, size: int) -> str:
    return (
        f"{following} bytes follow the JSON, binary_data_size is {size} and the shape [2, 784] "
        "needs 6272: these must be the same."
    )


SHORT = {"parameters": {"binary_data_size": 6271}}
MISMATCHES = {
    "no bytes": (body(**BINARY), b"", mismatch(0, 6272)),
    "a byte too few": (body(**BINARY), BYTES[1:], mismatch(6271, 6272)),
    "a size too small": (body(**SHORT), BYTES, mismatch(6272, 6271)),
    "both too small": (body(**SHORT), BYTES[1:], mismatch(6271, 6271)),
    "data and bytes": (body(data=IMAGES.tolist(), **BINARY), BYTES, mismatch(6272, 6272)),
    "bytes without a size": (data(), b"0", MISSING),
}


@pytest.mark.parametrize(("head", "tail", "sentence"), MISMATCHES.values(), ids=MISMATCHES)
def test_bytes_that_are_not_those_announced_are_refused(
    head: bytes, tail: bytes, sentence: str
) -> None:
    with refused(400, sentence):
        read_inference(request(head + tail, str(len(head))))
