"""The services of the overlay: their rights, networks, ports and secrets."""

import json
import re
import shlex
from pathlib import Path

import httpx
import pytest
import yaml

from support.processes import ROOT, wait_until
from support.stacks.compose import check_hardened, docker
from support.stacks.make import make
from support.stacks.monitoring import NOT_STARTED, MonitoredStack

OVERLAY = yaml.safe_load((ROOT / "compose" / "monitoring.yaml").read_text())["services"]
ADDED = [name for name in OVERLAY if name not in ("passwords", "minio", NOT_STARTED)]
RUNNING = [name for name in ADDED if name != "exporter-role"]
READ = {  # of each service with a port, what a page might read
    "api": "/health",
    "minio": "/",
    "mlflow-server": "/api/2.0/mlflow/experiments/search?max_results=1",
    "prometheus": "/api/v1/query?query=up",
}
AS_EXPORTER = "PGPASSWORD=$0 psql -h 127.0.0.1 -U exporter -d mlflow -Atc"


@pytest.mark.parametrize("service", ADDED)
def test_a_container_has_no_unneeded_privileges(monitored: MonitoredStack, service: str):
    container = monitored.inspect(service)
    host = container["HostConfig"]
    check_hardened(container)
    assert not [mount for mount in container["Mounts"] if "docker.sock" in mount["Source"]]
    if service in RUNNING:
        assert container["State"]["Health"]["Status"] == "healthy"
        assert host["RestartPolicy"]["Name"] == "unless-stopped"


