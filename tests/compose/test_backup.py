"""`make backup` of the composed stack, and `make restore` into an empty one, from either kind."""

import gzip
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from mlflow import MlflowClient

from support.archives import member, pack, read_contents, read_members
from support.processes import ROOT, wait_until
from support.registered_data import read_registered
from support.servers.backups import filled_stores, stores
from support.stacks.compose import Stack, docker
from support.stacks.make import do, held_table, make, send, sql, start, wait_for_session
from support.stacks.traffic import Traffic

IMAGES = [[(row * column % 7) / 6 for column in range(784)] for row in range(10)]
ANOTHER = "the-password-of-another-stack"
LARGE = 40_000_000  # bytes
SMALL_DISK = """
volumes:
  minio-data: {driver_opts: {type: tmpfs, device: tmpfs, o: "size=24m,uid=10001"}}
"""
RESTORE_INSIDE = ("exec", "-T", "mlflow-server", "python", "-m", "backup", "restore", "--replace")
VERSIONS = "SELECT version, count(*) OVER () FROM model_versions ORDER BY version"


def predictions(stack: Stack) -> list[bytes]:
    url = f"{stack.api_url}/predict"
    return [httpx.post(url, json={"image": image}, timeout=30).content for image in IMAGES]


def find_restore(stack: Stack) -> str:
    """Return the id of the container of a restore, empty if there is none."""
    project = f"--filter=label=com.docker.compose.project={stack.project}"
    return docker("ps", "--quiet", "--filter=name=^restore-", project).strip()


def kill_restore(stack: Stack, archive: Path) -> None:
    """In its middle; until then no server starts, and neither backup nor collection begins."""
    with held_table(stack):
        restore = start(stack, "restore", f"FILE={archive}", "REPLACE=1")
        wait_until(lambda: find_restore(stack) != "")
        container = find_restore(stack)
        wait_for_session(stack)
        docker("exec", container, "sh", "-c", "kill -STOP -1")  # it waits for 10 s only
    stack.do("up", "--detach", "mlflow-server")
    wait_until(lambda: "A restore is going on: waiting" in stack.do("logs", "mlflow-server"))
    for command in (["backup", f"FILE={archive.with_name('none')}"], ["gc"]):
        assert "is going on. Wait for its end" in make(stack, *command).stderr
    assert not archive.with_name("none").exists()
    docker("kill", container)
    output = restore.communicate()[0]
    assert restore.returncode != 0, output
    stack.wait_for("mlflow-server", "healthy")
    refused = stack.run(*RESTORE_INSIDE)
    assert "The stack runs, or a backup, a collection or a restore does." in refused.stdout
    stack.do("stop", "mlflow-server")


def press_ctrl_c(stack: Stack, archive: Path) -> None:
    """In the middle of a restore."""
    with held_table(stack):
        restore = start(stack, "restore", f"FILE={archive}", "REPLACE=1")
        wait_for_session(stack)
        send(restore, signal.SIGINT)
    output = restore.communicate()[0]
    assert restore.returncode != 0
    assert "Traceback" not in output
    assert find_restore(stack) == ""


def fill_the_disk(stack: Stack, archive: Path) -> None:
    """Restore an archive with more artifacts than MinIO has room for, on volumes of their own."""
    members = [*read_members(archive.read_bytes()), member("artifacts/1/big", os.urandom(LARGE))]
    large = archive.with_name("large.tar.gz")
    large.write_bytes(pack(members))
    small = archive.with_name("small.yaml")
    small.write_text(SMALL_DISK)
    variables = {"COMPOSE_FILE": f"{ROOT / 'compose.yaml'}:{small}"}
    refused = make(stack, "restore", f"FILE={large}", **variables)
    assert refused.returncode != 0
    assert "The artifact store fails: " in refused.stderr
    assert "Traceback" not in refused.stderr
    assert count_objects(stack) == 0
    assert sql(stack, "SELECT to_regclass('runs') IS NULL") == "t"
    stack.remove()


