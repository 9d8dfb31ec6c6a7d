"""Clients of the proxy: those of the documents, too large ones, too many, and those that lie."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import httpx
import pytest
from mlflow import MlflowClient

from support.documents import find_commands, find_fences
from support.processes import ROOT, wait_until
from support.stacks.compose import BODY, read_services
from support.stacks.guarded import SEARCH, GuardedStack
from support.stacks.monitoring import register_again
from support.stacks.traffic import Traffic

DOCUMENTS = ("README.md", "docs/usage.md")
CURL = [
    command
    for name in DOCUMENTS
    for command in find_commands(ROOT / name)
    if command.startswith("curl ")
]
PYTHON = [fence.text for fence in find_fences(ROOT / "docs" / "usage.md", "python")]
DIRECTLY = """
import http.client, sys
api = http.client.HTTPConnection(sys.argv[1], 8000)
api.request("GET", "/health", headers={"Host": "api", "X-Forwarded-For": "203.0.113.9"})
print(api.sock.getsockname()[0], api.getresponse().status)
"""
POOLS = ("172.17.0.0/16", "172.18.0.0/15", "172.20.0.0/14", "172.24.0.0/13", "192.168.0.0/16")


@pytest.fixture
def home(guarded: GuardedStack, tmp_path: Path) -> Path:
    """A folder whose .curlrc has the token and the certificate of the stack."""
    header = f"Authorization: {guarded.bearer()['Authorization']}"
    (tmp_path / ".curlrc").write_text(f'header = "{header}"\ncacert = "{guarded.certificate}"\n')
    return tmp_path


@pytest.fixture
def client(guarded: GuardedStack) -> Iterator[httpx.Client]:
    settings = {"verify": guarded.tls(), "headers": guarded.bearer(), "timeout": 20}
    with httpx.Client(base_url=guarded.api_url, **settings) as client:
        yield client


def run(command: list[str], guarded: GuardedStack, **variables: str) -> str:
    """Run a client of the documents, with the proxy's addresses in it."""
    addresses = {
        "http://127.0.0.1:8000": guarded.api_url,
        "http://127.0.0.1:5000": guarded.mlflow_url,
    }
    for written, real in addresses.items():
        command = [part.replace(written, real) for part in command]
    variables = {"PATH": os.environ["PATH"], "no_proxy": "*", **variables}
    done = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", CURL)
def test_a_command_of_the_documents_works(guarded: GuardedStack, home: Path, command: str):
    answer = json.loads(run(["bash", "-c", command], guarded, HOME=str(home)))
    if "[0, 0.5, 1]" in command:
        assert answer["status"] == 422
    else:
        assert {"prediction", "predictions", "model_loaded"} & set(answer), answer


@pytest.mark.parametrize("code", PYTHON, ids=lambda code: code[:20])
def test_a_snippet_of_the_documents_works(guarded: GuardedStack, tmp_path: Path, code: str):
    variables = guarded.client_variables() | {"HOME": str(tmp_path)}
    output = run([sys.executable, "-W", "ignore", "-c", code], guarded, **variables)
    assert output.splitlines()[-1].startswith("["), output


def test_a_request_without_tls_is_redirected_unless_it_has_a_secret(guarded: GuardedStack):
    for url in (guarded.api_url, guarded.mlflow_url):
        redirected = httpx.post(f"{url.replace('https:', 'http:')}/health?a=b", timeout=20)
        assert (redirected.status_code, redirected.headers["location"]) == (
            308,
            f"{url}/health?a=b",
        )
        refused = httpx.get(url.replace("https:", "http:"), headers=guarded.bearer(), timeout=20)
        assert refused.status_code == 400
        assert "use https:" in refused.text


def find_clients(guarded: GuardedStack) -> set[str]:
    """Return the clients of /health in the log of the API."""
    lines = "".join(guarded.read_logs()).splitlines()
    entries = [json.loads(line) for line in lines if line.startswith('{"time"')]
    return {entry["client"] for entry in entries if entry["path"] == "/health"}


