"""The whole API and the Flask app alone give the same responses."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cases.json_bodies import ACCEPTED, BOUND, JSON, REFUSED, image, request
from support.servers.api import Api


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
    "content_type", [None, "", "application/x-www-form-urlencoded", "text/plain"]
)
def test_the_error_for_an_unknown_type_names_the_header_to_add(
    apis: tuple[Api, Api], content_type: str | None
) -> None:
    asgi, flask = (send(api, image(), content_type) for api in apis)
    assert asgi == flask
    assert asgi[:2] == (415, "application/problem+json")
    for advice in ("-H 'Content-Type: application/json'", "-H 'Content-Type: image/png'"):
        assert advice in json.loads(asgi[2])["detail"]


@pytest.mark.parametrize("content_type", ["image/gif", "image/heic", "image/svg+xml", "image/tiff"])
@pytest.mark.parametrize("path", ["/predict", "/digit"])
def test_the_error_for_another_picture_type_names_those_of_pictures_only(
    apis: tuple[Api, Api], path: str, content_type: str
) -> None:
    asgi, flask = (request(api, "POST", path, b"GIF89a", content_type)[:3] for api in apis)
    assert asgi == flask
    assert asgi[0] == 415
    detail = json.loads(asgi[2])["detail"]
    assert content_type in detail
    assert "send a PNG, JPEG, WebP or BMP file" in detail
    assert "-H 'Content-Type: image/png'" in detail
    assert "json" not in detail


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
