"""`make backup` of the composed stack, and `make restore` into an empty one, from either kind."""

import gzip
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from mlflow import MlflowClient

from support.archives import read_contents
from support.processes import ROOT, wait_until
from support.registered_data import read_registered
from support.servers.backups import filled_stores, stores
from support.stacks.compose import Stack, docker
from support.stacks.traffic import Traffic

IMAGES = [[(row * column % 7) / 6 for column in range(784)] for row in range(10)]
VERSIONS = "SELECT version, count(*) OVER () FROM model_versions ORDER BY version"


def environ(stack: Stack) -> dict[str, str]:
    """The variables with which Compose's own commands are about this stack."""
    stack.command()  # writes the file
    names = {"COMPOSE_PROJECT_NAME": stack.project, "COMPOSE_ENV_FILES": str(stack.env_file)}
    return stack.environ() | names


def make(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--silent", *arguments], cwd=ROOT, env=environ(stack), text=True,
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip


def do(stack: Stack, *arguments: str) -> str:
    done = make(stack, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def sql(stack: Stack, query: str) -> str:
    psql = ("psql", "-U", "mlflow", "-d", "mlflow", "-tAc", query)
    return stack.do("exec", "-T", "postgres", *psql).strip()


def predictions(stack: Stack) -> list[bytes]:
    url = f"{stack.api_url}/predict"
    return [httpx.post(url, json={"image": image}).content for image in IMAGES]


def kill_restore(stack: Stack, archive: Path) -> None:
    """Start a restore with --replace, and kill its container once the archive is verified."""
    command = [sys.executable, "-m", "local", "restore", "--composed", "--replace", str(archive)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ(stack), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        assert any(line.startswith("Verified: ") for line in process.stderr)
        labels = (f"project={stack.project}", "oneoff=True")
        filters = [f"--filter=label=com.docker.compose.{label}" for label in labels]
        docker("kill", *docker("ps", "--quiet", *filters).split())
        process.stderr.read()
    assert process.returncode != 0


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
    training = stack.start("run", "--rm", "-T", "trainer")
    ids = [experiment.experiment_id for experiment in registry.search_experiments()]
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
    do(stack, "restore", f"FILE={local_archive}")
    assert sql(stack, VERSIONS) == "1|2\n2|2"
    assert count_objects(stack) == 4
    assert "The stack has data already" in make(stack, "restore", f"FILE={archive}").stderr
    kill_restore(stack, archive)
    assert sql(stack, VERSIONS) == "1|2\n2|2"

    do(stack, "restore", f"FILE={archive}", "REPLACE=1")
    stack.up()
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
