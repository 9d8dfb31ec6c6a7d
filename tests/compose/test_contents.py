"""The SBOM of each image: what `make audit` says is in it, is in it."""

import csv
import json
import os
import subprocess

import pytest

from support.processes import ROOT, python_of
from support.stacks.compose import Stack, docker, read_services

REPORTS = ROOT / ".local" / "audit"
OURS = ["api", "minio", "mlflow-server", "setup", "trainer"]
NO_SERVICES = ("base-images", "images", "s3")
OVERLAYS = [path for path in ROOT.glob("compose/*.yaml") if path.stem not in NO_SERVICES]
IMAGES = {
    service.get("image", f"mnist-compose-test-{name}")
    for name, service in read_services(
        COMPOSE_FILE=":".join(("compose.yaml", *map(str, OVERLAYS)))
    ).items()
}
INSTALLED = (
    "from importlib.metadata import distributions; "
    "print(*{(d.name + '=' + d.version).lower() for d in distributions(path=['/opt/venv/lib/"
    "python3.13/site-packages'])}, sep='\\n')"
)
VALIDATE = (
    "import sys; from cyclonedx.schema import SchemaVersion; "
    "from cyclonedx.validation.json import JsonStrictValidator; "
    "sys.exit(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()))"
)


def audit(project: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python_of("audit"), "-m", "audit", "images"],
        cwd=ROOT, env=os.environ | {"COMPOSE_PROJECT_NAME": project},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def audited(stack: Stack) -> subprocess.CompletedProcess[str]:
    return audit(stack.project)


def test_the_image_of_each_service_has_an_sbom_or_fails_the_audit(
    audited: subprocess.CompletedProcess[str],
):
    inspect = ("image", "inspect", "--format={{.Id}}")
    missing = {image for image in IMAGES if not docker(*inspect, image, check=False).strip()}
    described = {
        line.partition(": ")[0] for line in audited.stdout.splitlines() if "Debian" in line
    }
    assert described == IMAGES - missing
    assert audited.returncode == bool(missing), audited.stderr
    assert all(image in audited.stderr for image in missing)


def packages(image: str, kind: str) -> set[str]:
    """The packages of a kind in an image's SBOM, as name=version."""
    components = json.loads((REPORTS / f"{image}.cdx.json").read_text())["components"]
    return {
        f"{component['name']}={component['version']}".lower()
        for component in components
        if component["purl"].startswith(f"pkg:{kind}/")
    }


def installed(image: str, program: str, *arguments: str) -> set[str]:
    run = ["run", "--rm", "--network=none", f"--entrypoint={program}", image]
    return set(docker(*run, *arguments).lower().split())


@pytest.mark.parametrize("image", [image for image in OURS if image != "minio"])
def test_the_python_packages_of_an_image_are_in_its_sbom(stack: Stack, audited: object, image: str):
    found = installed(f"{stack.project}-{image}", "python", "-c", INSTALLED)
    assert found
    assert found <= packages(f"{stack.project}-{image}", "pypi")


@pytest.mark.parametrize("image", ["api", "minio"])
def test_the_debian_packages_of_an_image_are_in_its_sbom(stack: Stack, audited: object, image: str):
    query = ["--show", "--showformat=${Package}=${Version}\\n"]
    found = installed(f"{stack.project}-{image}", "dpkg-query", *query)
    assert found
    assert found == packages(f"{stack.project}-{image}", "deb")


def test_an_sbom_is_valid_cyclonedx(stack: Stack, audited: object):
    sbom = (REPORTS / f"{stack.project}-setup.cdx.json").read_text()
    validated = subprocess.run(
        [python_of("audit"), "-c", VALIDATE],
        input=sbom,
        capture_output=True,
        text=True,
        check=False,
    )
    assert validated.returncode == 0, validated.stderr


def test_the_licences_of_all_images_are_in_one_table(stack: Stack, audited: object):
    with (REPORTS / "licences.tsv").open() as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    licences = {(row["image"], row["package"]): row["licence"] for row in rows}
    assert licences[(f"{stack.project}-api", "Flask")] == "BSD-3-Clause"
    images = {row["image"] for row in rows}
    assert images >= {f"{stack.project}-{name}" for name in OURS}
    assert any(image.startswith("postgres:") for image in images)


def test_images_that_are_not_built_are_named_and_fail_the_audit():
    done = audit("mnist-compose-test-unbuilt")
    assert done.returncode == 1
    assert "mnist-compose-test-unbuilt-api has no SBOM: docker: " in done.stdout
    assert "mnist-compose-test-unbuilt-score" in done.stderr
