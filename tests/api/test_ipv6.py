"""The API at an IPv6 address."""

import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from support.processes import wait_until
from support.servers.api import BODY, Api


@pytest.mark.parametrize("arguments", [(), ("-k", "gthread", "mnist_api.main:create_wsgi()")])
def test_it_predicts_at_an_ipv6_address(
    start_api: Callable[..., Api], seven: Path, arguments: tuple[str, ...]
) -> None:
    """By the whole API, and by its Flask app alone."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    api = start_api(*arguments, HOST="::1", MODEL_FILE=str(seven), WEB_CONCURRENCY="1")
    wait_until(lambda: is_open(api) or api.process.poll() is not None)
    assert api.process.poll() is None, api.log()
    answer = httpx.post(
        f"http://[::1]:{api.port}/predict",
        content=BODY, headers={"Content-Type": "application/json"}, timeout=20, trust_env=False,
    )  # fmt: skip
    assert answer.json()["prediction"] == 7


def is_open(api: Api) -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        return probe.connect_ex(("::1", api.port)) == 0
