"""Whatever is sent, the answer is one that the description has, and never a 5xx."""

from collections.abc import Callable
from pathlib import Path

import pytest
from bodies import RIGHT, WAYS, spoil
from described import is_described
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from processes import Api

PART = st.floats(0, 1, exclude_max=True)
WRONGS = st.lists(st.tuples(st.sampled_from(WAYS), PART, PART, st.integers(0, 999)), max_size=4)


@pytest.fixture(scope="module")
def api(start_apis: Callable[..., Api], linear: Path) -> Api:
    return start_apis(MODEL_FILE=str(linear), WEB_CONCURRENCY="1").wait_ready()


@pytest.mark.parametrize("number", range(len(RIGHT)))
def test_each_right_request_is_answered(api: Api, number: int) -> None:
    """Else there would be nothing to spoil."""
    path, headers, body = RIGHT[number]
    assert api.client.post(path, headers=headers, content=body).status_code == 200


@given(number=st.integers(0, len(RIGHT) - 1), wrongs=WRONGS)
@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_spoilt_request_gets_a_described_answer(
    api: Api, number: int, wrongs: list[tuple[str, float, float, int]]
) -> None:
    post = RIGHT[number]
    for wrong in wrongs:
        post = spoil(post, *wrong)
    answer = api.client.post(post.path, headers=post.headers, content=post.body)
    assert answer.status_code < 500
    assert is_described("post", post.path, answer.status_code, answer.headers["Content-Type"])
