"""Valid requests in all formats, and mutations of them."""

import base64
import io
import json
from typing import NamedTuple

import numpy as np

from support.pictures.digits import read_digits
from support.processes import ROOT

LENGTH = "Inference-Header-Content-Length"
INFER = "/v2/models/mnist-classifier/infer"
BYTES = read_digits(3)
FLOATS = BYTES.astype(np.float32) / 255
SAMPLES = [path.read_bytes() for path in sorted((ROOT / "api" / "samples").glob("*.png"))]


class Post(NamedTuple):
    """A request."""

    path: str
    headers: dict[str, str]
    body: bytes


def _post(path: str, content_type: str, body: bytes | object, **headers: str) -> Post:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Post(path, {"Content-Type": content_type, **headers}, content)


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def make_picture(kind: str) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.open(io.BytesIO(SAMPLES[0])).convert("RGB").save(file, kind)
    return file.getvalue()


def _form(*files: bytes) -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    return b"".join(head + file + b"\r\n" for file in files) + b"--x--\r\n"


def _infer(**more: object) -> dict[str, object]:
    tensor = {"name": "image", "shape": [3, 784], "datatype": "FP32"}
    return {"id": "a", "inputs": [tensor | more], "outputs": [{"name": "probabilities"}]}


JSON, OCTETS, NPY = "application/json", "application/octet-stream", "application/x-npy"
_LISTS = FLOATS.round(3).tolist()
_URL = "data:image/png;base64," + base64.b64encode(SAMPLES[0]).decode()
_COLUMNS = [str(number) for number in range(784)]
_RECORDS = [dict(zip(_COLUMNS, row, strict=True)) for row in _LISTS]
_HEAD = json.dumps(
    _infer(parameters={"binary_data_size": FLOATS.nbytes})
    | {"parameters": {"binary_data_output": True}}
).encode()
_CSV = "\n".join(",".join(map(str, row)) for row in [_COLUMNS, *_LISTS]).encode()

VALID_REQUESTS = [
    _post("/predict", JSON, {"image": _LISTS[0]}),
    _post("/predict", JSON, {"image": np.reshape(_LISTS[0], (28, 28)).tolist()}),
    _post("/predict", JSON, {"images": _LISTS}),
    _post("/predict", "multipart/form-data; boundary=x", _form(SAMPLES[0])),
    _post("/predict", "multipart/form-data; boundary=x", _form(SAMPLES[0], SAMPLES[0])),
    _post("/predict", "image/png", SAMPLES[0]),
    *(_post("/predict", f"image/{kind}", make_picture(kind)) for kind in ("jpeg", "webp", "bmp")),
    _post("/predict", "image/jpg", make_picture("jpeg")),
    _post("/predict", OCTETS, SAMPLES[0]),
    _post("/predict", OCTETS, _npy(BYTES)),
    _post("/predict", JSON, {"image": _URL}),
    _post("/predict", JSON, {"images": [_URL, _URL]}),
    _post("/predict", JSON, {"image": np.reshape(_LISTS[0], (1, 28, 28, 1)).tolist()}),
    _post("/predict", OCTETS, BYTES.tobytes()),
    _post("/predict?dtype=float32", OCTETS, FLOATS.tobytes(), Accept=OCTETS),
    _post("/predict", NPY, _npy(BYTES)),
    _post("/predict", NPY, _npy(FLOATS.reshape(-1, 28, 28)), Accept=NPY),
    _post("/digit", "image/png", SAMPLES[0]),
    _post(INFER, JSON, _infer(data=_LISTS)),
    _post(INFER, OCTETS, _HEAD + FLOATS.tobytes(), **{LENGTH: str(len(_HEAD))}),
    _post("/invocations", JSON, {"instances": _LISTS}),
    _post("/invocations", JSON, {"dataframe_split": {"columns": _COLUMNS, "data": _LISTS}}),
    _post("/invocations", JSON, {"dataframe_records": _RECORDS}),
    _post("/invocations", "text/csv", _CSV),
]  # fmt: skip

PIECES = [
    *(b"", b"\x00", b"\xff" * 4, b"\r\n", b"\r\n--x\r\n", b"\xc3\xa9", b"\\u0000"),
    *(b"0", b"-1", b"2", b"784", b"1e999", b"9" * 400, b"1" + b"0" * 19, b"null", b"true", b"NaN"),
    *(b"[", b"]", b"{", b"}", b"[[", b",", b":", b'"', b"[" * 2000),
    *(b'"data:image/png;base64,', b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xda", b"\xff\xd9"),
    *(b'"image"', b'"images"', b'"data"', b"FP32"),
]
HEADERS = {
    "Content-Type": [post.headers["Content-Type"] for post in VALID_REQUESTS]
    + ["", "text/plain", "multipart/form-data", f"{OCTETS}; dtype=float32", f"{OCTETS}; dtype=x"],
    "Content-Encoding": ["gzip", "deflate", "identity", "br"],
    LENGTH: ["0", "1", "100", "99999999", "-1", "x", ""],
    "Accept": [OCTETS, NPY, "*/*"],
}


def mutate(post: Post, how: str, where: float, length: float, choice: int) -> Post:
    """Return ``post`` mutated; ``where`` and ``length`` are fractions of its body."""
    body = post.body
    start = int(where * len(body))
    end = min(len(body), start + int(length * 64))
    piece = PIECES[choice % len(PIECES)]
    if how == "replace":
        return post._replace(body=body[:start] + piece + body[end:])
    if how == "cut":
        return post._replace(body=body[:start])
    if how == "repeat":
        return post._replace(body=body[:end] + body[start:])
    if how == "splice":
        other = VALID_REQUESTS[choice % len(VALID_REQUESTS)].body
        return post._replace(body=body[:start] + other[int(length * len(other)) :])
    if how == "path":
        return post._replace(path=VALID_REQUESTS[choice % len(VALID_REQUESTS)].path)
    name = list(HEADERS)[choice % len(HEADERS)]
    values = HEADERS[name]
    return post._replace(headers=post.headers | {name: values[int(length * (len(values) - 1))]})


MUTATIONS = ["replace", "replace", "replace", "cut", "repeat", "splice", "path", "header"]
