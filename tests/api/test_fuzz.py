"""Every response to a mutated request is documented, and none is a 5xx."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.cases.request_samples import MUTATIONS, VALID_REQUESTS, mutate
from support.openapi_spec import is_documented
from support.servers.api import Api

PART = st.floats(0, 1, exclude_max=True)
MUTATION_LISTS = st.lists(
    st.tuples(st.sampled_from(MUTATIONS), PART, PART, st.integers(0, 999)), max_size=4
)


@pytest.fixture(scope="module")
def api(start_apis: Callable[..., Api], linear: Path) -> Api:
    return start_apis(MODEL_FILE=str(linear), WEB_CONCURRENCY="1").wait_ready()


@pytest.mark.parametrize("number", range(len(VALID_REQUESTS)))
def test_each_valid_request_succeeds(api: Api, number: int) -> None:
    """The mutations start from valid requests."""
    path, headers, body = VALID_REQUESTS[number]
    assert api.client.post(path, headers=headers, content=body).status_code == 200


@given(number=st.integers(0, len(VALID_REQUESTS) - 1), wrongs=MUTATION_LISTS)
@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_mutated_request_gets_a_documented_response(
    api: Api, number: int, wrongs: list[tuple[str, float, float, int]]
) -> None:
    post = VALID_REQUESTS[number]
    for wrong in wrongs:
        post = mutate(post, *wrong)
    answer = api.client.post(post.path, headers=post.headers, content=post.body)
    assert answer.status_code < 500
    assert is_documented("post", post.path, answer.status_code, answer.headers["Content-Type"])