def test_grafana_has_the_rights_of_the_others_and_neither_account_nor_login(
    monitored: MonitoredStack,
):
    """As Compose reads it, since its image cannot be had here."""
    services = json.loads(monitored.do("config", "--format=json"))["services"]
    grafana, prometheus = services[NOT_STARTED], services["prometheus"]
    for name in ("init", "read_only", "cap_drop", "security_opt", "pids_limit", "restart"):
        assert grafana[name] == prometheus[name]
    assert grafana["user"] == "472:0"
    assert int(grafana["mem_limit"]) > 0
    assert [port["host_ip"] for port in grafana["ports"]] == ["127.0.0.1"]
    assert "/api/health" in " ".join(grafana["healthcheck"]["test"])
    settings = grafana["environment"]
    assert settings["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert settings["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert settings["GF_AUTH_BASIC_ENABLED"] == "false"
    assert settings["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"


@pytest.fixture(scope="module")
def published(monitored: MonitoredStack) -> dict[str, tuple[str, str]]:
    """Address and port of what each running service publishes."""
    return {
        service: (binding["HostIp"], binding["HostPort"])
        for service in monitored.do("ps", "--services").split()
        for bindings in monitored.inspect(service)["NetworkSettings"]["Ports"].values()
        for binding in bindings or []
    }


def test_of_the_added_services_only_prometheus_has_a_port_and_on_the_loopback_address(
    published: dict[str, tuple[str, str]],
):
    """And Grafana. Alertmanager would let the pages of every origin silence alerts."""
    assert [service for service in ADDED if service in published] == ["prometheus"]
    assert published["prometheus"][0] == "127.0.0.1"
    assert set(published) == set(READ)


@pytest.mark.parametrize("service", READ)
def test_a_page_of_another_origin_may_read_no_port(
    published: dict[str, tuple[str, str]], service: str
):
    url = f"http://127.0.0.1:{published[service][1]}{READ[service]}"
    assert httpx.get(url, timeout=10).status_code == 200
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x"}
    for origin in ("http://foreign.example", "null"):
        for method in ("GET", "POST", "OPTIONS"):
            response = httpx.request(method, url, headers={"Origin": origin, **asked}, timeout=10)
            assert "access-control-allow-origin" not in response.headers, (method, origin)


def test_the_documented_commands_silence_an_alert_and_list_it(
    monitored: MonitoredStack,
):
    document = (ROOT / "docs" / "operations.md").read_text()
    lines = re.findall(r"^docker compose exec alertmanager (amtool .+)", document, re.MULTILINE)
    add, query, expire, alerts = (("exec", "-T", "alertmanager", *shlex.split(e)) for e in lines)
    silence = monitored.do(*add).strip()
    assert silence in monitored.do(*query)
    monitored.do(*expire[:-1], silence)
    assert silence not in monitored.do(*query)
    # Prometheus repeats an alert each minute: to an Alertmanager that was started again, too
    wait_until(lambda: NOT_STARTED in monitored.do(*alerts), 90)


def test_of_the_added_services_only_the_exporter_and_its_role_reach_the_database(
    monitored: MonitoredStack,
):
    data = f"{monitored.project}_data"
    inside = {s for s in ADDED if data in monitored.inspect(s)["NetworkSettings"]["Networks"]}
    assert inside == {"exporter-role", "postgres-exporter"}
    (metrics,) = json.loads(docker("network", "inspect", f"{monitored.project}_metrics"))
    assert metrics["Internal"]


def read_password(monitored: MonitoredStack) -> str:
    """Return the password of the exporter's role."""
    read = ("run", "--rm", "--no-deps", "-T", "--entrypoint=cat", "exporter-role")
    return monitored.do(*read, "/run/passwords/exporter/password")


def test_the_exporter_reads_statistics_and_no_table(monitored: MonitoredStack):
    """With the password of its volume, over TCP; what it may do more would be listed."""
    password = read_password(monitored)

    def query(statement: str) -> str:
        command = ("bash", "-c", f'{AS_EXPORTER} "$1"', password, statement)
        return monitored.run("exec", "-T", "postgres", *command).stdout.strip()

    assert query("select rolname from pg_roles where pg_has_role(rolname, 'member')").split() == [
        "pg_monitor",
        "pg_read_all_settings",
        "pg_read_all_stats",
        "pg_stat_scan_tables",
        "exporter",
    ]
    assert query("select rolsuper or rolcreaterole or rolcreatedb or rolreplication "
                 "or rolbypassrls from pg_roles where rolname = 'exporter'") == "f"  # fmt: skip
    assert query("select pg_database_size('mlflow') > 0") == "t"
    assert "permission denied for table runs" in query("select * from runs")
    assert "permission denied" in query("create table mine (one int)")
    log = monitored.do("logs", "postgres", "postgres-exporter", "exporter-role")
    inspected = json.dumps([monitored.inspect(service) for service in ADDED])
    assert password not in log + inspected + monitored.do("config")


def test_the_role_is_made_on_an_existing_volume_and_again(monitored: MonitoredStack):
    superuser = ("psql", "-U", "mlflow", "-d", "mlflow", "-Atc")
    monitored.do("stop", "postgres-exporter")
    monitored.do("exec", "-T", "postgres", *superuser, "drop role exporter")
    for _ in range(2):
        monitored.do("up", "--detach", "--wait", "postgres-exporter")
    count = "select count(*) from pg_roles where rolname = 'exporter'"
    assert monitored.do("exec", "-T", "postgres", *superuser, count).strip() == "1"


def test_an_exporter_without_its_database_is_unhealthy(monitored: MonitoredStack):
    monitored.do("stop", "postgres")
    monitored.wait_for("postgres-exporter", "unhealthy")
    monitored.do("start", "postgres")
    monitored.wait_for("postgres-exporter", "healthy")


def test_every_replica_of_the_api_is_found(monitored: MonitoredStack):
    name = f"{monitored.project}-replica"
    monitored.do("run", "--detach", "--no-deps", "--use-aliases", "--name", name, "api")
    try:
        monitored.wait_for_value('sum(up{job="api"})', 2, 90)
    finally:
        docker("rm", "--force", name)
    monitored.wait_for_value('sum(up{job="api"})', 1)


def test_a_rotation_gives_the_exporter_a_new_password_and_leaves_all_jobs_up(
    monitored: MonitoredStack, tmp_path: Path
):
    """The last test, as the disk of this stack ends with its containers."""
    (tmp_path / "without.yaml").write_text(f"services: {{{NOT_STARTED}: {{profiles: [none]}}}}")
    files = f"{monitored.settings['COMPOSE_FILE']}:{tmp_path / 'without.yaml'}"
    old = read_password(monitored)
    rotated = make(monitored, "rotate", COMPOSE_FILE=files)
    assert rotated.returncode == 0, rotated.stderr
    assert read_password(monitored) != old
    for expression in ("pg_up", 'sum(up{job="api"})', 'sum(up{job="mlflow-server"})'):
        monitored.wait_for_value(expression, 1)
