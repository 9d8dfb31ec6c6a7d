"""Commands of the documents, run as a user does, on the cluster that is named."""

import os
import subprocess
import tempfile
from pathlib import Path

from support.documents import CLUSTER_COMMANDS, find_commands
from support.processes import ROOT
from support.stacks.kubernetes import kubectl


def run_command(command: str, folder: Path = ROOT) -> str:
    """Run a command by a shell, where the named context is the current one; return its output."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
        config.write(kubectl("config", "view", "--raw", "--minify", "--flatten"))
        config.flush()
        environ = os.environ | {"KUBECONFIG": config.name}
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=300,
        )
    return done.stdout


def find_kubernetes_commands(subject: str) -> list[str]:
    """Return the commands of docs/kubernetes.md about a subject, in order."""
    commands = find_commands(ROOT / "docs" / "kubernetes.md")
    return [one for one in commands if any(word in one for word in CLUSTER_COMMANDS[subject])]
