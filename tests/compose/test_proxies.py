"""Proxies in Docker's client configuration, which Docker copies into every container.

All containers of these tests have a proxy that refuses: it is never asked for neighbours.
"""

import httpx
import pytest

from support.stacks.compose import EXCEPTED, REFUSING, RUNNING, Stack

VARIABLES = ("http_proxy", "HTTPS_PROXY", "ALL_PROXY")
NO_PROXY_OF_SERVER = """
import pathlib
for folder in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        content, command = (folder / "environ").read_text(), (folder / "cmdline").read_text()
    except OSError:  # of a health check, for instance, that begins or has ended
        continue
    variables = dict(v.split("=", 1) for v in content.split(chr(0)) if "=" in v)
    if "BACKEND_STORE_URI" in variables and "mlflow" in command and "start.py" not in command:
        print(variables["no_proxy"], variables["NO_PROXY"])
"""


@pytest.mark.parametrize("service", RUNNING)
def test_a_container_has_the_proxies_and_is_healthy(stack: Stack, service: str):
    variables = stack.inspect(service)["Config"]["Env"]
    assert {f"{name}={REFUSING}" for name in VARIABLES} <= set(variables)
    assert stack.health(service) == "healthy"


def test_the_hosts_that_the_user_excepts_stay_excepted(stack: Stack):
    """The store of the artifacts is added to them: an S3 elsewhere is reached by the proxy."""
    lines = stack.do("exec", "-T", "mlflow-server", "python", "-c", NO_PROXY_OF_SERVER)
    for excepted in lines.split():
        assert excepted.startswith(f"{EXCEPTED},")
        assert "minio" in excepted.split(",")
    assert lines


def test_the_console_reaches_its_store(stack: Stack):
    password = stack.do("exec", "-T", "minio", "cat", "/run/passwords/minio/password")
    account = {"accessKey": "minio-root", "secretKey": password}
    url = f"http://127.0.0.1:{stack.settings['MINIO_CONSOLE_PORT']}/api/v1/login"
    assert httpx.post(url, json=account, timeout=20).status_code == 204


def test_a_build_uses_the_proxy(stack: Stack):
    refused = stack.run("build", "--no-cache", "passwords")
    assert refused.returncode != 0
    assert "proxy" in refused.stdout.lower()
