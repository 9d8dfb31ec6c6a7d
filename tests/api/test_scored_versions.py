"""A version's digit score travels with it, from the registry to the responses."""

from collections.abc import Callable

import httpx
import numpy as np
import pytest

from support.networks.dense import digit_network
from support.processes import wait_until
from support.registered_model import RegisteredModel
from support.score_files import score_file
from support.servers.api import IMAGE, Api


def find_scores(api: Api) -> set[str | None]:
    """Return the header of each worker's response to an image of 784 zeros."""
    answers = [httpx.post(f"{api.url}/predict", json={"image": [0] * 784}) for _ in range(12)]
    assert all(answer.status_code == 200 for answer in answers)
    return {answer.headers.get("Digit-Score") for answer in answers}


def test_each_version_has_its_own_score_or_none(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    """And a version whose score is cached needs no registry at the next start."""
    model.score = score_file()
    model.register(digit_network(1))
    api = start_api(**model.settings()).wait_all_ready()
    assert find_scores(api) == {"1.000"}
    model.score = score_file(10, means=np.full((10, 784), 0.5, np.float16))
    model.register(digit_network(2))
    wait_until(lambda: find_scores(api) == {f"{10 / (10 + 784 / 4):.3f}"})
    model.score = None
    model.register(digit_network(3))
    wait_until(lambda: find_scores(api) == {None})
    model.promote("2")
    wait_until(lambda: api.all_predict(2))
    assert api.stop() == 0
    model.relay.cut()
    again = start_api(**model.settings()).wait_all_ready()
    assert find_scores(again) == {f"{10 / (10 + 784 / 4):.3f}"}


@pytest.mark.parametrize(
    ("score", "sha256", "reason"),
    [
        pytest.param(score_file(), "0" * 64, "its tag is 000", id="another file"),
        pytest.param(b"no score", "", "not a file that NumPy reads", id="no score"),
    ],
)
def test_a_version_with_a_damaged_score_is_refused(
    start_api: Callable[..., Api], model: RegisteredModel, score: bytes, sha256: str, reason: str
) -> None:
    model.register(digit_network(1))
    api = start_api(**model.settings()).wait_all_ready()
    model.score, model.score_sha256 = score, sha256
    model.register(digit_network(2))
    wait_until(lambda: api.log().count("Version 2 is not activated") == 2)
    assert api.log().count(reason) == 2
    assert api.all_predict(1)
    assert find_scores(api) == {None}
    assert httpx.post(f"{api.url}/predict", json={"image": IMAGE}).json()["prediction"] == 1
