"""The Python packages of an image, by cyclonedx-py."""

import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from cyclonedx.model.bom import Bom

CYCLONEDX_PY = Path(sys.executable).with_name("cyclonedx-py")


def read_python_packages(root: Path) -> Bom:
    """Return the SBOM of the packages whose METADATA is somewhere below ``root``.

    cyclonedx-py describes an environment that it can run, so the metadata go into a new one. Its
    validation takes 20 s an image; a test makes it.
    """
    environment = root / "environment"
    found = [path.parent for path in root.rglob("*.dist-info/METADATA")]
    venv.create(environment, with_pip=False)
    (packages,) = environment.glob("lib/python*/site-packages")
    for folder in found:
        shutil.copytree(folder, packages / folder.name, dirs_exist_ok=True)
    described = subprocess.run(
        [CYCLONEDX_PY, "environment", "--no-validate", "--output-reproducible", environment],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    bom: Bom = Bom.from_json(json.loads(described.stdout))  # type: ignore[attr-defined]
    return bom
