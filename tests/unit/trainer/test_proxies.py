"""The proxies that the trainer's HTTP clients use for the tracking server."""

import urllib.request

import pytest
from requests.utils import get_environ_proxies

from mnist_trainer.tracking.proxies import except_neighbours

NEAR = (
    "http://mlflow-server:5000",
    "http://127.0.0.1:5000",
    "http://localhost",
    "http://[::1]:5000",
)
ELSEWHERE = ("http://mlflow.theirs.example:5000", "http://10.0.0.7:5000")


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The variables of a machine whose proxy is set in both spellings."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    return monkeypatch


def uses_proxy(uri: str, environ: pytest.MonkeyPatch, **excepted: str) -> bool:
    """Return whether MLflow's client, by requests, and urllib use the proxy; they agree."""
    for name, value in except_neighbours(excepted, uri).items():
        environ.setenv(name, value)
    by_requests = bool(get_environ_proxies(uri))
    host = urllib.request.Request(uri).host  # noqa: S310 # it is not opened
    assert bool(urllib.request.proxy_bypass(host)) is not by_requests
    return by_requests


@pytest.mark.parametrize("uri", NEAR)
@pytest.mark.parametrize("excepted", [{}, {"no_proxy": ".lan"}, {"NO_PROXY": ".lan"}])
def test_a_server_nearby_is_reached_directly(
    uri: str, excepted: dict[str, str], environ: pytest.MonkeyPatch
) -> None:
    assert not uses_proxy(uri, environ, **excepted)


@pytest.mark.parametrize("uri", ELSEWHERE)
def test_a_server_elsewhere_is_reached_by_the_proxy(uri: str, environ: pytest.MonkeyPatch) -> None:
    assert uses_proxy(uri, environ)


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize("value", ["*", "theirs.example, 10.0.0.7"])
@pytest.mark.parametrize("uri", ELSEWHERE)
def test_a_server_that_the_user_excepts_is_reached_directly(
    uri: str, name: str, value: str, environ: pytest.MonkeyPatch
) -> None:
    assert not uses_proxy(uri, environ, **{name: value})
