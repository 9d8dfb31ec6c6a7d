"""Requests that are refused: the status and the whole sentence that a user reads."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mnist_api.problems import ProblemError


@contextmanager
def refused(status: int, sentence: str) -> Iterator[None]:
    """Expect a ProblemError; in ``sentence``, … stands for what a library says."""
    with pytest.raises(ProblemError) as raised:
        yield
    assert raised.value.status == status, raised.value.detail
    assert re.fullmatch(re.escape(sentence).replace("…", ".+"), raised.value.detail), (
        raised.value.detail
    )
