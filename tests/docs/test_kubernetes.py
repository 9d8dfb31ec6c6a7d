"""What of deploy/kubernetes needs no cluster."""

import re
import subprocess

from support.processes import ROOT


def test_all_images_have_one_tag() -> None:
    folder = ROOT / "deploy" / "kubernetes"
    found = [
        (path.parent.name, tag)
        for path in sorted(folder.rglob("kustomization.yaml"))
        for tag in re.findall(r"newTag: ([^}\s]+)", path.read_text())
    ]
    assert {name for name, _ in found} >= {"base", "all-in-one", "score", "search"}
    assert len({tag for _, tag in found}) == 1, found


def test_without_a_context_nothing_is_done() -> None:
    command = ["make", "test-kubernetes", "KUBE_CONTEXT="]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == (
        "Nothing is done without a cluster: name its context, KUBE_CONTEXT=...\n"
    )
