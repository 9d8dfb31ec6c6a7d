"""The API reaches a tracking server nearby directly, and others by the proxy of the environment."""

from collections.abc import Callable, Iterator
from http.server import HTTPServer

import pytest

from mnist_api.registry.bounded_http import is_neighbour
from support.networks.dense import digit_network
from support.processes import wait_until
from support.registered_model import RegisteredModel
from support.servers.api import Api
from support.servers.local_http import QuietHandler, run_server

pytestmark = pytest.mark.slow

REFUSING = "http://127.0.0.1:9"


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy's address, and the URLs that it is asked for; it answers 502."""
    asked: list[str] = []

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(502)

    with run_server(HTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield address, asked


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_a_version_is_fetched_from_this_machine_whatever_the_proxy(
    start_api: Callable[..., Api], model: RegisteredModel, spelling: Callable[[str], str]
):
    model.register(digit_network(7))
    names = map(spelling, ("http_proxy", "https_proxy", "all_proxy"))
    proxies = dict.fromkeys(names, REFUSING) | {spelling("no_proxy"): "theirs.example"}
    start_api(**model.settings(), **proxies).wait_ready()


@pytest.mark.parametrize(
    ("excepted", "logged"),
    [("theirs.example", "responds 502"), ("mlflow.example", "does not respond")],
)
def test_another_server_is_asked_by_the_proxy_unless_it_is_excepted(
    start_api: Callable[..., Api], proxy: tuple[str, list[str]], excepted: str, logged: str
):
    address, asked = proxy
    api = start_api(
        MLFLOW_TRACKING_URI="http://mlflow.example", http_proxy=address, no_proxy=excepted
    )
    wait_until(lambda: logged in api.log())
    assert all(url.startswith("http://mlflow.example/") for url in asked)
    assert bool(asked) is (excepted == "theirs.example")


@pytest.mark.parametrize(
    ("host", "is_near"),
    [
        ("mlflow-server:5000", True),
        ("localhost", True),
        ("127.0.0.2:5000", True),
        ("[::1]:5000", True),
        ("10.0.0.7:5000", False),
        ("[fd00::5]:5000", False),
        ("mlflow.example:5000", False),
    ],
)
def test_neighbours_are_loopback_addresses_and_names_without_a_dot(host: str, is_near: bool):
    assert is_neighbour(host) is is_near
