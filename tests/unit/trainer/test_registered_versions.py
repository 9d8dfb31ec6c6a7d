"""What the registry asks of MLflow, and what it makes of the responses."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mnist_trainer.tracking.health import ServerError
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.version import Version, VersionError
from support.fake_mlflow import FakeMlflow, serving

NAME = 'the digits\' "best" model-1.0_é%'
TAGS = [{"key": "gate", "value": "passed"}]


@pytest.fixture
def mlflow() -> FakeMlflow:
    return FakeMlflow()


@pytest.fixture
def registry(mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # of what the fake does not know
    with serving(mlflow) as uri:
        yield Registry(uri, NAME, "blue")


def test_all_versions_of_the_model_are_listed_the_newest_first(
    registry: Registry, mlflow: FakeMlflow
) -> None:
    for _ in range(3):
        mlflow.register(NAME, tags=TAGS)
        mlflow.register(NAME.replace("'", '"'))  # which the filter cannot tell from it
    mlflow.page_size = 2
    found = registry.versions()
    assert found == [Version(number, {"gate": "passed"}, 1.5, "None") for number in (3, 2, 1)]
    requests = [given for _, given in mlflow.requests]
    assert {given["filter"] for given in requests} == {"name LIKE 'the digits% %best% model-1.0_%'"}
    assert [given.get("page_token") for given in requests] == [None, "2", "4"]


def test_a_version_is_found_by_its_run(registry: Registry, mlflow: FakeMlflow) -> None:
    assert registry.find_by_run("r1") is None
    for _ in range(3):
        mlflow.register(NAME)
    mlflow.versions.insert(0, mlflow.versions.pop())
    found = registry.find_by_run("r1")
    assert found is not None
    assert found.number == 3
    assert mlflow.requests[-1][1]["filter"] == "run_id = 'r1'"


def test_a_version_is_found_by_its_number(registry: Registry, mlflow: FakeMlflow) -> None:
    mlflow.register(NAME, current_stage="Staging")
    mlflow.register(NAME, current_stage="")
    assert [registry.find(number).stage for number in (1, 2)] == ["Staging", "None"]
    assert mlflow.requests[-1] == ("GET model-versions/get", {"name": NAME, "version": "2"})
    with pytest.raises(VersionError) as raised:
        registry.find(3)
    assert str(raised.value) == (
        f"There is no version 3 of {NAME}; the command `versions` lists them."
    )


def test_the_aliases_are_listed(registry: Registry, mlflow: FakeMlflow) -> None:
    assert registry.aliases() == {}
    mlflow.register(NAME)
    mlflow.models[NAME]["aliases"] = [
        {"alias": "blue", "version": "1"},
        {"alias": "green", "version": "2"},
    ]
    assert registry.aliases() == {"blue": 1, "green": 2}


def test_the_version_of_the_alias_is_desired_else_the_newest_of_the_stage(
    registry: Registry, mlflow: FakeMlflow
) -> None:
    assert registry.desired_version() is None
    for stage in ("Production", "Production", "None", "Archived"):
        mlflow.register(NAME, current_stage=stage)
    mlflow.models[NAME]["aliases"] = [{"alias": "green", "version": "4"}]
    desired = registry.desired_version()
    assert desired is not None
    assert desired.number == 2
    mlflow.models[NAME]["aliases"].append({"alias": "blue", "version": "3"})
    desired = registry.desired_version()
    assert desired is not None
    assert desired.number == 3


def test_a_version_was_promoted_if_it_is_was_replaced_or_was_rolled_back(
    registry: Registry, mlflow: FakeMlflow
) -> None:
    replaced = [{"key": "promoted_over", "value": "1"}]
    rolled_back = [{"key": "rolled_back_at", "value": "1.5"}]
    for tags in ([], replaced, rolled_back, []):
        mlflow.register(NAME, tags=tags)
    assert [registry.was_promoted(each) for each in registry.versions()] == [
        False, True, False, True,
    ]  # fmt: skip
    mlflow.models[NAME]["aliases"] = [{"alias": "blue", "version": "4"}]
    assert [registry.was_promoted(each) for each in registry.versions()] == [
        True, True, False, True,
    ]  # fmt: skip


def test_a_logged_model_is_registered_as_the_newest_version(
    registry: Registry, mlflow: FakeMlflow
) -> None:
    for number in (1, 2):  # the second time, the registered model exists
        found = registry.register("m-1", "r1", {"gate": "passed"})
        assert found == Version(number, {"gate": "passed"}, 1.5)
    created = [given for name, given in mlflow.requests if name == "POST model-versions/create"]
    assert created[1]["name"] == NAME
    assert created[1]["source"] == "models:/m-1"
    assert created[1]["run_id"] == "r1"
    assert created[1]["model_id"] == "m-1"
    assert created[1]["tags"] == TAGS
    assert not any(name.endswith("alias") for name, _ in mlflow.requests)


def test_the_registry_is_that_of_the_tracking_server(
    registry: Registry, mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow.register(NAME)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://127.0.0.1:9")
    assert len(Registry(registry.uri, NAME, "blue").versions()) == 1


def test_descriptions_are_set(registry: Registry, mlflow: FakeMlflow) -> None:
    mlflow.register(NAME)
    registry.set_description("# The model")
    registry.set_description("# The version", registry.find(1))
    assert mlflow.models[NAME]["description"] == "# The model"
    assert mlflow.versions[0]["description"] == "# The version"


@pytest.mark.parametrize("content", [b"a network", b"another"])
def test_a_file_is_downloaded_if_it_is_the_one_that_was_registered(
    registry: Registry, mlflow: FakeMlflow, tmp_path: Path, content: bytes
) -> None:
    tag = {"key": "sha256", "value": hashlib.sha256(b"a network").hexdigest()}
    mlflow.register(NAME, tags=[tag], source="mlflow-artifacts:/1/m-1")
    mlflow.files["1/m-1/extra_files/model.onnx"] = content
    if content == b"a network":
        file = registry.download_onnx(registry.find(1), tmp_path)
        assert file.is_relative_to(tmp_path)
        assert file.read_bytes() == content
        return
    with pytest.raises(VersionError) as raised:
        registry.download_onnx(registry.find(1), tmp_path)
    assert str(raised.value) == "model.onnx of version 1 is not what was registered"


REFUSED: dict[str, Any] = {
    "model-versions/search": lambda registry, _: registry.versions(),
    "registered-models/get": lambda registry, _: registry.aliases(),
    "model-versions/get": lambda registry, _: registry.find(1),
    "registered-models/create": lambda registry, _: registry.register("m-1", "r1", {}),
    "model-versions/set-tag": lambda registry, version: registry.set_tag(version, "a", "b"),
    "registered-models/update": lambda registry, _: registry.set_description("a"),
    "model-versions/update": lambda registry, version: registry.set_description("a", version),
    "registered-models/alias": lambda registry, version: registry.move_alias(version),
    "model-versions/delete-tag": lambda registry, version: registry.withdraw_promotion(version),
    "model-versions/get-download-uri": lambda registry, version: registry.download_onnx(
        version, Path()
    ),
}


@pytest.mark.parametrize("endpoint", REFUSED)
def test_every_other_refusal_is_an_error_that_names_the_server(
    registry: Registry, mlflow: FakeMlflow, endpoint: str
) -> None:
    mlflow.register(NAME)
    version = registry.find(1)
    mlflow.refusals[endpoint] = (403, "PERMISSION_DENIED")
    with pytest.raises(ServerError) as raised:
        REFUSED[endpoint](registry, version)
    assert str(raised.value).startswith(f"The tracking server at {registry.uri} refused: ")
