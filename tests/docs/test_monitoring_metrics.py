"""What rules and dashboards ask of the metrics fits what is exported, and its interval."""

import re

import pytest
import yaml

from mnist_api.handlers.router import TEMPLATES
from mnist_api.telemetry.metrics import CONFIDENCES, SCORES, SECONDS
from support.monitoring_files import (
    DASHBOARDS,
    PROMETHEUS,
    RULE_TESTS,
    read_panels,
    read_rule_tests,
    read_rules,
)

EXPRESSIONS = [*(panel.expression for panel in read_panels()), *(r["expr"] for r in read_rules())]
PROBES = {
    "/health",
    "/metrics",
    "/ping",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/<name>/ready",
    "/v2/models/<name>/versions/<version>/ready",
}
BUCKETS = {
    "mnist_api_request_seconds_bucket": SECONDS,
    "mnist_api_confidence_bucket": CONFIDENCES,
    "mnist_api_digit_score_bucket": SCORES,
}


def test_probes_and_scrapes_are_left_out_by_one_spelling_everywhere() -> None:
    files = [PROMETHEUS / "rules.yml", *DASHBOARDS]
    spellings = {
        spelling
        for file in files
        for spelling in re.findall(r'route!~\\?"(.+?)\\?"', file.read_text())
    }
    assert len(spellings) == 1
    (pattern,) = spellings
    assert {template for template in TEMPLATES if re.fullmatch(pattern, template)} == PROBES


@pytest.mark.parametrize("expression", [e for e in EXPRESSIONS if "mnist_api_request" in e])
def test_requests_are_asked_for_without_probes_and_scrapes(expression: str) -> None:
    selectors = re.findall(r"mnist_api_request\w+(\{.*?\})?\[", expression)
    assert all("route!~" in selector for selector in selectors)


def test_the_bounds_asked_for_are_those_of_the_buckets() -> None:
    """Between two of them a quantile is interpolated, and a selector finds nothing."""
    asked: set[tuple[str, str]] = set()
    for expression in EXPRESSIONS:
        asked |= set(re.findall(r'(mnist_api_\w+_bucket)\{[^}]*le="([\d.]+)"', expression))
        if compared := re.search(r"histogram_quantile.*?(mnist_api_\w+).*> ([\d.]+)$", expression):
            asked.add((compared[1], compared[2]))
    for case in read_rule_tests():
        for each in case["input_series"]:
            asked |= set(re.findall(r'(mnist_api_\w+_bucket)\{.*le="([\d.]+)"', each["series"]))
    assert ("mnist_api_request_seconds_bucket", "0.5") in asked
    assert [(name, bound) for name, bound in asked if float(bound) not in BUCKETS[name]] == []


def test_the_rules_are_tested_with_the_intervals_of_prometheus() -> None:
    """So that a test has as many samples in a window as the stack."""
    intervals = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["global"]
    assert {yaml.safe_load(file.read_text())["evaluation_interval"] for file in RULE_TESTS} == {
        intervals["evaluation_interval"]
    }
    assert {case["interval"] for case in read_rule_tests()} == {intervals["scrape_interval"]}


def test_every_name_that_prometheus_looks_up_ends_in_a_dot() -> None:
    """Else it looks in the machine's own domains as well, and a host there may get the token."""
    jobs = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]
    lookups = [each for job in jobs for each in job.get("dns_sd_configs", ())]
    names = {name for each in lookups for name in each["names"]}
    assert {name.removesuffix(".") for name in names} == {"api", "minio", "proxy"}
    assert [name for name in names if not name.endswith(".")] == []


def test_the_steps_of_the_rules_are_the_interval_of_the_scrapes() -> None:
    """So that each scrape is counted once."""
    intervals = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["global"]
    steps = {step for rule in read_rules() for step in re.findall(r":(\w*)\]", rule["expr"])}
    assert steps == {intervals["scrape_interval"]}
