"""The whole API and the Flask app alone give the same responses."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import IMAGE, Api

BOUND = 300_000
JSON = "application/json"
NUMBERS = json.dumps(IMAGE)


def image(*first: str) -> bytes:
    """Return the JSON of an image that starts with ``first``."""
    return f'{{"image": [{", ".join([*first, *["0"] * (784 - len(first))])}]}}'.encode()


def rows(*widths: int) -> bytes:
    return json.dumps({"image": [[0.5] * width for width in widths]}).encode()


@pytest.fixture(scope="module")
def apis(tmp_path_factory: pytest.TempPathFactory, seven: Path) -> Iterator[tuple[Api, Api]]:
    """Start the whole API, and Flask alone on gunicorn's gthread worker."""
    folder = tmp_path_factory.mktemp("apis")
    settings = {"MODEL_FILE": str(seven), "MAX_CONTENT_LENGTH": str(BOUND)}
    asgi = Api(folder, [], **settings)
    flask = Api(folder, ["-k", "gthread", "mnist_api.main:create_wsgi()"], **settings)
    yield asgi.wait_ready(), flask.wait_ready()
    assert [asgi.stop(), flask.stop()] == [0, 0]


def send(
    api: Api, body: bytes, content_type: str | None = JSON, chunked: bool = False
) -> tuple[int, str | None, bytes]:
    """POST to /predict; return status, media type and body."""
    return request(api, "POST", "/predict", body, content_type, chunked)[:3]


def request(  # noqa: PLR0913, PLR0917 # what HTTP has
    api: Api,
    method: str,
    path: str,
    body: bytes = b"",
    content_type: str | None = JSON,
    chunked: bool = False,
) -> tuple[int, str | None, bytes, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=20)
    try:
        headers = {} if content_type is None else {"Content-Type": content_type}
        pieces = [body[at : at + 5000] for at in range(0, len(body), 5000)]
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
        connection.request(
            method, path, pieces if chunked else body, headers, encode_chunked=chunked
        )
        answer = connection.getresponse()
        media_type = answer.headers["Content-Type"]
        return answer.status, media_type, answer.read(), answer.headers["Allow"]
    finally:
        connection.close()


ACCEPTED = {
    "floats": f'{{"image": {NUMBERS}}}'.encode(),
    "whole numbers": image(),
    "both ends": image("0", "1", "0.0", "1.0", "1e0", "-0"),
    "tiny": image("1e-320", "0.1e-5"),
    "rows": rows(*[28] * 28),
    "another key beside": b'{"id": "a", ' + image()[1:],
    "white space": b" \n" + image().replace(b",", b" ,\n\t") + b"\n ",
    "padded beyond 64 kB": b" " * 70_000 + image(),
    "UTF-8 beside": '{"who": "Zoë", '.encode() + image()[1:],
}

REFUSED = {
    "empty": (b"", 400, "empty"),
    "white": (b"  \n", 400, "empty"),
    "no JSON": (b"image=1", 400, "not JSON"),
    "cut": (image()[:-2], 400, "not JSON"),
    "two": (image() + image(), 400, "not JSON"),
    "trailing comma": (b'{"image": [0,]}', 400, "not JSON"),
    "byte order mark": (b"\xef\xbb\xbf" + image(), 400, "not JSON"),
    "NaN": (image("NaN"), 400, "NaN"),
    "Infinity": (image("Infinity"), 400, "NaN and Infinity"),
    "-Infinity": (image("-Infinity"), 400, "NaN and Infinity"),
    "not UTF-8": (b'{"image": ["\xff"]}', 400, "UTF-8"),
    "not UTF-8 in a key beside": (b'{"\xff": 1, ' + image()[1:], 400, "UTF-8"),
    "UTF-16": (image().decode().encode("utf-16"), 400, "UTF-8"),
    "deep": (b'{"image": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "deep"),
    "deep objects": (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 400, "deep"),
    "a list": (NUMBERS.encode(), 422, "not an object"),
    "a number": (b"7", 422, "not an object"),
    "null alone": (b"null", 422, "not an object"),
    "wrong key": (b'{"img": [0]}', 422, 'no key "image"'),
    "capital key": (image().replace(b"image", b"Image"), 422, 'no key "image"'),
    "no key": (b"{}", 422, 'no key "image"'),
    "image a string": (b'{"image": "0,0"}', 422, "a string, not a list"),
    "image null": (b'{"image": null}', 422, "null, not a list"),
    "image an object": (b'{"image": {}}', 422, "an object, not a list"),
    "no pixels": (b'{"image": []}', 422, "has 0 numbers"),
    "783": (b'{"image": [0' + b",0" * 782 + b"]}", 422, "has 783 numbers"),
    "785": (b'{"image": [0' + b",0" * 784 + b"]}", 422, "has 785 numbers"),
    "100000": (b'{"image": [0' + b",0" * 99_999 + b"]}", 422, "784"),
    "strings": (image('"0.5"'), 422, "Pixel 0 is a string"),
    "a null": (image("0", "null"), 422, "Pixel 1 is null"),
    "a boolean": (image("true"), 422, "Pixel 0 is a boolean"),
    "an object inside": (image("{}"), 422, "Pixel 0 is an object"),
    "a list inside": (image("[0]"), 422, "Pixel 0 is a list"),
    "bytes": (image("255", "128"), 422, "divide by 255"),
    "fractions of bytes": (image("254.5"), 422, "divide by 255"),
    "below": (image("-0.01"), 422, "from 0 to 1"),
    "far above": (image("256"), 422, "from 0 to 1"),
    "just above": (image("1.0000001"), 422, "from 0 to 1"),
    "beyond float32": (image("1e39"), 422, "from 0 to 1"),
    "beyond float64": (image("1e999"), 422, "from 0 to 1"),
    "endless digits": (image("9" * 5000), 422, "from 0 to 1"),
    "27 rows": (rows(*[28] * 27), 422, "27 rows"),
    "ragged": (rows(*[28] * 27, 27), 422, "27 or 28"),
    "784 rows": (rows(*[1] * 784), 422, "784 rows"),
    "rows of bytes": (rows(*[28] * 28).replace(b"0.5", b"200"), 422, "divide by 255"),
    "rows of strings": (rows(*[28] * 28).replace(b"0.5", b'""', 1), 422, "a string"),
    "too large": (b" " * (BOUND + 1), 413, f"{BOUND} bytes"),
    "too large, though right": (b" " * BOUND + image(), 413, f"{BOUND} bytes"),
}


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED)
def test_both_servers_accept(apis: tuple[Api, Api], body: bytes, chunked: bool) -> None:
    asgi, flask = (send(api, body, chunked=chunked) for api in apis)
    assert asgi == flask
    assert asgi[:2] == (200, JSON)
    assert json.loads(asgi[2])["prediction"] == 7


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize(("body", "status", "words"), REFUSED.values(), ids=REFUSED)
def test_both_servers_refuse_with_what_to_do(
    apis: tuple[Api, Api], body: bytes, status: int, words: str, chunked: bool
) -> None:
    asgi, flask = (send(api, body, chunked=chunked) for api in apis)
    assert asgi == flask
    assert asgi[:2] == (status, "application/problem+json")
    problem = json.loads(asgi[2])
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["status"] == status
    assert words in problem["detail"]


