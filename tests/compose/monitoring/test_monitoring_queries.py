"""Every expression of the dashboards and the rules has a value after real traffic."""

import json
import math
import time

import httpx
import pytest
from mlflow import MlflowClient

from support.processes import ROOT, wait_until
from support.stacks.compose import BODY
from support.stacks.monitoring import (
    DASHBOARDS,
    MonitoredStack,
    Question,
    read_panels,
    read_values,
    register_again,
)

SAMPLES = ROOT / "api" / "samples"
PANELS = list(read_panels())
VALUES = list(read_values())
SWAPPED = "Active version changed"  # the annotation


def has_value(stack: MonitoredStack, expression: str) -> bool:
    """Return whether the result has a number; a quantile of nothing, for instance, is none."""
    return any(not math.isnan(float(sample["value"][1])) for sample in stack.ask(expression))


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
@pytest.mark.parametrize("question", PANELS, ids=[f"{q.place}: {q.expression}" for q in PANELS])
def test_a_panel_has_a_value(monitored: MonitoredStack, question: Question):
    wait_until(lambda: has_value(monitored, question.expression))


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("question", VALUES, ids=[question.place for question in VALUES])
def test_a_rule_measures_a_value(monitored: MonitoredStack, question: Question):
    """What stands before the comparison, as the alert does not fire."""
    wait_until(lambda: has_value(monitored, question.expression))


def test_a_swap_is_marked_in_the_dashboards(
    monitored: MonitoredStack, monitored_registry: MlflowClient
):
    boards = {path.stem: json.loads(path.read_text()) for path in DASHBOARDS}
    marks = {
        name: mark["expr"]
        for name, board in boards.items()
        for mark in board["annotations"]["list"]
        if mark["name"] == SWAPPED
    }
    assert set(marks) == {"model", "traffic"}
    assert len(set(marks.values())) == 1
    wait_until(lambda: monitored.ask(marks["model"]) == [], 90)  # the first one was a swap, too
    new = register_again(monitored_registry)
    monitored_registry.set_registered_model_alias("mnist-classifier", "Production", new)
    wait_until(
        lambda: [sample["metric"] for sample in monitored.ask(marks["model"])] == [{"version": new}]
    )


def test_the_alerts_that_fire_are_marked_in_the_dashboard_of_the_stack(monitored: MonitoredStack):
    """Grafana's own absence is one: its image cannot be had here."""
    board = next(path for path in DASHBOARDS if path.stem == "stack")
    (mark,) = json.loads(board.read_text())["annotations"]["list"]
    monitored.wait_until_firing("ServiceDown", "grafana")
    fired = [sample["metric"] for sample in monitored.ask(mark["expr"])]
    assert ("ServiceDown", "grafana") in [(one["alertname"], one.get("job")) for one in fired]
