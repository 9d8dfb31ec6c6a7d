"""The Python packages of an image, by cyclonedx-py."""

import json
import shutil
import sys
import venv
from pathlib import Path

from cyclonedx.model.bom import Bom

from audit.programs import read_output

CYCLONEDX_PY = Path(sys.executable).with_name("cyclonedx-py")


def read_python_packages(root: Path) -> Bom:
    """Return the SBOM of the packages whose METADATA is somewhere below ``root``.

    Raises AuditFailedError. cyclonedx-py describes an environment that it can run, so the metadata
    go into a new one. Its validation takes 20 s an image; a test makes it.
    """
    environment = root / "environment"
    found = [path.parent for path in root.rglob("*.dist-info/METADATA")]
    venv.create(environment, with_pip=False)
    (packages,) = environment.glob("lib/python*/site-packages")
    for folder in found:
        shutil.copytree(folder, packages / folder.name, dirs_exist_ok=True)
    command = [
        str(CYCLONEDX_PY),
        "environment",
        "--no-validate",
        "--output-reproducible",
        str(environment),
    ]
    described = read_output(command, "cyclonedx-py cannot describe the Python packages")
    bom: Bom = Bom.from_json(json.loads(described))  # type: ignore[attr-defined]
    return bom