def artifacts(archive: Path) -> dict[str, bytes]:
    return {
        name.removeprefix("artifacts/"): content
        for name, content in read_contents(archive).items()
        if name.startswith("artifacts/")
    }


def count_objects(stack: Stack) -> int:
    found = stack.do("exec", "-T", "minio", "find", "/var/lib/minio/mlflow", "-name", "xl.meta")
    return len(found.splitlines())


@pytest.fixture
def local_archive(tmp_path: Path) -> Path:
    """An archive of a SQLite database with two versions, and of a folder."""
    archive = tmp_path / "local.tar.gz"
    assert filled_stores(tmp_path / "filled").create(archive)[0] == 0
    return archive


def back_up_during_a_training(stack: Stack, registry: MlflowClient, archive: Path) -> None:
    """And while the API answers, of whose requests none fails."""
    ids = [experiment.experiment_id for experiment in registry.search_experiments()]
    with held_table(stack, "model_versions", "SHARE"):  # none is registered until the backup ends
        training = stack.start("run", "--rm", "-T", "trainer")
        wait_until(lambda: len(registry.search_runs(ids, "status = 'RUNNING'")) == 1, 120)
        with Traffic(stack.api_url):
            output = do(stack, "backup", f"FILE={archive}")
    assert output.splitlines()[-1] == str(archive)
    output = training.communicate()[0]
    assert training.returncode == 0, output


def test_a_restored_stack_has_what_it_had_and_predicts_as_before(
    stack: Stack, registry: MlflowClient, local_archive: Path, tmp_path: Path
):
    """Between the two, the stack has the data of a local one."""
    (tags, before), predicted = read_registered(registry), predictions(stack)
    assert any(".desired." in tag for tag in tags)
    archive = tmp_path / "composed.tar.gz"
    back_up_during_a_training(stack, registry, archive)
    passwords = [stack.password("mlflow-server", name) for name in ("postgres", "s3")]
    content = gzip.decompress(archive.read_bytes())
    assert not any(password.encode() in content for password in passwords)
    assert "The stack runs. Stop it first" in make(stack, "restore", f"FILE={archive}").stderr

    stack.remove()
    fill_the_disk(stack, local_archive)
    do(stack, "restore", f"FILE={local_archive}")
    assert sql(stack, VERSIONS) == "1|2\n2|2"
    assert count_objects(stack) == 4
    assert "The stack has data already" in make(stack, "restore", f"FILE={archive}").stderr
    refused = make(stack, "restore", f"FILE={archive}", "REPLACE=1", POSTGRES_PASSWORD=ANOTHER)
    assert "POSTGRES_PASSWORD is not the one the database has." in refused.stderr
    kill_restore(stack, archive)
    press_ctrl_c(stack, archive)
    assert sql(stack, VERSIONS) == "1|2\n2|2"
    assert count_objects(stack) == 4

    do(stack, "restore", f"FILE={archive}", "REPLACE=1")
    do(stack, "down")
    assert stack.do("ps", "--all", "--quiet") == ""
    stack.up()
    assert stack.password("mlflow-server", "postgres") not in passwords
    assert "nothing to train" in stack.do("logs", "bootstrap")
    tags_now, now = read_registered(registry)
    assert now == before
    assert tags_now.items() >= tags.items()
    assert predictions(stack) == predicted
    do(stack, "backup", f"FILE={tmp_path / 'second.tar.gz'}")
    assert artifacts(tmp_path / "second.tar.gz") == artifacts(archive) != {}
    assert count_objects(stack) == len(artifacts(archive))


def test_a_composed_archive_is_restored_as_files(stack: Stack, tmp_path: Path):
    archive = tmp_path / "composed.tar.gz"
    do(stack, "backup", f"FILE={archive}")
    local = stores(tmp_path / "local")
    code, said = local.restore(archive)
    assert code == 0, said
    assert local.artifact_files() == artifacts(archive)
    with closing(sqlite3.connect(local.database)) as connection:
        aliases = list(connection.execute("SELECT name, alias FROM registered_model_aliases"))
    assert aliases == [("mnist-classifier", "Production")]
