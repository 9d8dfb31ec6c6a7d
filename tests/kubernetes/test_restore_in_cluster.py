"""docs/kubernetes.md, "From Compose": an archive becomes the data of a running cluster."""

import json
from pathlib import Path

import httpx
import pytest
import yaml
from mlflow import MlflowClient

from support.processes import ROOT
from support.stacks.cluster_commands import find_kubernetes_commands, run_command
from support.stacks.kubernetes import forwarded, kubectl, read, wait_for

ARCHIVE = "backups/compose.tar.gz"
MODEL, ALIAS = "mnist-classifier", "Production"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Write an archive of the cluster as it is."""
    (command,) = find_kubernetes_commands("backup")
    run_command(command, tmp_path)
    return tmp_path / "monday.tar.gz"


def test_the_commands_of_the_documents_bring_back_what_an_archive_has(archive: Path) -> None:
    with forwarded("service/mlflow-server", 5000) as url:
        before = promote_copy(MlflowClient(url))
    with forwarded("service/api", 8000) as api:
        wait_for(lambda: active_version(api) not in before, 30)
        for command in find_kubernetes_commands("restore"):
            run_command(command.replace(ARCHIVE, str(archive)))
        kubectl("rollout", "status", "deployment/mlflow-server", "--timeout=180s")
        with forwarded("service/mlflow-server", 5000) as url:
            client = MlflowClient(url)
            assert {each.version for each in client.search_model_versions()} == before
            desired = client.get_model_version_by_alias(MODEL, ALIAS).version
        wait_for(lambda: active_version(api) == desired, 30)
        body = json.loads((ROOT / "api" / "samples" / "seven.json").read_bytes())
        assert httpx.post(f"{api}/predict", json=body).json()["prediction"] == 7


def test_the_room_for_an_archive_is_set_in_the_patch() -> None:
    patch = yaml.safe_load((ROOT / "deploy" / "kubernetes" / "restore.yaml").read_text())
    (volume,) = patch["spec"]["template"]["spec"]["volumes"]
    volume["emptyDir"]["sizeLimit"] = "7Gi"
    options = f"--patch={json.dumps(patch)}", "--dry-run=server", "--output=json"
    patched = json.loads(kubectl("patch", "deployment/mlflow-server", *options))
    volumes, before = (
        one["spec"]["template"]["spec"]["volumes"]
        for one in (patched, read("deployment", "mlflow-server"))
    )
    assert volume in volumes
    assert len(volumes) == len(before), "it is one that the pods have"


def test_what_is_deleted_is_collected_in_the_pod_of_the_tracking_server() -> None:
    with forwarded("service/mlflow-server", 5000) as url:
        client = MlflowClient(url)
        run = client.create_run("0").info.run_id
        client.delete_run(run)
    listing, removal = find_kubernetes_commands("collection")
    assert f"Would remove the deleted run {run}" in run_command(listing)
    assert f"Removing the deleted run {run}" in run_command(removal)


def promote_copy(client: MlflowClient) -> set[str]:
    """Promote a copy of the promoted version; return the versions that were there before."""
    before = {each.version for each in client.search_model_versions()}
    one = client.get_model_version_by_alias(MODEL, ALIAS)
    copy = client.create_model_version(
        MODEL,
        one.source,
        one.run_id,
        tags=one.tags,
        model_id=one.source.removeprefix("models:/"),
    )
    client.set_registered_model_alias(MODEL, ALIAS, copy.version)
    return before


def active_version(api: str) -> str:
    return str(httpx.get(f"{api}/model", timeout=10).json()["version"])
