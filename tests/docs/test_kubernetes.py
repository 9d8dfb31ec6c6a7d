"""What of deploy/kubernetes needs no cluster."""

import re
import subprocess

from support.processes import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"


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


def test_without_a_context_nothing_is_done() -> None:
    command = ["make", "test-kubernetes", "KUBE_CONTEXT="]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == (
        "Nothing is done without a cluster: name its context, KUBE_CONTEXT=...\n"
    )
