"""Dashboards and alerts without an engine: their form, and the paragraphs that they name.

Grafana's image cannot be had where these tests run, so that what it needs is checked here: a
dashboard without one of these fields is not loaded, or is shown empty.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.monitoring_files import DASHBOARDS, SOURCE, read_rules
from support.processes import ROOT

PROVISIONING = SOURCE / "grafana" / "provisioning"
VIEWS = {"timeseries", "stat", "bargauge", "state-timeline"}  # panels that Grafana brings along
UNITS = {
    "Bps", "bytes", "ops", "percentunit", "reqps", "s", "short",
}  # fmt: skip
COLUMNS = 24
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()

each_dashboard = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)


def read_source() -> dict[str, Any]:
    file = PROVISIONING / "datasources" / "prometheus.yml"
    (source,) = yaml.safe_load(file.read_text())["datasources"]
    return dict(source)


@each_dashboard
def test_a_dashboard_can_be_provisioned(path: Path) -> None:
    board = json.loads(path.read_text())
    assert board["uid"] == f"mnist-{path.stem}"
    assert board["title"]
    assert board["schemaVersion"] >= 39  # below, Grafana converts it
    assert board["editable"] is False
    assert {"from", "to"} <= set(board["time"])
    assert "id" not in board  # the database gives it
    assert board["templating"] == {"list": []}  # so no other variables than Grafana's own
    for mark in board["annotations"]["list"]:
        assert mark["datasource"] == {"type": "prometheus", "uid": read_source()["uid"]}
        assert mark["enable"]
        assert {"name", "expr", "iconColor", "titleFormat"} <= set(mark)


@each_dashboard
def test_a_panel_has_what_grafana_needs(path: Path) -> None:
    panels = json.loads(path.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["type"] in VIEWS, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        assert panel["fieldConfig"]["overrides"] == []
        assert panel["options"]
        names = [target["refId"] for target in panel["targets"]]
        assert names == [*"ABCDEF"[: len(names)]], panel["title"]
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == {"type": "prometheus", "uid": read_source()["uid"]}
        for target in panel["targets"]:
            used = set(re.findall(r"\$\w+", target["expr"]))
            assert used <= {"$__rate_interval", "$__range"}, panel["title"]


@each_dashboard
def test_panels_lie_within_the_grid_and_do_not_overlap(path: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(path.read_text())["panels"]:
        at = panel["gridPos"]
        assert 0 <= at["x"] < at["x"] + at["w"] <= COLUMNS
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_grafana_finds_the_dashboards_where_compose_mounts_them() -> None:
    services = yaml.safe_load((ROOT / "compose" / "monitoring.yaml").read_text())["services"]
    mounted = dict(volume.split(":")[:2] for volume in services["grafana"]["volumes"])
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "dashboards.yml").read_text())[
        "providers"
    ]
    folder = provider["options"]["path"]
    assert mounted["./monitoring/grafana/dashboards"] == folder
    home = services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home in [f"{folder}/{path.name}" for path in DASHBOARDS]
    assert read_source()["url"] == "http://prometheus:9090"


@pytest.mark.parametrize("alert", read_rules(), ids=lambda alert: alert["alert"])
def test_an_alert_names_its_paragraph_in_the_documentation(alert: dict[str, Any]) -> None:
    """Which says what it means, what to look at, and what to do."""
    assert alert["annotations"]["runbook"] == f"docs/operations.md#{alert['alert'].lower()}"
    paragraph = re.search(rf"^#### {alert['alert']}\n\n(.+?)(?=^#|\Z)", OPERATIONS, re.M | re.S)
    assert paragraph, alert["alert"]
    for part in ("Means:", "Look at:", "Do:"):
        assert part in paragraph[1], f"{alert['alert']}: {part}"
    assert alert["labels"]["severity"] in ("critical", "warning", "info")


def test_every_alert_of_the_documentation_exists() -> None:
    documented = re.findall(r"^#### ([A-Z]\w+)$", OPERATIONS, re.M)
    assert sorted(documented) == sorted(alert["alert"] for alert in read_rules())
