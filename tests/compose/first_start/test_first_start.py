"""After a first `up` that was interrupted, at whatever moment, the next `up` works.

What an interrupted start leaves is in the volumes.
"""

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from support.processes import wait_until
from support.stacks.compose import QUICK, Stack, docker
from support.stacks.kills import KILL_AT_RENAME, KILL_AT_ROW, kill, kill_when

IMAGES = ("setup", "minio", "mlflow-server", "trainer", "api")
PGDATA = "/var/lib/postgresql/data"
INSIDE_INITDB = ("-d base", "-s global/pg_control")  # before it says which version, and after
AFTER_INITDB = (f"grep -qs '^host all all all' {PGDATA}/pg_hba.conf", "pg_isready -q")
FIRST_MODEL = (  # it is fetched; tried; accepted, and not stored yet
    "[ -e /cache/*/.trial.lock ]",
    "grep -qs trial_proces[s] /proc/[0-9]*/cmdline",
    "[ -e /cache/*/trials.json ]",
)
KILL_AT_CALL = """
import os, sys, bucket
setattr(getattr(bucket, sys.argv[1]), sys.argv[2], lambda *_, **__: os.kill(os.getpid(), 9))
bucket.main(os.environ)
"""


@pytest.fixture(scope="module")
def first(built: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that was never started, with the images of the others."""
    first = Stack("mnist-compose-test-first", tmp_path_factory.mktemp("first"), TRAIN_ARGS=QUICK)
    for image in IMAGES:
        docker("tag", f"{built.project}-{image}", f"{first.project}-{image}")
    first.remove()
    yield first
    first.remove()
    docker("rmi", "--no-prune", *(f"{first.project}-{image}" for image in IMAGES))


def kill_postgres(stack: Stack, condition: str) -> None:
    image = "{{join .Config.Entrypoint ` `}} {{join .Config.Cmd ` `}}"
    program = docker("inspect", f"--format={image}", "postgres:17-trixie").strip()
    kill_when(stack, "postgres", program, condition)


def test_a_killed_initialisation_is_refused_with_what_to_remove_and_nothing_is_removed(
    first: Stack,
):
    volume = f"{first.project}_postgres-data"
    for moment in INSIDE_INITDB:
        first.remove()
        kill_postgres(first, f"cd {PGDATA}; [ {moment} ]")
        begun = first.run("up")
        assert begun.returncode != 0
        command = f"docker compose down && docker volume rm {volume}"
        assert command in begun.stdout, begun.stdout
        assert docker("volume", "ls", "--quiet", f"--filter=name={volume}").strip() == volume
    first.do("down")
    docker(*shlex.split(command)[5:])
    first.do("up", "--detach", "--wait", "mlflow-server")


def kill_each_service(stack: Stack) -> None:
    for volume in ("postgres", "s3"):
        kill(stack, "passwords", "-c", KILL_AT_RENAME, volume)
    for moment in AFTER_INITDB:
        stack.do("rm", "--force", "--stop", "postgres", "database-check")
        docker("volume", "rm", "--force", f"{stack.project}_postgres-data")
        kill_postgres(stack, moment)
    for file in (".minio.sys/tmp", ".minio.sys/format.json", ".minio.sys/config"):
        program = "minio server /var/lib/minio"
        kill_when(stack, "minio", program, f"[ -e /var/lib/minio/{file} ]")
    for call in (
        ("Minio", "make_bucket"),
        ("MinioAdmin", "user_add"),
        ("MinioAdmin", "attach_policy"),
    ):
        kill(stack, "bucket", "-c", KILL_AT_CALL, *call)
    for row in ("1", "FROM pg_class WHERE relname = 'experiments'"):
        kill(stack, "mlflow-server", "-c", KILL_AT_ROW, row)  # there is a database; and a table


def count_versions(stack: Stack) -> int:
    try:
        found = httpx.get(f"{stack.mlflow_url}/api/2.0/mlflow/model-versions/search?max_results=9")
    except httpx.HTTPError:
        return 0
    return len(found.json().get("model_versions", ())) if found.status_code == 200 else 0


def press_ctrl_c(up: subprocess.Popen[str]) -> None:
    """Signal Compose once: without a terminal, docker would pass on a signal of its own."""
    (compose,) = subprocess.check_output(["pgrep", "-P", str(up.pid)]).split()
    os.kill(int(compose), signal.SIGINT)


def test_up_works_after_each_service_was_killed_and_all_and_after_ctrl_c(first: Stack):
    first.remove()
    kill_each_service(first)
    up = first.start("up")
    wait_until(lambda: "Epoch" in first.run("logs", "bootstrap").stdout, 300)
    docker("kill", *first.do("ps", "--quiet").split())
    up.communicate()
    up = first.start("up")
    wait_until(lambda: count_versions(first) > 0, 300)  # registered, and not promoted yet
    press_ctrl_c(up)
    # Compose may end before the engine has stopped what it was asked to stop; the rest goes on.
    stopping = set(re.findall(r"Container (\S+) +Stopping", up.communicate()[0]))
    assert stopping
    wait_until(lambda: stopping.isdisjoint(docker("ps", "--format={{.Names}}").split()), 60)
    for moment in FIRST_MODEL:
        kill_when(first, "api", "gunicorn -c gunicorn.conf.py", moment)
    first.do("up", "--detach")
    script = "until ls /cache/*/*/model.onnx; do :; done 2>/dev/null; kill -KILL -1"
    first.run("exec", "-T", "api", "bash", "-c", script)
    wait_until(lambda: first.inspect("api")["RestartCount"] > 0)
    first.up()