def test_only_what_the_proxy_says_about_a_client_is_believed(
    guarded: GuardedStack, client: httpx.Client
):
    claimed = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    assert client.get("/health", headers=claimed).status_code == 200
    inside = set()
    for service, name in (("mlflow-server", "api"), ("api", "api-behind-proxy")):
        address, status = guarded.do("exec", "-T", service, "python", "-c", DIRECTLY, name).split()
        assert status == "200"
        inside.add(address)
    # They claimed to be another. The engine has a line a moment after the response.
    wait_until(lambda: inside <= find_clients(guarded), 10)
    clients = find_clients(guarded)
    proxy = guarded.inspect("proxy")["NetworkSettings"]["Networks"]
    address = proxy[f"{guarded.project}_behind-proxy"]["IPAddress"]
    assert not {"203.0.113.9", address} & clients
    assert clients - {"127.0.0.1"} - inside, "this machine, of which the proxy told"


def test_docker_gives_the_addresses_behind_the_proxy_to_no_other_network(guarded: GuardedStack):
    overlays = {"COMPOSE_FILE": "compose.yaml:compose/proxy.yaml"}
    for settings in (overlays, overlays | {"PROXY_NETWORK": guarded.settings["PROXY_NETWORK"]}):
        network = read_services(**settings)["proxy"]["networks"]["behind-proxy"]
        address = ip_address(network["ipv4_address"])
        assert address.is_private
        assert not any(address in ip_network(pool) for pool in POOLS)


def test_the_api_says_what_is_too_large(client: httpx.Client):
    for body in (bytes(17_000_000), iter([bytes(1_000_000)] * 17)):
        headers = {"Content-Type": "application/octet-stream"}
        refused = client.post("/predict", content=body, headers=headers)
        assert refused.status_code == 413
        assert "larger than 16777216 bytes" in refused.json()["detail"]


def test_an_artifact_of_any_size_passes(administration: MlflowClient, tmp_path: Path):
    (tmp_path / "large").write_bytes(os.urandom(40_000_000))
    run_id = administration.create_run("0").info.run_id
    administration.log_artifact(run_id, str(tmp_path / "large"))
    (tmp_path / "read").mkdir()
    read = administration.download_artifacts(run_id, "large", str(tmp_path / "read"))
    assert Path(read).read_bytes() == (tmp_path / "large").read_bytes()


def test_a_swap_on_two_replicas_loses_no_request(
    guarded: GuardedStack, administration: MlflowClient, client: httpx.Client
):
    version = register_again(administration)
    with Traffic(guarded.api_url, verify=guarded.tls(), headers=guarded.bearer()):
        administration.set_registered_model_alias("mnist-classifier", "Production", version)
        deadline = time.monotonic() + 30
        while {client.get("/model").json()["version"] for _ in range(20)} != {version}:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    assert ["/predict" in log for log in guarded.read_logs()] == [True, True]


def test_one_address_has_few_passwords_checked_at_once(guarded: GuardedStack, tmp_path: Path):
    (tmp_path / ".curlrc").write_text(f'user = "admin:wrong"\ncacert = "{guarded.certificate}"\n')
    options = "--silent --parallel --parallel-max 80 --output /dev/null --write-out '%{http_code} '"
    many = f"curl {options} '{guarded.mlflow_url}{SEARCH}&n=[1-80]'"
    statuses = run(["bash", "-c", many], guarded, HOME=str(tmp_path)).split()
    assert set(statuses) == {"401", "429"}


def test_too_many_requests_are_refused_and_come_back_later(
    guarded: GuardedStack, home: Path, client: httpx.Client
):
    """Those that the proxy passes have no token: they take little time, so that they are many."""
    (home / ".curlrc").write_text(f'cacert = "{guarded.certificate}"\n')
    options = "--silent --parallel --parallel-max 20 --output /dev/null --write-out '%{http_code} '"
    many = f"curl {options} --data '{{}}' '{guarded.api_url}/predict?[1-3000]'"
    statuses = run(["bash", "-c", many], guarded, HOME=str(home)).split()
    assert set(statuses) == {"401", "429"}
    deadline = time.monotonic() + 30
    while (last := client.post("/predict", json=BODY)).status_code == 429:
        assert last.json()["title"] == "Too Many Requests"
        assert time.monotonic() < deadline
    assert last.status_code == 200
