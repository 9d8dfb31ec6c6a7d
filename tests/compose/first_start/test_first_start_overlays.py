"""After a first `up` with all overlays that was interrupted, the next `up` works."""

from collections.abc import Iterator

import pytest

from support.processes import free_port
from support.stacks.compose import Stack, started
from support.stacks.guarded import ALL, GuardedStack, provide_nginx
from support.stacks.kills import KILL_AT_RENAME, KILL_AT_ROW, kill, kill_at

VOLUMES = ("api-token", "exporter", "mlflow-api")
ROWS = (  # the first account; all accounts, without their rights
    "FROM accounts.users",
    "FROM accounts.users WHERE username = 'api'",
)
SERVICES = ("alertmanager", "prometheus", "postgres-exporter", "proxy")
WITHOUT_GRAFANA = "services: {grafana: !reset null}\n"  # its image is not everywhere
CREATE_ROLE = (
    "PGPASSWORD=$(cat /run/passwords/postgres/password) psql --host=postgres --username=mlflow "
    "--dbname=postgres --command='create role exporter'; kill -KILL $$"
)


@pytest.fixture
def guarded(built: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedStack]:
    """A stack with all overlays that was never started."""
    provide_nginx()
    folder = tmp_path_factory.mktemp("interrupted")
    guarded = GuardedStack("mnist-compose-test-interrupted", f"{built.project}-", folder)
    overlay = folder / "without-grafana.yaml"
    overlay.write_text(WITHOUT_GRAFANA)
    files = (guarded.settings["COMPOSE_FILE"], "compose/monitoring.yaml", str(overlay))
    guarded.settings |= {
        "API_REPLICAS": "1",
        "COMPOSE_FILE": ":".join(files),
        "PROMETHEUS_PORT": str(free_port()),
        "PROXY_NETWORK": "172.16.245",
    }
    with started(guarded, lambda: None):
        yield guarded


def test_up_works_after_each_service_of_the_overlays_was_killed_in_its_first_start(
    guarded: GuardedStack,
):
    for volume in VOLUMES:
        kill(guarded, "passwords", "-c", KILL_AT_RENAME, volume)
    for command in ("cat", "mv"):
        kill_at(guarded, "certificate", "/certificate.sh /run/certificate", command)
    kill(guarded, "exporter-role", "-c", CREATE_ROLE, entrypoint="bash")
    for row in ROWS:
        kill(guarded, "mlflow-server", "-c", KILL_AT_ROW, row)
    for service in SERVICES:
        guarded.do("up", "--detach", service)
        guarded.do("kill", service)
    guarded.start_all()
    assert guarded.find_accepted(guarded.secrets()) == ALL
