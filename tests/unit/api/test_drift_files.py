"""Files of a drift reference that are refused, and what is read of the others."""

import json
from typing import Any

import numpy as np
import pytest

from mnist_api.drift.comparison import compare
from mnist_api.model.drift_reference import FEATURES, SHAPE, FewImagesError, load_reference
from mnist_api.model.onnx_model import ModelRefusedError

FEATURE = {
    "edges": [0.25, 0.5],
    "shares": [0.2, 0.3, 0.5],
    "range": [0.1, 0.9],
    "outside": 0.004,
}
REFERENCE: dict[str, Any] = {
    "images": 5000,
    "features": {name: FEATURE for name in FEATURES if name != "digit"},
    "digits": [0.1] * 10,
}


def write(**changed: Any) -> bytes:
    return json.dumps(REFERENCE | changed).encode()


def with_ink(**changed: Any) -> bytes:
    return write(features=REFERENCE["features"] | {"ink": FEATURE | changed})


def test_a_reference_has_edges_and_shares_of_each_feature() -> None:
    reference = load_reference(write())
    assert reference.images == 5000
    assert tuple(reference.edges) == tuple(reference.shares) == FEATURES
    assert reference.edges["ink"].tolist() == [0.25, 0.5]
    assert reference.shares["ink"].tolist() == [0.2, 0.3, 0.5]
    assert reference.ranges["ink"] == (0.1, 0.9, 20)
    bins = np.searchsorted(reference.edges["digit"], range(10), side="right")
    assert bins.tolist() == list(range(10)), "each digit has a bin of its own"


def test_shares_are_read_without_the_error_of_their_rounding() -> None:
    reference = load_reference(with_ink(shares=[0.3333, 0.3333, 0.3333]))
    assert reference.shares["ink"].sum() == pytest.approx(1, abs=1e-12)


def test_a_reference_of_500_images_is_read() -> None:
    assert load_reference(write(images=500)).images == 500


def test_a_reference_of_499_images_is_told_from_a_damaged_one() -> None:
    with pytest.raises(FewImagesError, match="of 499 images, not of 500"):
        load_reference(write(images=499))


def test_further_features_are_ignored() -> None:
    features = REFERENCE["features"] | {"colour": FEATURE}
    assert "colour" not in load_reference(write(features=features)).edges


def test_a_reference_of_a_former_release_is_compared_in_what_it_has() -> None:
    earlier = {"edges": FEATURE["edges"], "shares": FEATURE["shares"]}
    features = {name: earlier for name in FEATURES if name not in (*SHAPE, "digit")}
    compared = compare(load_reference(write(features=features)), np.full((60, len(FEATURES)), 1.0))
    assert list(compared) == ["ink", "center_x", "center_y", "confidence", "digit_score", "digit"]
    assert all(each.psi is not None for each in compared.values())
    assert {each.outside for each in compared.values()} == {None}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "can't be read", id="empty"),
        pytest.param(b"\xff\xfe", "can't be read", id="no UTF-8"),
        pytest.param(b"[]", "can't be read", id="a list"),
        pytest.param(b"[" * 60_000, "can't be read", id="nested"),
        pytest.param(write()[:-5], "can't be read", id="cut off"),
        pytest.param(write() + b" " * 65_536, "more than 64 kB", id="large"),
        pytest.param(write(images="many"), "can't be read: Expected `int`", id="no number"),
        pytest.param(write(images=0), "is of 0 images", id="of no images"),
        pytest.param(
            write(images=10**30),
            "of 1000000000000000000000000000000 images",
            id="of too many images",
        ),
        pytest.param(write(features={"ink": FEATURE}), "has no center_x, center_y", id="lacking"),
        pytest.param(write(digits=[0.5, 0.5]), "9 edges and 2 shares of digit", id="two digits"),
        pytest.param(with_ink(edges=[]), "0 edges", id="no edge"),
        pytest.param(
            with_ink(edges=[*range(64)], shares=[1 / 65] * 65), "64 edges", id="many edges"
        ),
        pytest.param(with_ink(range=[0.9, 0.1]), "range of ink .* none", id="no range"),
        pytest.param(with_ink(range=[0.1]), "can't be read", id="half a range"),
        pytest.param(with_ink(outside=1.5), "range of ink .* none", id="all outside"),
        pytest.param(with_ink(outside=-0.1), "range of ink .* none", id="fewer than none"),
        pytest.param(with_ink(edges=[0.5, 0.5]), "edges of ink .* ascend", id="equal edges"),
        pytest.param(with_ink(edges=[0.5, 0.25]), "edges of ink .* ascend", id="falling edges"),
        pytest.param(with_ink(shares=[0.5, 0.5]), "2 edges and 2 shares of ink", id="few shares"),
        pytest.param(with_ink(shares=[0.5, 0.5, 0.5]), "do not add up to 1", id="too much"),
        pytest.param(with_ink(shares=[-1, 1, 1]), "do not add up to 1", id="negative"),
        pytest.param(with_ink(shares=[1e308, 1e308, 1]), "do not add up to 1", id="infinite"),
        pytest.param(with_ink(shares=[0, 0, float("nan")]), "can't be read", id="not a number"),
        pytest.param(
            write().replace(b"0.25", b"1e999"), "can't be read|ascend", id="an infinite edge"
        ),
    ],
)
def test_a_file_that_is_no_reference_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ModelRefusedError, match=reason):
        load_reference(content)
