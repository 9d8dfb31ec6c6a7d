"""Each alert fires because of its real cause, and ends with it; all times are shortened.

Causes that do not disturb each other last at the same time.
"""

import contextlib
import gzip
import io
import itertools
import time
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from mlflow import MlflowClient
from numpy.typing import NDArray
from PIL import Image

from support.monitoring_files import read_panels, read_values
from support.processes import ROOT, wait_until
from support.servers.alert_receiver import Receiver
from support.stacks.clients import sending
from support.stacks.monitoring import NOT_STARTED, MonitoredStack, register_again

MODEL, ALIAS = "mnist-classifier", "Production"
TEST_IMAGES = ROOT / "trainer" / "data" / "t10k-images-idx3-ubyte.gz"
DISK = "/var/lib/minio/filler"
FOLDER = (
    "select current_setting('data_directory') || '/base/' || oid from pg_database "
    "where datname = 'mlflow'"
)
AGE = "update model_versions set creation_time = creation_time - {} * 86400000::bigint"
PENDING = 'ALERTS{alertname="ModelOld"}'  # or firing
CLIENTS = 12  # connections, so that every worker gets some


def sql(stack: MonitoredStack, statement: str) -> str:
    psql = ("psql", "-U", "mlflow", "-d", "mlflow", "-Atc", statement)
    return stack.do("exec", "-T", "postgres", *psql)


@pytest.fixture(scope="module", autouse=True)
def full_disk(monitored: MonitoredStack) -> None:
    """From the first test on, as MinIO measures its disk once a minute."""
    fill = f"head -c 1G /dev/zero > {DISK}"
    assert "No space left" in monitored.run("exec", "-T", "minio", "sh", "-c", fill).stdout


@contextlib.contextmanager
def sending_digits(stack: MonitoredStack, images: NDArray[np.float64]) -> Iterator[None]:
    """Send images [n, 784], 0 to 1, one in a request, during the `with` block."""
    chosen = itertools.cycle(images)

    def send(client: httpx.Client) -> None:
        client.post("/predict", json={"image": next(chosen).round(4).tolist()})

    with sending(stack.api_url, send, CLIENTS, pause=0.4):
        yield


def test_errors_fire_while_there_is_no_model_and_are_sent_to_the_receiver(
    monitored: MonitoredStack, monitored_registry: MlflowClient, receiver: Receiver
):
    """The API starts without a version that has the alias, and with nothing in its cache."""
    version = monitored_registry.get_model_version_by_alias(MODEL, ALIAS).version
    monitored_registry.delete_registered_model_alias(MODEL, ALIAS)
    monitored.do("exec", "-T", "api", "sh", "-c", "rm -rf /cache/*")
    with sending(monitored.api_url):
        monitored.do("restart", "--no-deps", "api")
        monitored.wait_until_firing("ApiErrors")
        check_panels_show(monitored, "ApiErrors")
        monitored.wait_until_firing("ModelNotActive")  # its state is `missing`
        wait_until(lambda: ("ApiErrors", "firing") in receiver.received, 30)
        monitored_registry.set_registered_model_alias(MODEL, ALIAS, version)
        monitored.wait_until_ended("ApiErrors")
        monitored.wait_until_ended("ModelNotActive")
    wait_until(lambda: ("ApiErrors", "resolved") in receiver.received, 60)


def test_no_traffic_an_old_version_and_a_refused_one_fire(
    monitored: MonitoredStack, monitored_registry: MlflowClient
):
    """The registry says that the active one was registered 31 days ago.

    The file of the refused one is not the one that its tag says.
    """
    sql(monitored, AGE.format(31))
    wait_until(lambda: monitored.ask(PENDING) != [], 60)  # the API has read it
    old = monitored_registry.get_model_version_by_alias(MODEL, ALIAS).version
    damaged = register_again(monitored_registry, sha256="0" * 64)
    monitored_registry.set_registered_model_alias(MODEL, ALIAS, damaged)
    monitored.wait_until_firing("ModelNotActive")
    check_panels_show(monitored, "ModelNotActive")
    monitored.wait_until_firing("ModelOld")
    monitored.wait_until_firing("ApiNoTraffic")
    monitored_registry.set_registered_model_alias(MODEL, ALIAS, old)
    monitored.wait_until_ended("ModelNotActive")
    new = register_again(monitored_registry)
    monitored_registry.set_registered_model_alias(MODEL, ALIAS, new)
    with sending(monitored.api_url):
        monitored.wait_until_ended("ModelOld")
        monitored.wait_until_ended("ApiNoTraffic")


