"""Commands of the documents, run as a user does, on the cluster that is named."""

import os
import subprocess
import tempfile
from pathlib import Path

from support.documents import find_commands
from support.processes import ROOT
from support.stacks.kubernetes import kubectl


def run_command(command: str, folder: Path = ROOT) -> None:
    """Run a command by a shell, where the named context is the current one."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
        config.write(kubectl("config", "view", "--raw", "--minify", "--flatten"))
        config.flush()
        environ = os.environ | {"KUBECONFIG": config.name}
        subprocess.run(["bash", "-c", command], cwd=folder, env=environ, check=True, timeout=300)


def find_kubernetes_commands(document: str, *words: str) -> list[str]:
    """Return the commands of a document in docs/ that have one of these words, in order."""
    commands = find_commands(ROOT / "docs" / document)
    return [each for each in commands if any(word in each for word in words)]
