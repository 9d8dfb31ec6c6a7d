"""The committed configuration, checked by the tools of the images that read it."""

import subprocess

import pytest
import yaml

from support.monitoring_files import RULE_TESTS, SOURCE, read_rule_tests, read_rules
from support.processes import ROOT

IMAGES = yaml.safe_load((ROOT / "compose" / "base-images.yaml").read_text())["services"]


def run(service: str, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    image = IMAGES[service]["image"].partition("$")[0]  # without its digest
    volumes = (f"{SOURCE}:/monitoring:ro", "/dev/null:/run/passwords/api-token/password:ro")
    options = [f"--entrypoint={tool}", *(f"--volume={volume}" for volume in volumes)]
    command = ["docker", "run", "--rm", *options]
    return subprocess.run(
        [*command, image, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("service", "tool", "arguments"),
    [
        (
            "prometheus",
            "promtool",
            "check config --lint=all --lint-fatal prometheus/prometheus.yml",
        ),
        ("prometheus", "promtool", "check rules --lint=all --lint-fatal prometheus/rules.yml"),
        *(
            ("prometheus", "promtool", f"test rules {file.relative_to(SOURCE)}")
            for file in RULE_TESTS
        ),
        ("alertmanager", "amtool", "check-config alertmanager.yml"),
    ],
)
def test_the_configuration_passes_the_check_of_its_tool(service: str, tool: str, arguments: str):
    *options, file = arguments.split()
    done = run(service, tool, *options, f"/monitoring/{file}")
    assert done.returncode == 0, done.stdout
    assert "SUCCESS" in done.stdout


def test_each_alert_is_unit_tested_to_start_and_not_to():
    outcomes: dict[str, set[bool]] = {}
    for each in read_rule_tests():
        for case in each["alert_rule_test"]:
            outcomes.setdefault(case["alertname"], set()).add(bool(case["exp_alerts"]))
    assert outcomes == {rule["alert"]: {True, False} for rule in read_rules()}
