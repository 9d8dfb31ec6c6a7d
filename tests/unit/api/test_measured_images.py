"""How long a model takes is measured again before it is refused for that."""

from itertools import chain, repeat

import pytest

from mnist_api.model import onnx_model
from mnist_api.model.onnx_model import ModelRefusedError, load_model
from support.networks.dense import digit_network

LOADED = (0.0, 0.0)  # CPU time before and after


def test_an_image_that_takes_long_once_is_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    times = chain(LOADED, (0.0, 1.0), repeat(1.0))
    monkeypatch.setattr(onnx_model, "thread_time", lambda: next(times))
    load_model(digit_network(7))


def test_one_that_takes_long_twice_is_refused_for_the_lesser_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = chain(LOADED, (0.0, 3.0), (3.0, 5.0))
    monkeypatch.setattr(onnx_model, "thread_time", lambda: next(times))
    with pytest.raises(ModelRefusedError, match=r"one image takes 2 s of CPU time"):
        load_model(digit_network(7))