@pytest.mark.parametrize(
    "content_type", [JSON, "application/json; charset=utf-8", "Application/JSON ;x=y"]
)
def test_both_servers_recognise_json_by_its_type(apis: tuple[Api, Api], content_type: str) -> None:
    asgi, flask = (send(api, image(), content_type) for api in apis)
    assert asgi == flask
    assert asgi[0] == 200


@pytest.mark.parametrize(
    "content_type", [None, "", "application/x-www-form-urlencoded", "text/plain", "image/gif"]
)
def test_the_error_for_an_unknown_type_names_the_header_to_add(
    apis: tuple[Api, Api], content_type: str | None
) -> None:
    asgi, flask = (send(api, image(), content_type) for api in apis)
    assert asgi == flask
    assert asgi[:2] == (415, "application/problem+json")
    assert "-H 'Content-Type: application/json'" in json.loads(asgi[2])["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/nothing", 404, None),
        ("GET", "/page/..%2Fapp.py", 404, None),
        ("GET", "/docs/..%2Fapp.py", 404, None),
        ("POST", "/predict/", 404, None),
        ("GET", "/static/x", 404, None),
        ("GET", "/predict", 405, {"POST", "OPTIONS"}),
        ("GET", "/digit", 405, {"POST", "OPTIONS"}),
        ("DELETE", "/predict", 405, {"POST", "OPTIONS"}),
        ("POST", "/health", 405, {"GET", "HEAD", "OPTIONS"}),
        ("PUT", "/metrics", 405, {"GET", "HEAD", "OPTIONS"}),
        ("PUT", "/model", 405, {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_an_unknown_path_or_method_is_a_problem(
    apis: tuple[Api, Api], method: str, path: str, status: int, allowed: set[str] | None
) -> None:
    asgi, flask = (request(api, method, path) for api in apis)
    assert asgi[:3] == flask[:3]
    assert asgi[:2] == (status, "application/problem+json")
    assert json.loads(asgi[2])["status"] == status
    for answer in (asgi, flask):
        assert (set(answer[3].split(", ")) if answer[3] else None) == allowed


def test_health_and_model_are_the_same_from_both_servers(apis: tuple[Api, Api]) -> None:
    asgi, flask = (request(api, "GET", "/health") for api in apis)
    assert asgi[:3] == flask[:3]
    assert json.loads(asgi[2]) == {"model_loaded": True, "status": "ok"}
    asgi, flask = (json.loads(request(api, "GET", "/model")[2]) for api in apis)
    del asgi["since"], flask["since"]  # the start of each server
    assert asgi == flask


@pytest.mark.parametrize("content_type", [JSON, "application/octet-stream"])
@pytest.mark.parametrize("length", [800_000, 10**12])
def test_a_body_whose_length_is_too_large_is_refused_unread(
    apis: tuple[Api, Api], content_type: str, length: int
) -> None:
    for api in apis:
        connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
        connection.putrequest("POST", "/predict")
        connection.putheader("Content-Type", content_type)
        connection.putheader("Content-Length", str(length))
        connection.endheaders(b"{")
        assert connection.getresponse().status == 413
        connection.close()


def test_an_endless_chunked_body_is_refused(apis: tuple[Api, Api]) -> None:
    """A chunked body has no length; it is refused once it exceeds the limit."""
    for api in apis:
        connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
        connection.putrequest("POST", "/predict")
        connection.putheader("Content-Type", JSON)
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        for _ in range(BOUND // 10_000 + 1):
            connection.send(b"2710\r\n" + b" " * 10_000 + b"\r\n")
        assert connection.getresponse().status == 413
        connection.close()
