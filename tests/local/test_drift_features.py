"""What the trainer stores of its validation images is what the API measures of other digits."""

import httpx
import numpy as np
import pytest

from support.pictures.digits import read_digits
from support.processes import wait_until
from support.stacks.local import Stack

IMAGES = 60


@pytest.mark.slow
def test_test_digits_look_like_the_validation_images_in_each_feature(running_stack: Stack) -> None:
    api = f"http://127.0.0.1:{running_stack.api_port}"
    digits = read_digits(10_000)[::5].astype(np.float32) / 255  # of all writers
    random = np.random.default_rng(0)

    def predict_until_sampled() -> bool:
        body = digits[random.integers(len(digits))].tobytes()
        headers = {"Content-Type": "application/octet-stream"}
        response = httpx.post(f"{api}/predict?dtype=float32", content=body, headers=headers)
        assert response.status_code == 200
        return bool(httpx.get(f"{api}/drift").json()["images"] >= IMAGES)

    wait_until(predict_until_sampled, 90)
    drift = httpx.get(f"{api}/drift").json()
    assert drift["available"]
    assert not drift["detected"]
    assert len(drift["features"]) == 9
    psi = {name: feature["psi"] for name, feature in drift["features"].items()}
    assert max(psi.values()) < 1, psi  # another measure of a feature gives several
