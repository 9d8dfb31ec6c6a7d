"""The digit score: its value, the header, the metrics, and the pictures that are refused."""

import base64
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from mnist_api.handlers.context import Context
from mnist_api.handlers.router import find_route, respond
from mnist_api.http import Request, Response
from mnist_api.model.active import ActiveModel, LoadedModel
from mnist_api.model.digit_score import DigitScore, load_score
from mnist_api.model.onnx_model import load_model
from mnist_api.model.version import Version
from mnist_api.telemetry.exposition import write_metrics
from mnist_api.telemetry.metrics import Metrics
from support.metrics import read
from support.networks.dense import digit_network
from support.pictures.drawn import DIGITS, on_a_page, packed
from support.score_files import score_file


@pytest.fixture
def context() -> Context:
    """The context of a version that has a score, whose network always predicts 7."""
    active, metrics = ActiveModel(), Metrics([])
    metrics.acquire()
    version = Version("m", "1", None, None, None)
    model, score = load_model(digit_network(7)), load_score(score_file())
    active.current = LoadedModel(model, version, "registry", datetime.now(UTC), score)
    return Context(active, metrics=metrics)


def post(
    context: Context, body: bytes, media_type: str, path: str = "/predict", **given: str
) -> Response:
    route = find_route("POST", path).route
    assert route is not None
    headers = {b"content-type": media_type.encode(), b"accept": given.get("accept", "").encode()}
    return respond(route, Request(path, given.get("query", ""), headers, body), context)


def lit(count: int) -> bytes:
    """Return an image of bytes with ``count`` lit pixels."""
    return bytes([255] * count + [0] * (784 - count))


def as_json(image: bytes) -> bytes:
    return f'{{"image": {[pixel / 255 for pixel in image]}}}'.encode()


@pytest.mark.parametrize(("count", "score"), [(0, "1.000"), (10, "0.500"), (90, "0.100")])
def test_the_score_of_one_image_is_a_header(context: Context, count: int, score: str) -> None:
    """Of all forms alike, and whatever it is, numbers are answered."""
    for response in (
        post(context, lit(count), "application/octet-stream"),
        post(context, lit(count), "application/octet-stream", accept="application/x-npy"),
        post(context, as_json(lit(count)), "application/json"),
    ):
        assert response.status == 200
        assert response.headers["Digit-Score"] == score


def test_the_response_of_an_image_with_a_score_is_the_promised_one(context: Context) -> None:
    scored = post(context, as_json(lit(90)), "application/json").body
    context.active.current = replace(context.active.require(), score=None)
    assert scored == post(context, as_json(lit(90)), "application/json").body


PAGE = packed(255 - 255 * on_a_page(DIGITS[0]))  # more than ten pixels of it are lit
DATA_URL = b"data:image/png;base64," + base64.b64encode(PAGE)
FORM = b"".join(
    b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n%s\r\n' % PAGE
    for _ in range(2)
)


@pytest.mark.parametrize(
    ("body", "media_type", "which"),
    [
        (PAGE, "image/png", ""),
        (PAGE, "application/octet-stream", ""),
        (b'{"image": "%s"}' % DATA_URL, "application/json", ""),
        (b'{"images": ["%s"]}' % DATA_URL, "application/json", "Picture 1: "),
        (FORM + b"--b--", "multipart/form-data; boundary=b", "File 1: "),
    ],
)
def test_a_picture_that_is_not_like_a_digit_is_refused(
    context: Context, body: bytes, media_type: str, which: str
) -> None:
    response = post(context, body, media_type)
    assert response.status == 422
    assert f'"{which}This does not look like a digit: its digit score is 0.' in (
        response.body.decode()
    )
    without = replace(context.active.require(), score=None)
    context.active.current = without
    assert post(context, body, media_type).status == 200


def test_several_pictures_are_refused_where_none_is_like_a_digit(context: Context) -> None:
    response = post(context, PAGE, "image/png", query="all=true")
    assert response.status == 422
    assert b"does not look like a digit" in response.body


def test_a_digit_has_its_score_uncounted(context: Context) -> None:
    found = msgspec.json.decode(post(context, PAGE, "image/png", path="/digit").body)
    expected = 10 / (10 + np.sum(np.square(found["image"])))
    assert found["score"] == pytest.approx(expected, abs=0.001)
    counted = read(write_metrics(context.metrics).decode())
    assert counted["mnist_api_digit_score_count"] == counted["mnist_api_images_total"] == 0
    context.active.current = replace(context.active.require(), score=None)
    found = msgspec.json.decode(post(context, PAGE, "image/png", path="/digit").body)
    assert found["score"] is None


def test_several_images_have_no_score(context: Context) -> None:
    response = post(context, lit(0) + lit(90), "application/octet-stream")
    assert response.status == 200
    assert "Digit-Score" not in response.headers


def test_the_metrics_have_the_scores(context: Context) -> None:
    for count in (0, 10, 90, 90):
        post(context, lit(count), "application/octet-stream")
    found = read(write_metrics(context.metrics).decode())
    assert found["mnist_api_digit_score_bucket le=0.1"] == 2
    assert found["mnist_api_digit_score_bucket le=0.5"] == 3
    assert found["mnist_api_digit_score_count"] == 4
    assert found["mnist_api_digit_score_sum"] == pytest.approx(1.7)


def test_the_error_is_the_distance_from_the_subspace_of_the_digit() -> None:
    random = np.random.default_rng(0)
    means = random.random((10, 784), np.float32)
    components = np.linalg.qr(random.normal(size=(10, 784, 5)))[0].swapaxes(1, 2)
    pixels = random.random(784, np.float32)
    score = DigitScore(means, components.astype(np.float32), 40.0)
    for digit in (0, 7):
        off = (pixels - means[digit]).astype(np.float64)
        rest = off - components[digit].T @ (components[digit] @ off)
        assert score.compute(pixels, digit) == pytest.approx(40 / (40 + rest @ rest), rel=1e-4)
