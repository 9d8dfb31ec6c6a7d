"""Of what came as a picture, the window holds no ink and no digit score, however it was sent."""

import base64
import json

import numpy as np
import pytest

from mnist_api.drift.sampler import Sampler
from mnist_api.drift.window import Window
from mnist_api.handlers.context import Context
from mnist_api.handlers.predict import handle_predict
from mnist_api.http import Request
from mnist_api.model.active import ActiveModel
from mnist_api.model.drift_reference import FEATURES
from support.digit_version import DigitVersion
from support.drift_features import load_version
from support.processes import ROOT

PICTURE = (ROOT / "api" / "samples" / "three-on-paper.png").read_bytes()
NUMBERS = (ROOT / "api" / "samples" / "seven.json").read_bytes()
URL = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"
FORM = (
    b'--x\r\nContent-Disposition: form-data; name="image"; filename="three.png"\r\n\r\n'
    + PICTURE
    + b"\r\n--x--\r\n"
)


@pytest.fixture
def window() -> Window:
    window = Window()
    window.acquire()
    return window


def find_missing(version: DigitVersion, window: Window, *sent: str | bytes) -> list[str]:
    """Send a content type, a body and a query; return the features that the sample lacks."""
    content_type, body, query = sent
    sampler = Sampler(window)
    active = ActiveModel(sampler=sampler)
    active.current = loaded = load_version(version)
    headers = {b"content-type": str(content_type).encode()}
    request = Request("/predict", str(query), headers, bytes(body))
    assert handle_predict(request, Context(active)).status == 200
    sampler.store()
    ((_, sample),) = zip(*window.read(loaded), strict=True)
    return [name for name, value in zip(FEATURES, sample, strict=True) if np.isnan(value)]


@pytest.mark.parametrize(
    ("content_type", "body", "query"),
    [
        pytest.param("image/png", PICTURE, "", id="body"),
        pytest.param("application/octet-stream", PICTURE, "", id="octets"),
        pytest.param("multipart/form-data; boundary=x", FORM, "", id="form"),
        pytest.param("application/json", json.dumps({"image": URL}).encode(), "", id="URL"),
        pytest.param("application/json", json.dumps({"images": [URL] * 2}).encode(), "", id="URLs"),
        pytest.param("image/png", PICTURE, "all=true", id="all digits"),
    ],
)
def test_a_picture_has_no_ink_and_no_digit_score(
    digit_version: DigitVersion, window: Window, content_type: str, body: bytes, query: str
) -> None:
    missing = find_missing(digit_version, window, content_type, body, query)
    assert missing == ["ink", "digit_score"]


@pytest.mark.parametrize(
    ("content_type", "body", "query"),
    [
        pytest.param("application/json", NUMBERS, "", id="JSON"),
        pytest.param("application/json", NUMBERS, "all=true", id="JSON, all"),
        pytest.param("application/octet-stream", bytes(784), "", id="octets"),
        pytest.param("application/octet-stream", bytes(784 * 200), "", id="batch"),
    ],
)
def test_numbers_have_all_features(
    digit_version: DigitVersion, window: Window, content_type: str, body: bytes, query: str
) -> None:
    assert find_missing(digit_version, window, content_type, body, query) == []
