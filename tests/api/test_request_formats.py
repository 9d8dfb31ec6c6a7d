"""Each request format gets the response of the JSON format, from the whole API and from Flask."""

import gzip
import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest
from digits import read_digits
from PIL import Image
from processes import ROOT, Api

SAMPLES = sorted((ROOT / "api" / "samples").glob("*.png"))
COUNT = 20
BYTES = read_digits(COUNT)  # uint8 [20, 784]
FLOATS = BYTES.astype(np.float32) / 255
ROWS = FLOATS.reshape(-1, 28, 28)
JSON, OCTETS, NPY = "application/json", "application/octet-stream", "application/x-npy"

Apis = tuple[Api, Api]


@pytest.fixture(scope="module")
def apis(start_apis: Callable[..., Api], linear: Path) -> Apis:
    """Start the whole API, and Flask alone, with a network whose output differs for each image."""
    settings = {"MODEL_FILE": str(linear), "MAX_CONTENT_LENGTH": "2000000", "WEB_CONCURRENCY": "1"}
    flask = start_apis("-k", "gthread", "mnist_api.main:create_wsgi()", **settings)
    return start_apis(**settings).wait_ready(), flask.wait_ready()


def post(apis: Apis, content: bytes, path: str = "/predict", **headers: str) -> httpx.Response:
    """Return the response, after checking that both servers give the same one."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    asgi, flask = (api.client.post(path, content=content, headers=sent) for api in apis)
    assert asgi.status_code == flask.status_code
    assert asgi.content == flask.content
    assert asgi.headers["Content-Type"] == flask.headers["Content-Type"]
    return asgi


def answers(apis: Apis, images: np.ndarray) -> list[dict[str, object]]:
    """Return the response to each single image as JSON."""
    bodies = (json.dumps({"image": image.tolist()}).encode() for image in images)
    return [post(apis, body, Content_Type=JSON).json() for body in bodies]


@pytest.fixture(scope="module")
def expected(apis: Apis) -> list[dict[str, object]]:
    found = answers(apis, FLOATS)
    assert len({str(one) for one in found}) == COUNT
    return found


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def close(found: list[dict[str, object]], wanted: list[dict[str, object]]) -> None:
    """Compare predictions: those of a batch may differ in the 7th digit."""
    assert [one["prediction"] for one in found] == [one["prediction"] for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert list(one) == ["prediction", "confidence", "probabilities"]
        np.testing.assert_allclose(one["probabilities"], other["probabilities"], atol=1e-6)


MANY = {
    "JSON": (json.dumps({"images": FLOATS.tolist()}).encode(), JSON, ""),
    "JSON in rows": (json.dumps({"images": ROWS.tolist()}).encode(), JSON, ""),
    "JSON on many lines": (json.dumps({"images": FLOATS.tolist()}, indent=2).encode(), JSON, ""),
    "bytes": (BYTES.tobytes(), OCTETS, ""),
    "bytes, with their dtype": (BYTES.tobytes(), f"{OCTETS}; dtype=uint8", ""),
    "floats by the address": (FLOATS.tobytes(), OCTETS, "?dtype=float32"),
    "floats by the type": (FLOATS.tobytes(), f"{OCTETS}; dtype=float32", ""),
    "npy of bytes": (npy(BYTES), NPY, ""),
    "npy of floats": (npy(FLOATS), NPY, ""),
    "npy of rows": (npy(ROWS), NPY, ""),
    "npy of doubles": (npy(FLOATS.astype(np.float64)), NPY, ""),
    "npy, column by column": (npy(np.asfortranarray(FLOATS)), NPY, ""),
    "npy, the big end first": (npy(FLOATS.astype(">f4")), NPY, ""),
}


@pytest.mark.parametrize(("body", "content_type", "query"), MANY.values(), ids=MANY)
def test_predictions_of_many_images_are_in_their_order(
    apis: Apis,
    expected: list[dict[str, object]],
    body: bytes,
    content_type: str,
    query: str,
) -> None:
    answer = post(apis, body, f"/predict{query}", Content_Type=content_type)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["predictions"]
    close(answer.json()["predictions"], expected)


ONE = {
    "bytes": (BYTES[0].tobytes(), OCTETS),
    "floats": (FLOATS[0].tobytes(), f"{OCTETS};dtype=float32"),
    "npy, flat": (npy(BYTES[0]), NPY),
    "npy, 28 x 28": (npy(FLOATS[0].reshape(28, 28)), NPY),
}


@pytest.mark.parametrize(("body", "content_type"), ONE.values(), ids=ONE)
def test_the_response_to_one_image_is_not_a_list(
    apis: Apis, expected: list[dict[str, object]], body: bytes, content_type: str
) -> None:
    close([post(apis, body, Content_Type=content_type).json()], expected[:1])


def test_the_response_to_a_list_of_one_image_is_a_list(
    apis: Apis, expected: list[dict[str, object]]
) -> None:
    body = json.dumps({"images": FLOATS[:1].tolist()}).encode()
    close(post(apis, body, Content_Type=JSON).json()["predictions"], expected[:1])
    answer = post(apis, npy(BYTES[:1]), Content_Type=NPY)
    close(answer.json()["predictions"], expected[:1])


def test_more_images_than_the_largest_batch_stay_in_order(apis: Apis) -> None:
    """2400 images are compared with five smaller requests."""
    some = read_digits(2400)
    answer = post(apis, some.tobytes(), Content_Type=OCTETS, Accept=OCTETS)
    found = np.frombuffer(answer.content, "<f4").reshape(-1, 10)
    pieces = [
        np.frombuffer(
            post(apis, piece.tobytes(), Content_Type=OCTETS, Accept=OCTETS).content, "<f4"
        )
        for piece in np.split(some, 12)
    ]
    np.testing.assert_allclose(found, np.concatenate(pieces).reshape(-1, 10), atol=1e-6)


def test_accept_selects_probabilities_as_array(
    apis: Apis, expected: list[dict[str, object]]
) -> None:
    wanted = [one["probabilities"] for one in expected]
    answer = post(
        apis, FLOATS.tobytes(), "/predict?dtype=float32", Content_Type=OCTETS, Accept=OCTETS
    )
    assert answer.headers["Content-Type"] == OCTETS
    found = np.frombuffer(answer.content, "<f4").reshape(-1, 10)
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    answer = post(apis, npy(BYTES), Content_Type=NPY, Accept=NPY)
    assert answer.headers["Content-Type"] == NPY
    np.testing.assert_allclose(np.load(io.BytesIO(answer.content)), wanted, atol=1e-6)


@pytest.mark.parametrize("sample", SAMPLES, ids=[path.stem for path in SAMPLES])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
def test_a_picture_gets_the_prediction_of_its_image_from_digit(
    apis: Apis, sample: Path, kind: str
) -> None:
    file = io.BytesIO()
    Image.open(sample).convert("RGB").save(file, kind, quality=95)
    content_type = f"image/{kind.lower()}"
    image = post(apis, file.getvalue(), "/digit", Content_Type=content_type).json()
    assert list(image) == ["image"]
    assert len(image["image"]) == 784
    answer = post(apis, file.getvalue(), Content_Type=content_type)
    close([answer.json()], answers(apis, np.array([image["image"]])))


def form(*files: bytes, field: str = "image") -> tuple[bytes, str]:
    parts = [(field, (f"{number}.png", file, "image/png")) for number, file in enumerate(files)]
    request = httpx.Request("POST", "http://x", files=[("note", (None, b"hello")), *parts])
    return request.read(), request.headers["Content-Type"]


def test_one_file_of_a_form_is_one_prediction_and_several_are_a_list(apis: Apis) -> None:
    files = [path.read_bytes() for path in SAMPLES]
    alone = [post(apis, file, Content_Type="image/png").json() for file in files]
    body, content_type = form(files[0])
    assert post(apis, body, Content_Type=content_type).json() == alone[0]
    body, content_type = form(*files)
    close(post(apis, body, Content_Type=content_type).json()["predictions"], alone)


def blank(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("L", (60, 60), 255).save(file, kind)
    return file.getvalue()


SEVEN = (ROOT / "api" / "samples" / "seven.png").read_bytes()
BOUNDARY = "multipart/form-data; boundary=x"
REFUSED = {
    "a blank picture": (blank(), "image/png", 422, "No digit stands out"),
    "no picture": (b"GIF89a", "image/png", 422, "PNG, JPEG, WebP or BMP"),
    "an empty picture": (b"", "image/jpeg", 422, "PNG, JPEG, WebP or BMP"),
    "half a picture": (SEVEN[:120], "image/png", 422, "truncated"),
    "a blank file in a form": (*form(SEVEN, blank()), 422, "File 2: No digit"),
    "a form without files": (*form(), 422, "-F image=@seven.png"),
    "a form of another field": (*form(SEVEN, field="file"), 422, "-F image=@seven.png"),
    "a form without boundary": (form(SEVEN)[0], "multipart/form-data", 400, "boundary"),
    "a form of another boundary": (form(SEVEN)[0], BOUNDARY, 400, "form can't be read"),
    "a form cut short": (form(SEVEN)[0][:200], form(SEVEN)[1], 400, "form can't be read"),
    "no images": (b'{"images": []}', JSON, 422, '"images" is empty'),
    "images of nothing": (b'{"images": [[]]}', JSON, 422, "784"),
    "images a number": (b'{"images": 7}', JSON, 422, "not a list"),
    "images a string": (b'{"images": "7"}', JSON, 422, "not a list"),
    "images of strings": (json.dumps({"images": [["0"] * 784]}).encode(), JSON, 422, "numbers"),
    "images of null": (b'{"images": [null]}', JSON, 422, "numbers"),
    "images with one short": (json.dumps({"images": [[0] * 784, [0]]}).encode(), JSON, 422, "784"),
    "one image in images": (json.dumps({"images": [0] * 784}).encode(), JSON, 422, "784"),
    "images and image": (b'{"images": [[0]], "image": [0]}', JSON, 422, '"image" has 1'),
    "images cut": (b'{"images": [[0', JSON, 400, "not JSON"),
    "images of NaN": (b'{"images": [[NaN]]}', JSON, 400, "NaN"),
    "images, not UTF-8": (b'{"images": [[0]], "\xff": 0}', JSON, 400, "UTF-8"),
    "images of bytes": (json.dumps({"images": BYTES.tolist()}).encode(), JSON, 422, "by 255"),
    "images below": (
        json.dumps({"images": [[-1] * 784]}).encode(),
        JSON,
        422,
        "Pixel 0 of image 0",
    ),
    "images beyond": (json.dumps({"images": [[1e39] * 784]}).encode(), JSON, 422, "is inf"),
    "a billion images": (b'{"images": [' + b"[]," * 100_000 + b"[]]}", JSON, 422, "784"),
    "no bytes": (b"", OCTETS, 422, "at least one"),
    "783 bytes": (bytes(783), OCTETS, 422, "multiple of 784"),
    "bytes as floats": (bytes(784), f"{OCTETS}; dtype=float32", 422, "multiple of 3136"),
    "an unknown dtype": (bytes(784), f"{OCTETS}; dtype=int8", 422, "uint8 (0 to 255) or float32"),
    "floats of NaN": (np.full(784, np.nan, "<f4").tobytes(), f"{OCTETS};dtype=float32", 422, "nan"),
    "floats of bytes": ((FLOATS[0] * 255).tobytes(), f"{OCTETS};dtype=float32", 422, "by 255"),
    "no npy": (b"PK\x03\x04", NPY, 400, "np.save"),
    "an empty npy": (b"", NPY, 400, "np.save"),
    "npy cut short": (npy(BYTES)[:-1], NPY, 400, "np.save"),
    "npy of any length": (npy(BYTES).replace(b"(20, 784)", b"(-1, 784)"), NPY, 400, "np.save"),
    "npy with more behind": (npy(BYTES) + b"0", NPY, 400, "np.save"),
    "a pickle in npy": (npy(np.array([{}], object)), NPY, 400, "np.save"),
    "npy of integers": (npy(BYTES.astype(int)), NPY, 422, "int64"),
    "npy of no image": (npy(BYTES[:, :700]), NPY, 422, "(20, 700)"),
    "npy of a number": (npy(np.uint8(7)), NPY, 422, "shape is ()"),
    "npy of none": (npy(BYTES[:0]), NPY, 422, "at least one"),
    "npy out of range": (npy(FLOATS - 1), NPY, 422, "from 0 to 1"),
    "a text": (b"7", "text/plain", 415, "application/x-npy"),
}


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
    apis: Apis, expected: list[dict[str, object]]
) -> None:
    for coding, packed in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        headers = {"Content_Type": OCTETS, "Content_Encoding": coding}
        answer = post(apis, packed(BYTES.tobytes()), **headers)
        close(answer.json()["predictions"], expected)
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
