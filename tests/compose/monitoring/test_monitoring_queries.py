"""Every expression of the dashboards and the rules has a value after real traffic."""

import json
import time

import httpx
import pytest
from mlflow import MlflowClient

from support.monitoring_files import FAULTS, Question, read_marks, read_panels, read_values
from support.processes import ROOT, wait_until
from support.stacks.compose import BODY
from support.stacks.monitoring import MonitoredStack, register_again, shorten

SAMPLES = ROOT / "api" / "samples"
PANELS = list(read_panels())
# What there is only while an alert fires is asked for in test_monitoring_alerts.py.
ASKED = [
    question
    for question in (*PANELS, *read_values())
    if not any(question.asks_for(alert) for alert in FAULTS)
]
SWAPPED = "Active version changed"  # the annotation


@pytest.fixture(scope="module")
def traffic(monitored: MonitoredStack, monitored_registry: MlflowClient) -> None:
    """Images, batches, pictures, refused requests, and a file for the bucket, for some seconds.

    And until drift is judged, for which a version needs 50 images.
    """
    picture = (SAMPLES / "three-on-paper.png").read_bytes()
    batch = {"instances": [BODY["image"]] * 5}
    seven = json.loads((SAMPLES / "seven.json").read_text())
    version = monitored_registry.get_model_version_by_alias("mnist-classifier", "Production")
    with httpx.Client(base_url=monitored.api_url, timeout=30) as client:
        begin = time.monotonic()
        while time.monotonic() < begin + 6 or client.get("/drift").json()["images"] < 50:
            assert time.monotonic() < begin + 120
            assert client.post("/predict", json=seven).status_code == 200
            assert client.post("/predict", files={"image": picture}).status_code == 200
            assert client.post("/invocations", json=batch).status_code == 200
            assert client.post("/predict", json={"image": []}).status_code == 422
            monitored_registry.log_text(version.run_id, "traffic", "traffic.txt")
            time.sleep(0.5)


def test_there_are_at_least_20_panels():
    assert len({question.place for question in PANELS}) >= 20


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("question", ASKED, ids=[f"{q.place}: {q.expression}" for q in ASKED])
def test_a_panel_or_a_rule_has_a_value(monitored: MonitoredStack, question: Question):
    """Of a rule, what stands before the comparison; nowhere the zero that stands for no data."""
    wait_until(lambda: monitored.has_value(question.measured))


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("question", list(read_values()), ids=lambda question: question.place)
def test_a_rule_measures_a_value_without_a_fault(monitored: MonitoredStack, question: Question):
    wait_until(lambda: monitored.has_value(question.expression))


def test_a_swap_is_marked_in_the_dashboards(
    monitored: MonitoredStack, monitored_registry: MlflowClient
):
    mark = shorten(read_marks("model")[SWAPPED])
    assert mark == shorten(read_marks("traffic")[SWAPPED])
    wait_until(lambda: monitored.ask(mark) == [])  # the first one was a swap, too
    new = register_again(monitored_registry)
    monitored_registry.set_registered_model_alias("mnist-classifier", "Production", new)
    wait_until(lambda: [sample["metric"] for sample in monitored.ask(mark)] == [{"version": new}])


def test_the_alerts_that_fire_are_marked_in_the_dashboard_of_the_stack(monitored: MonitoredStack):
    """Grafana's own absence is one: its image cannot be had here."""
    (mark,) = read_marks("stack").values()
    monitored.wait_until_firing("ServiceDown", "grafana")
    fired = [sample["metric"] for sample in monitored.ask(mark)]
    assert ("ServiceDown", "grafana") in [(one["alertname"], one.get("job")) for one in fired]
