"""The committed rules and dashboards, and the expressions in them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from support.processes import ROOT

SOURCE = ROOT / "monitoring"
PROMETHEUS = SOURCE / "prometheus"
RULE_TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))  # promtool's
DASHBOARDS = sorted((SOURCE / "grafana" / "dashboards").glob("*.json"))
COMPARISON = re.compile(r"(?P<value>.*\S)\s+(?:==|>|<)\s+[\de*. ]+", re.DOTALL)
# Selectors of what there is only while something is wrong, by the alert that says so.
FAULTS = {"ApiErrors": 'status=~"5.."', "ModelNotActive": 'state!="active"'}


@dataclass(frozen=True)
class Question:
    """An expression of a dashboard or a rule, as it is in its file."""

    place: str
    expression: str

    @property
    def measured(self) -> str:
        """The expression without the zero that stands for no data, so that it can have no value."""
        return self.expression.replace(" or vector(0)", "")

    def asks_for(self, alert: str) -> bool:
        """Say whether there is data only while ``alert`` fires."""
        return alert in FAULTS and FAULTS[alert] in self.expression


def read_rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def read_rule_tests() -> list[dict[str, Any]]:
    return [case for file in RULE_TESTS for case in yaml.safe_load(file.read_text())["tests"]]


def read_panels() -> Iterator[Question]:
    """Yield the expressions of all panels, without those of annotations."""
    for file in DASHBOARDS:
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel["targets"]:
                yield Question(f"{file.stem}, {panel['title']}", target["expr"])


def read_marks(dashboard: str) -> dict[str, str]:
    """Return the expressions of a dashboard's annotations by their names."""
    file = next(path for path in DASHBOARDS if path.stem == dashboard)
    marks = json.loads(file.read_text())["annotations"]["list"]
    return {mark["name"]: mark["expr"] for mark in marks}


def read_values() -> Iterator[Question]:
    """Yield what each rule measures: its expression without the comparison with the bound."""
    for rule in read_rules():
        measured = COMPARISON.fullmatch(rule["expr"])
        assert measured, rule
        yield Question(rule["alert"], measured["value"])
