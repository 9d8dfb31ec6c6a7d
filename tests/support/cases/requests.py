"""What is sent to /predict: bodies that are refused, and how both servers are asked."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from support.pictures.digits import read_digits
from support.processes import ROOT
from support.servers.api import Api

COUNT = 20
BYTES = read_digits(COUNT)  # uint8 [20, 784]
FLOATS = BYTES.astype(np.float32) / 255
JSON, OCTETS, NPY = "application/json", "application/octet-stream", "application/x-npy"


Apis = tuple[Api, Api]


def start_both(start_apis: Callable[..., Api], model: Path, **settings: str) -> Apis:
    """Start the whole API, and Flask alone, with a network whose output differs for each image."""
    settings = {"MODEL_FILE": str(model), "WEB_CONCURRENCY": "1"} | settings
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


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def form(*files: bytes, field: str = "image") -> tuple[bytes, str]:
    parts = [(field, (f"{number}.png", file, "image/png")) for number, file in enumerate(files)]
    request = httpx.Request("POST", "http://x", files=[("note", (None, b"hello")), *parts])
    return request.read(), request.headers["Content-Type"]


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
    "images of nothing in rows": (
        json.dumps({"images": np.zeros((2, 28, 28, 1)).tolist()}).replace("0.0", "").encode(),
        JSON,
        422,
        "784",
    ),
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
    "a picture as npy": (SEVEN, NPY, 400, "content type image/png"),
    "a text": (b"7", "text/plain", 415, "application/x-npy"),
}
