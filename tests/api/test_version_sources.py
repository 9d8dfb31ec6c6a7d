"""Where a version's files may be: all that MLflow's clients register, if the server proxies it."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import LoggedModelOutput

from mnist_api.registry.mlflow_client import Registry
from support.networks.dense import digit_network
from support.processes import wait_until
from support.registered_model import RegisteredModel
from support.servers.api import Api

CONTENT = digit_network(3)


def log_in_run(model: RegisteredModel, folder: Path) -> tuple[str, str]:
    """Log the network in a run, as MLflow 2 does; return the run's id and its artifacts' URI."""
    (folder / "extra_files").mkdir()
    (folder / "extra_files" / "model.onnx").write_bytes(CONTENT)
    info = model.client.create_run("0").info
    model.client.log_artifacts(info.run_id, str(folder / "extra_files"), "my model/extra_files")
    return info.run_id, info.artifact_uri


def run_artifacts(model: RegisteredModel, folder: Path) -> dict[str, Any]:
    run_id, uri = log_in_run(model, folder)
    return {"source": f"{uri}/my model", "run_id": run_id}


def run_source(model: RegisteredModel, folder: Path) -> dict[str, Any]:
    run_id, _ = log_in_run(model, folder)
    return {"source": f"runs:/{run_id}/my model", "run_id": run_id}


def run_source_of_a_logged_model(model: RegisteredModel, _: Path) -> dict[str, Any]:
    registered = model.client.get_model_version(model.name, model.register(CONTENT, promote=False))
    logged = model.client.get_logged_model(registered.source.removeprefix("models:/"))
    outputs = [LoggedModelOutput(logged.model_id, step=0)]
    model.client.log_outputs(logged.source_run_id, outputs)
    return {
        "source": f"runs:/{logged.source_run_id}/{logged.name}",
        "run_id": logged.source_run_id,
    }


def logged_model(model: RegisteredModel, _: Path) -> dict[str, Any]:
    registered = model.client.get_model_version(model.name, model.register(CONTENT, promote=False))
    return {"source": registered.source, "model_id": registered.source.removeprefix("models:/")}


def copied_version(model: RegisteredModel, _: Path) -> dict[str, Any]:
    return {"source": f"models:/{model.name}/{model.register(CONTENT, promote=False)}"}


@pytest.mark.parametrize(
    "prepare",
    [run_artifacts, run_source, run_source_of_a_logged_model, logged_model, copied_version],
)
def test_the_file_is_fetched_from_each_kind_of_source(
    model: RegisteredModel,
    tmp_path: Path,
    prepare: Callable[[RegisteredModel, Path], dict[str, Any]],
) -> None:
    tags = {"sha256": hashlib.sha256(CONTENT).hexdigest()}
    registered = model.client.create_model_version(
        model.name, **prepare(model, tmp_path), tags=tags
    )
    model.promote(registered.version)
    registry = Registry(f"http://127.0.0.1:{model.relay.port}", model.name, "Production")
    desired = registry.find()
    assert desired is not None
    assert desired.id == str(registered.version)
    assert registry.fetch(desired) == CONTENT


def test_a_name_with_an_apostrophe_is_found_by_its_stage(model: RegisteredModel) -> None:
    name = f"ann's {model.name}"
    model.client.create_registered_model(name)
    model.name = name
    version = model.register(CONTENT, promote=False)
    model.register(CONTENT, promote=False)
    with pytest.warns(FutureWarning):  # MLflow's, about stages
        model.client.transition_model_version_stage(name, version, "Production")
    registry = Registry(f"http://127.0.0.1:{model.relay.port}", name, "Production")
    desired = registry.find()
    assert desired is not None
    assert (desired.name, desired.id) == (name, version)
    assert Registry(f"http://127.0.0.1:{model.relay.port}", "no such'model", "x").find() is None


def test_a_version_that_the_server_does_not_proxy_is_refused_with_what_to_do(
    start_api: Callable[..., Api], model: RegisteredModel, tmp_path: Path
) -> None:
    """An experiment may have an artifact store that the tracking server does not proxy."""
    place = tmp_path / "elsewhere"
    experiment = model.client.create_experiment(model.name, artifact_location=place.as_uri())
    model.register(digit_network(1))
    api = start_api(**model.settings(), WEB_CONCURRENCY="1").wait_ready()
    model.register(digit_network(6), experiment=experiment)
    wait_until(lambda: "Version 2 is not activated: its files are in a store (file:)" in api.log())
    assert "start the server with --serve-artifacts and --artifacts-destination" in api.log()
    assert "Version 1 stays active" in api.log()
    assert api.predict() == 1
    wait_until(lambda: api.model()["refused"] is not None)
    assert "does not proxy" in str(api.model()["refused"])
