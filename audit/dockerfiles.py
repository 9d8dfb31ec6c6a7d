"""The Dockerfiles, by hadolint; .hadolint.yaml says which of its rules do not apply, and why."""

import subprocess
import sys
from pathlib import Path

from audit.errors import AuditFailedError
from audit.programs import read_output
from local.environments import ROOT

HADOLINT = Path(sys.executable).with_name("hadolint")


def check_dockerfiles() -> None:
    """Check every Dockerfile under version control. Raises AuditFailedError."""
    command = ["git", "ls-files", "*Dockerfile"]
    listed = read_output(command, "Git cannot list the Dockerfiles").decode().split()
    if subprocess.run([HADOLINT, *listed], cwd=ROOT, check=False).returncode != 0:
        raise AuditFailedError("hadolint has findings in the Dockerfiles; see above.")
    print(f"hadolint has no findings in {len(listed)} Dockerfiles.")
