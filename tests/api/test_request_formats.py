"""Each request format gets the response of the JSON format, from the whole API and from Flask."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.cases.requests import (
    BYTES,
    COUNT,
    FLOATS,
    JSON,
    NPY,
    OCTETS,
    Apis,
    form,
    npy,
    post,
    start_both,
)
from support.pictures.digits import read_digits
from support.processes import ROOT
from support.servers.api import Api

SAMPLES = sorted((ROOT / "api" / "samples").glob("*.png"))
ROWS = FLOATS.reshape(-1, 28, 28)


@pytest.fixture(scope="module")
def apis(start_apis: Callable[..., Api], linear: Path) -> Apis:
    return start_both(start_apis, linear)


def answers(apis: Apis, images: np.ndarray) -> list[dict[str, object]]:
    """Return the response to each single image as JSON."""
    bodies = (json.dumps({"image": image.tolist()}).encode() for image in images)
    return [post(apis, body, Content_Type=JSON).json() for body in bodies]


@pytest.fixture(scope="module")
def expected(apis: Apis) -> list[dict[str, object]]:
    found = answers(apis, FLOATS)
    assert len({str(one) for one in found}) == COUNT
    return found


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
    "npy of rows with a channel": (npy(ROWS[..., None]), NPY, ""),
    "npy of a channel of rows": (npy(ROWS[:, None]), NPY, ""),
    "npy as octets": (npy(BYTES), OCTETS, ""),
    "JSON of rows with a channel": (
        json.dumps({"images": ROWS[..., None].tolist()}).encode(),
        JSON,
        "",
    ),
    "JSON of a channel of rows": (
        json.dumps({"images": ROWS[:, None].tolist()}).encode(),
        JSON,
        "",
    ),
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
    "npy, 28 x 28 x 1": (npy(FLOATS[0].reshape(28, 28, 1)), NPY),
    "npy as octets": (npy(BYTES[0]), OCTETS),
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
    assert list(image) == ["image", "box", "score"]
    assert len(image["image"]) == 784
    answer = post(apis, file.getvalue(), Content_Type=content_type)
    close([answer.json()], answers(apis, np.array([image["image"]])))


def test_one_file_of_a_form_is_one_prediction_and_several_are_a_list(apis: Apis) -> None:
    files = [path.read_bytes() for path in SAMPLES]
    alone = [post(apis, file, Content_Type="image/png").json() for file in files]
    body, content_type = form(files[0])
    assert post(apis, body, Content_Type=content_type).json() == alone[0]
    body, content_type = form(*files)
    close(post(apis, body, Content_Type=content_type).json()["predictions"], alone)
