"""Where the registry's client fetches a version's file from, and what it does not fetch."""

from typing import Any

import pytest

from mnist_api.registry.credentials import NO_CREDENTIALS
from mnist_api.registry.mlflow_client import NotFoundError, RegistryError, UnusableFileError
from support.registry_responses import API, KNOWN, SOURCE, VERSION, Failure, registry_with


def logged(artifacts: str, name: str = "model") -> dict[str, Any]:
    return {"model": {"info": {"artifact_uri": artifacts, "name": name}}}


RUN = {
    f"{API}/runs/get?run_id=r1": {
        "run": {
            "info": {"artifact_uri": "mlflow-artifacts:/1/r1/artifacts/"},
            "outputs": {"model_outputs": [{"model_id": "m-1"}, {"model_id": "m-2"}]},
        }
    },
    f"{API}/logged-models/m-1": logged("mlflow-artifacts:/1/m-1", "other"),
    f"{API}/logged-models/m-2": logged("mlflow-artifacts:/1/m-2X/"),
    f"{API}/runs/get?run_id=r2": {"run": {"info": {"artifact_uri": "mlflow-artifacts:/1/r2"}}},
    f"{API}/logged-models/m-%3F": logged("mlflow-artifacts:/1/m-3"),
}
PROXY = "/base/api/2.0/mlflow-artifacts/artifacts"
OWN = f"https://user@mlflow:5000{PROXY}"
FILES = [
    ("models:/m-2", f"{OWN}/1/m-2X"),
    ("models:/m-2/a/b", f"{OWN}/1/m-2X/a/b"),
    ("models:/m-?", f"{OWN}/1/m-3"),
    ("runs:/r1/model", f"{OWN}/1/m-2X"),
    ("runs:/r1/model/a/b", f"{OWN}/1/m-2X/a/b"),
    ("runs:///r1/model", f"{OWN}/1/m-2X"),
    ("runs:/r2/a:/X", f"{OWN}/1/r2/a%3A/X"),
    ("runs:/r1/files/a", f"{OWN}/1/r1/artifacts/files/a"),
    ("runs:/r2/model", f"{OWN}/1/r2/model"),
    ("mlflow-artifacts:/1/a b:/X/", f"{OWN}/1/a%20b%3A/X"),
    ("mlflow-artifacts://user@other:6000/1/a", f"https://other:6000{PROXY}/1/a"),
    ("mlflow-artifacts:///1/a", f"{OWN}/1/a"),
    ("http://user:word@files/a/b?/", "http://files/a/b%3F"),
    ("https://files/a", "https://files/a"),
]


@pytest.mark.parametrize(("source", "folder"), FILES)
def test_a_file_is_fetched_from_where_the_version_says(
    monkeypatch: pytest.MonkeyPatch, source: str, folder: str
) -> None:
    url = f"{folder.rstrip('/')}/extra_files/model.onnx"
    registry, server = registry_with(
        monkeypatch, RUN | {SOURCE: {"artifact_uri": source}, url: b"a network"}
    )
    assert registry.fetch(VERSION) == b"a network"
    assert server.requests[0] == (SOURCE, 32 * 1024**2, 15.0, KNOWN)
    known = KNOWN if folder.startswith(OWN) else NO_CREDENTIALS
    assert server.requests[-1] == (url, 32 * 1024**2, 60.0, known)


def test_a_score_is_fetched_from_beside_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://files/a/extra_files/digit_score.npz"
    registry, _ = registry_with(
        monkeypatch, RUN | {SOURCE: {"artifact_uri": "https://files/a"}, url: b"a score"}
    )
    assert registry.fetch_extra(VERSION, "digit_score.npz") == b"a score"


STORES = [
    ("s3://bucket/1/a", "s3"),
    ("/mlruns/1/a", "file"),
    ("file:///mlruns/1/a", "file"),
    ("models:/digits/7", "models"),
]


@pytest.mark.parametrize(("source", "scheme"), STORES)
def test_a_file_that_the_server_does_not_proxy_is_not_fetched(
    monkeypatch: pytest.MonkeyPatch, source: str, scheme: str
) -> None:
    registry, _ = registry_with(monkeypatch, {SOURCE: {"artifact_uri": source}})
    with pytest.raises(UnusableFileError) as raised:
        registry.fetch(VERSION)
    assert str(raised.value) == (
        f"its files are in a store ({scheme}:) that the tracking server does not proxy: start the "
        "server with --serve-artifacts and --artifacts-destination, and register the version "
        "again, in a new experiment"
    )


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    registry, _ = registry_with(monkeypatch, {})
    with pytest.raises(NotFoundError) as raised:
        registry.fetch(VERSION)
    assert str(raised.value) == f"{SOURCE} does not exist"


def test_no_more_than_10_000_bytes_of_an_error_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    code = b"RESOURCE_DOES_NOT_EXIST"
    for size, kind in ((10_000, NotFoundError), (10_001, RegistryError)):
        registry, _ = registry_with(monkeypatch, {SOURCE: Failure(404, code.rjust(size))})
        with pytest.raises(RegistryError) as raised:
            registry.fetch(VERSION)
        assert type(raised.value) is kind
