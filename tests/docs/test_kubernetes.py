"""What of deploy/kubernetes needs no cluster."""

import re
import subprocess
from typing import Any

import yaml

from support.documents import CLUSTER_COMMANDS, find_commands
from support.processes import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
TESTS = ROOT / "tests" / "kubernetes"
NOT_RUN = {  # the tests take any cluster, and apply overlays of their own
    "deploy/kubernetes/images.sh kind load docker-image",
    "kubectl apply --kustomize deploy/kubernetes/all-in-one",
    "kubectl apply --kustomize deploy/kubernetes/mine",
}
TIMES = {"periodSeconds", "timeoutSeconds", "failureThreshold"}


def test_all_images_have_one_tag() -> None:
    found = [
        (path.parent.name, tag)
        for path in sorted(FOLDER.rglob("kustomization.yaml"))
        for tag in re.findall(r"newTag: ([^}\s]+)", path.read_text())
    ]
    assert {name for name, _ in found} >= {"base", "all-in-one", "score", "search"}
    assert len({tag for _, tag in found}) == 1, found


def test_postgres_has_one_tag_there_and_in_compose() -> None:
    files = [ROOT / "compose" / "base-images.yaml", *FOLDER.rglob("*.yaml"), FOLDER / "images.sh"]
    found = {
        (path.name, tag)
        for path in files
        for tag in re.findall(r"postgres:(\d[\d.]*-[\w.-]+)", path.read_text())
    }
    names = {"base-images.yaml", "postgres.yaml", "database.yaml", "images.sh"}
    assert {name for name, _ in found} == names
    assert len({tag for _, tag in found}) == 1, found


def read_servers() -> dict[str, Any]:
    """Return the container of each Deployment and StatefulSet by its name."""
    found = (
        each
        for path in FOLDER.rglob("*.yaml")
        for each in yaml.safe_load_all(path.read_text())
        if each.get("kind") in ("Deployment", "StatefulSet")
    )
    return {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]["containers"][0]
        for each in found
    }


def test_each_server_has_three_probes_of_which_liveness_asks_something_else() -> None:
    """What makes it not ready, as a missing model or database, is no reason to start it again."""
    servers = read_servers()
    assert set(servers) == {"api", "mlflow-server", "minio", "postgres"}
    for name, container in servers.items():
        startup, ready, live = (
            container[f"{probe}Probe"] for probe in ("startup", "readiness", "liveness")
        )
        assert ask(ready) != ask(live), name
        assert last(startup) >= 2 * last(live), f"{name}: a start takes longer than a response"


def ask(probe: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in probe.items() if key not in TIMES}


def last(probe: dict[str, Any]) -> int:
    """Return for how many seconds a probe may fail, by Kubernetes' defaults."""
    return int(probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3))


def test_every_command_of_the_document_is_run_by_a_test() -> None:
    """By tests/kubernetes, but for those of NOT_RUN."""
    commands = set(find_commands(ROOT / "docs" / "kubernetes.md"))
    words = {word for each in CLUSTER_COMMANDS.values() for word in each}
    assert {each for each in commands if not any(word in each for word in words)} == NOT_RUN
    assert not [word for word in words if not any(word in each for each in commands)]
    tests = "".join(path.read_text() for path in TESTS.glob("*.py"))
    run = re.findall(r'find_kubernetes_commands\("(\w+)"\)', tests)
    assert set(run) == set(CLUSTER_COMMANDS)


def test_without_a_context_nothing_is_done() -> None:
    command = ["make", "test-kubernetes", "KUBE_CONTEXT="]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == (
        "Nothing is done without a cluster: name its context, KUBE_CONTEXT=...\n"
    )
