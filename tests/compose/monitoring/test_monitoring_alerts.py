"""Each alert fires because of its real cause, and ends with it; all times are shortened."""

import gzip
import io
import itertools
import time

import httpx
import numpy as np
import pytest
from mlflow import MlflowClient
from PIL import Image

from support.processes import ROOT, wait_until
from support.servers.alert_receiver import Receiver
from support.stacks.clients import sending
from support.stacks.monitoring import MonitoredStack, register_again

MODEL, ALIAS = "mnist-classifier", "Production"
TEST_IMAGES = ROOT / "trainer" / "data" / "t10k-images-idx3-ubyte.gz"
DISK = "/var/lib/minio/filler"
FOLDER = (
    "select current_setting('data_directory') || '/base/' || oid from pg_database "
    "where datname = 'mlflow'"
)
AGE = "update model_versions set creation_time = creation_time - {} * 86400000::bigint"


def sql(stack: MonitoredStack, statement: str) -> str:
    psql = ("psql", "-U", "mlflow", "-d", "mlflow", "-Atc", statement)
    return stack.do("exec", "-T", "postgres", *psql)


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
        wait_until(lambda: ("ApiErrors", "firing") in receiver.received, 30)
        monitored_registry.set_registered_model_alias(MODEL, ALIAS, version)
        monitored.wait_until_ended("ApiErrors")
    wait_until(lambda: ("ApiErrors", "resolved") in receiver.received, 60)


def test_slow_responses_fire_while_large_pictures_are_sent(monitored: MonitoredStack):
    noise = np.random.default_rng(0).integers(0, 256, (3500, 3500), dtype=np.uint8)
    picture = io.BytesIO()
    Image.fromarray(noise).save(picture, "JPEG", quality=60)
    files = {"image": picture.getvalue()}
    with sending(monitored.api_url, lambda client: client.post("/predict", files=files), 10):
        monitored.wait_until_firing("ApiSlow")
    with sending(monitored.api_url):
        monitored.wait_until_ended("ApiSlow")


def test_a_full_disk_and_a_large_database_fire(monitored: MonitoredStack):
    """MinIO measures its disk once a minute; Postgres counts a sparse file that takes no space."""
    large = f"{sql(monitored, FOLDER).strip()}/filler"
    fill = f"head -c 1G /dev/zero > {DISK}"
    assert "No space left" in monitored.run("exec", "-T", "minio", "sh", "-c", fill).stdout
    monitored.do("exec", "-T", "postgres", "truncate", "-s", "11G", large)
    monitored.wait_until_firing("DatabaseLarge")
    monitored.wait_until_firing("DiskAlmostFull", seconds=120)
    monitored.do("exec", "-T", "minio", "rm", DISK)
    monitored.do("exec", "-T", "postgres", "rm", large)
    monitored.wait_until_ended("DatabaseLarge")
    monitored.wait_until_ended("DiskAlmostFull", seconds=120)


def test_no_traffic_fires_while_nobody_asks(monitored: MonitoredStack):
    monitored.wait_until_firing("ApiNoTraffic")
    with sending(monitored.api_url):
        monitored.wait_until_ended("ApiNoTraffic")


def test_drift_fires_while_the_digits_are_inverted(monitored: MonitoredStack):
    """At most two minutes after they begin; and it ends with them."""
    with gzip.open(TEST_IMAGES) as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784) / 255
    clean, inverted = ({"digits": itertools.cycle(i)} for i in (images[:2000], 1 - images[:2000]))

    def send(client: httpx.Client, digits: itertools.cycle) -> None:
        client.post("/predict", json={"image": next(digits).round(4).tolist()})

    with sending(monitored.api_url, lambda client: send(client, **inverted), pause=0.2):
        monitored.wait_until_firing("ModelDrift", seconds=120)
    with sending(monitored.api_url, lambda client: send(client, **clean)):
        monitored.wait_until_ended("ModelDrift", seconds=180)


def test_a_desired_version_that_is_refused_fires(
    monitored: MonitoredStack, monitored_registry: MlflowClient
):
    """Its file is not the one that its tag says."""
    good = monitored_registry.get_model_version_by_alias(MODEL, ALIAS).version
    damaged = register_again(monitored_registry, sha256="0" * 64)
    monitored_registry.set_registered_model_alias(MODEL, ALIAS, damaged)
    monitored.wait_until_firing("ModelNotActive")
    monitored_registry.set_registered_model_alias(MODEL, ALIAS, good)
    monitored.wait_until_ended("ModelNotActive")


def test_an_old_version_fires_until_a_new_one_is_promoted(
    monitored: MonitoredStack, monitored_registry: MlflowClient
):
    """The registry says that it was registered 31 days ago."""
    sql(monitored, AGE.format(31))
    monitored.wait_until_firing("ModelOld")
    new = register_again(monitored_registry)
    monitored_registry.set_registered_model_alias(MODEL, ALIAS, new)
    monitored.wait_until_ended("ModelOld")


@pytest.mark.parametrize(
    ("service", "reported"),
    [
        ("api", {"api"}),
        ("mlflow-server", {"mlflow-server"}),
        ("postgres", {"postgres", "mlflow-server"}),  # which does not respond without it
        ("postgres-exporter", {"postgres"}),
        ("minio", {"minio"}),
        ("alertmanager", {"alertmanager"}),
    ],
)
def test_a_stopped_service_is_reported_and_no_other(
    monitored: MonitoredStack, service: str, reported: set[str]
):
    """But Grafana, which does not run here."""
    monitored.do("stop", service)
    for job in reported:
        monitored.wait_until_firing("ServiceDown", job)
    time.sleep(4)  # longer than it takes another one to be reported
    down = {job for name, job in monitored.firing() if name == "ServiceDown"}
    assert down - {"grafana"} == reported
    monitored.do("start", service)
    for job in reported:
        monitored.wait_until_ended("ServiceDown", job)
