"""The commands of docs/security.md on the running stack, and the proxy's certificate."""

import shutil
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.documents import COMPOSED_SECURITY, SECURITY, find_commands
from support.servers.guarded import make_certificate
from support.stacks.guarded import GuardedStack
from support.stacks.traffic import Traffic

RELOAD = "docker compose exec proxy nginx -c /nginx.conf -s reload"


def read_certificate(guarded: GuardedStack) -> str:
    """Return the certificate that the proxy has."""
    address = urlsplit(guarded.api_url)
    assert address.hostname
    assert address.port
    return ssl.get_server_certificate((address.hostname, address.port))


def send_traffic(guarded: GuardedStack) -> Traffic:
    """Return a client that accepts every certificate, and opens a connection for each request.

    A connection that is open while nginx reloads may be closed when a request is on its way.
    """
    headers = guarded.bearer() | {"Connection": "close"}
    return Traffic(guarded.api_url, verify=False, headers=headers)


def wait_for_another(guarded: GuardedStack, old: str) -> str:
    """Return the proxy's certificate once it is not ``old``: nginx replaces its workers."""
    deadline = time.monotonic() + 10
    while (found := read_certificate(guarded)) == old:
        assert time.monotonic() < deadline, "the proxy has the certificate that was replaced"
    return found


def test_each_command_works_and_new_connections_lose_no_request(
    guarded: GuardedStack, tmp_path: Path
):
    old = read_certificate(guarded)
    found = [each for each in find_commands(SECURITY) if each.startswith(COMPOSED_SECURITY)]
    commands = "\n".join(found).replace("$PWD/", "")
    commands = commands.replace("certificate.pem", f"{tmp_path}/certificate.pem")
    commands = commands.replace("https://127.0.0.1:8000", guarded.api_url)
    with send_traffic(guarded):
        output = "".join(guarded.sh(command) for command in commands.splitlines())
        wait_for_another(guarded, old)
    guarded.trust_certificate()
    assert guarded.send(f"{guarded.api_url}/health") == 200
    assert guarded.password("api", "api-token") in output
    assert guarded.password("mlflow-server", "mlflow-admin") in output
    assert '"model_loaded":true' in output
    assert (tmp_path / "certificate.pem").read_text().strip() == old.strip()


def test_a_certificate_of_ones_own_is_renewed_while_requests_are_answered(
    guarded: GuardedStack, folder: Path, tmp_path_factory: pytest.TempPathFactory
):
    def renew() -> None:
        shutil.copyfile(make_certificate(tmp_path_factory.mktemp("made")), folder / "server.pem")

    renew()
    guarded.settings["CERTIFICATE"] = str(folder)
    try:
        guarded.do("up", "--detach", "--wait", "--no-deps", "proxy")
        first = read_certificate(guarded)
        assert first.strip() in (folder / "server.pem").read_text()
        with send_traffic(guarded):
            renew()
            guarded.sh(RELOAD)
            second = wait_for_another(guarded, first)
            assert second.strip() in (folder / "server.pem").read_text()
            (folder / "server.pem").write_text("no certificate")
            with pytest.raises(AssertionError, match="cannot load certificate"):
                guarded.sh(RELOAD)
            assert read_certificate(guarded) == second
    finally:
        del guarded.settings["CERTIFICATE"]
        guarded.do("up", "--detach", "--wait", "--no-deps", "proxy")
        guarded.trust_certificate()