def check_panels_show(stack: MonitoredStack, alert: str) -> None:
    """Check what has no data without the fault, which test_monitoring_queries.py leaves out."""
    questions = [q for q in (*read_panels(), *read_values()) if q.asks_for(alert)]
    assert {question.place for question in questions} > {alert}
    for question in questions:
        wait_until(lambda asked=question: stack.has_value(asked.measured))


def test_inverted_digits_large_pictures_a_large_database_and_a_full_disk_fire(
    monitored: MonitoredStack,
):
    """Postgres counts a sparse file that takes no space. The digits fire within two minutes."""
    with gzip.open(TEST_IMAGES) as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784)[:2000] / 255
    noise = np.random.default_rng(0).integers(0, 256, (3500, 3500), dtype=np.uint8)
    picture = io.BytesIO()
    Image.fromarray(noise).save(picture, "JPEG", quality=60)
    files = {"image": picture.getvalue()}
    large = f"{sql(monitored, FOLDER).strip()}/filler"
    monitored.do("exec", "-T", "postgres", "truncate", "-s", "11G", large)
    monitored.wait_until_firing("DiskAlmostFull")
    monitored.do("exec", "-T", "minio", "rm", DISK)
    with sending_digits(monitored, 1 - images):
        monitored.wait_until_firing("ModelDrift", seconds=120)
    with sending_digits(monitored, images):
        with sending(monitored.api_url, lambda client: client.post("/predict", files=files), 10):
            monitored.wait_until_firing("ApiSlow")
        monitored.wait_until_firing("DatabaseLarge")
        monitored.do("exec", "-T", "postgres", "rm", large)
        for alert in ("DatabaseLarge", "ApiSlow", "DiskAlmostFull"):
            monitored.wait_until_ended(alert, seconds=180)
        monitored.wait_until_ended("ModelDrift", seconds=180)


def find_down(stack: MonitoredStack) -> set[str]:
    """Return the services that are reported, but Grafana, which does not run here."""
    return {job for name, job in stack.firing() if name == "ServiceDown"} - {NOT_STARTED}


@pytest.mark.parametrize(
    ("services", "reported"),
    [
        (("api", "minio"), {"api", "minio"}),
        (("mlflow-server", "postgres-exporter"), {"mlflow-server", "postgres"}),
        # MLflow does not respond without its database
        (("postgres", "alertmanager"), {"postgres", "mlflow-server", "alertmanager"}),
    ],
    ids=lambda names: " ".join(sorted(names)),
)
def test_stopped_services_are_reported_and_no_others(
    monitored: MonitoredStack, services: tuple[str, ...], reported: set[str]
):
    """The API cannot ask the registry without its server.

    A service that runs may be reported, too, on a slow machine, until it answers in time.
    """
    monitored.do("stop", *services)
    for job in reported:
        monitored.wait_until_firing("ServiceDown", job)
    if "mlflow-server" in services:
        monitored.wait_until_firing("RegistryUnreachable")
    else:
        time.sleep(6)  # longer than it takes another one to be reported
    deadline = time.monotonic() + 30
    while (down := find_down(monitored)) != reported:
        assert time.monotonic() < deadline, down
        time.sleep(0.3)
    monitored.do("start", *services)
    for job in reported:
        monitored.wait_until_ended("ServiceDown", job)
    monitored.wait_until_ended("RegistryUnreachable")
