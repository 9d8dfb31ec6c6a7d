"""What is asked of MLflow's registry, how its responses are read, and each error's sentence."""

from http.client import BadStatusLine
from typing import Any
from urllib.error import URLError

import pytest

from mnist_api.model.version import Version
from mnist_api.registry.bounded_http import TooManyBytesError
from mnist_api.registry.mlflow_client import NotFoundError, RegistryError, UnusableFileError
from support.registry_responses import (
    ALIAS,
    API,
    FOUND,
    KNOWN,
    SERVER,
    STAGED,
    VERSION,
    Failure,
    registry_with,
)


def test_the_version_of_the_alias_is_desired(monkeypatch: pytest.MonkeyPatch) -> None:
    registry, server = registry_with(monkeypatch, {ALIAS: {"model_version": FOUND}})
    assert registry.find() == VERSION
    assert server.requests == [(ALIAS, 32 * 1024**2, 15.0, KNOWN)]


INVALID = Failure(400, b'{"error_code": "INVALID_PARAMETER_VALUE"}')
NEWEST = {"model_versions": [FOUND, FOUND | {"version": "6"}]}
STAGES: list[tuple[dict[str, Any], Version | None]] = [
    ({STAGED: NEWEST}, VERSION),
    ({STAGED: NEWEST, ALIAS: INVALID}, VERSION),
    ({STAGED: {"model_versions": []}}, None),
    ({STAGED: {}}, None),
    ({}, None),
]


@pytest.mark.parametrize(("responses", "version"), STAGES)
def test_without_the_alias_the_first_version_of_the_stage_is_desired(
    monkeypatch: pytest.MonkeyPatch, responses: dict[str, Any], version: Version | None
) -> None:
    registry, server = registry_with(monkeypatch, responses)
    assert registry.find() == version
    assert [request[0] for request in server.requests] == [ALIAS, STAGED]


MODELS: list[tuple[dict[str, Any], str | None]] = [
    ({}, None),
    ({"aliases": [{"alias": "production", "version": "5"}]}, None),
    (
        {"aliases": [{"alias": "blue", "version": "5"}, {"alias": "Production", "version": "12"}]},
        "12",
    ),
]


@pytest.mark.parametrize(("more", "aliased"), MODELS)
def test_alias_and_tags_of_the_model_are_read_at_once(
    monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], aliased: str | None
) -> None:
    model = {"tags": [{"key": "a", "value": "b"}, {"key": "c"}]} | more
    url = f"{API}/registered-models/get?name=a%2Fb+%26c"
    registry, server = registry_with(monkeypatch, {url: {"registered_model": model}})
    assert registry.read_model() == (aliased, {"a": "b", "c": ""})
    assert len(server.requests) == 1


def test_a_tag_of_the_model_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"{API}/registered-models/set-tag"
    registry, server = registry_with(monkeypatch, {url: {}})
    registry.set_tag("a", "é")
    assert server.sent == [(url, '{"name":"a/b &c","key":"a","value":"é"}'.encode())]


SHA256, OTHER = "0123456789abcdef" * 4, "76543210fedcba98" * 4


def tags(**values: str | None) -> dict[str, Any]:
    items = values.items()
    listed = [
        {"key": key} if value is None else {"key": key, "value": value} for key, value in items
    ]
    return FOUND | {"version": 7, "run_id": "run", "tags": listed}


DESCRIPTIONS: list[tuple[dict[str, Any], tuple[str | float | None, ...]]] = [
    (FOUND | {"run_id": ""}, (None, None, None)),
    (tags(test_accuracy="0.98", sha256=SHA256), ("run", 0.98, SHA256)),
    (tags(test_accuracy="high", sha256=f" {SHA256.upper()}\n"), ("run", None, SHA256)),
    (tags(test_accuracy=None, sha256=None), ("run", None, None)),
    (tags(sha256=SHA256[1:]), ("run", None, None)),
    (tags(sha256=f"{SHA256}0"), ("run", None, None)),
    (tags(sha256=SHA256, digit_score_sha256=SHA256[::-1]), ("run", None, SHA256, SHA256[::-1])),
    (tags(sha256=SHA256, drift_reference_sha256=OTHER), ("run", None, SHA256, None, OTHER)),
]


@pytest.mark.parametrize(("found", "expected"), DESCRIPTIONS)
def test_a_version_is_described(
    monkeypatch: pytest.MonkeyPatch,
    found: dict[str, Any],
    expected: tuple[str | float | None, ...],
) -> None:
    registry, _ = registry_with(monkeypatch, {ALIAS: {"model_version": found}})
    assert registry.find() == Version("a/b &c", "7", *expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(("timestamp", "created"), [(1764198000500, 1764198000.5), ("?", None)])
def test_a_version_knows_when_it_was_registered(
    monkeypatch: pytest.MonkeyPatch, timestamp: object, created: float | None
) -> None:
    found = tags() | {"creation_timestamp": timestamp}
    registry, _ = registry_with(monkeypatch, {ALIAS: {"model_version": found}})
    version = registry.find()
    assert version is not None
    assert version.created == created


HINT = ": set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
LINES = "firstX.\nsecond"
ERRORS: dict[str, tuple[Any, str]] = {
    "no JSON": (b"<html>", f"{SERVER} does not respond as MLflow does"),
    "a list": (b"[]", f"{SERVER} does not respond as MLflow does"),
    "not UTF-8": (b'{"\xff": 1}', f"{SERVER} does not respond as MLflow does"),
    "too many bytes": (TooManyBytesError(), "its file has more than 32 MB"),
    "no account": (Failure(401), f"{ALIAS} responds 401 Some Reason{HINT}"),
    "no right": (Failure(403), f"{ALIAS} responds 403 Some Reason"),
    "another address": (Failure(404), f"{ALIAS} responds 404 Some Reason"),
    "no server": (
        URLError(ConnectionRefusedError(111, "Connection refused")),
        f"{ALIAS} does not respond: <urlopen error [Errno 111] Connection refused>",
    ),
    "no HTTP": (BadStatusLine(f" {LINES}\n"), f"{ALIAS} does not respond: firstX"),
    "no words": (TimeoutError(), f"{ALIAS} does not respond: TimeoutError"),
    "many words": (ValueError("x" * 301), f"{ALIAS} does not respond: {'x' * 300}"),
}


@pytest.mark.parametrize(("response", "sentence"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, response: Any, sentence: str
) -> None:
    registry, _ = registry_with(monkeypatch, {ALIAS: response})
    with pytest.raises(RegistryError) as raised:
        registry.find()
    assert str(raised.value) == sentence
    assert not isinstance(raised.value, NotFoundError)
    assert isinstance(raised.value, UnusableFileError) == ("file" in sentence)
