"""What the images of this project contain, as an SBOM each: CycloneDX, Python and Debian packages.

They are read from the images as they are built, not from the locks: an image has only a part of a
universal lock, and all of its base image.
"""

import io
import json
import subprocess
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6

from audit.debian import read_debian_packages
from audit.errors import AuditFailedError
from audit.python import read_python_packages
from local.environments import ROOT

REPORTS = ROOT / ".local" / "audit"
# Licences and versions are in these files; a whole image would be up to 1.8 GB.
COPY = (
    r"find / -xdev \( -path /var/lib/dpkg/status -o -path '/usr/share/doc/*/copyright' "
    r"-o -path '*.dist-info/METADATA' \) | tar --create --dereference --files-from=-"
)
UNKNOWN = "unknown"


def describe_images() -> None:
    """Write the SBOM of each image that is built, and a list of all licences, to .local/audit.

    Raises AuditFailedError if no container engine answers.
    """
    REPORTS.mkdir(parents=True, exist_ok=True)
    licences = ["image\tpackage\tversion\tlicence"]
    for image in _list_images():
        files = _copy_package_files(image)
        if files is None:
            print(f"{image} is not built, so it has no SBOM: docker compose build")
            continue
        with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=files) as tar:
            tar.extractall(folder, filter="data")
            bom = read_python_packages(Path(folder))
            bom.components.update(read_debian_packages(Path(folder)))
        bom.metadata.component = Component(type=ComponentType.CONTAINER, name=image)
        bom.register_dependency(bom.metadata.component, bom.components)
        path = REPORTS / f"{image}.cdx.json"
        JsonV1Dot6(bom).output_to_file(str(path), allow_overwrite=True, indent=2)
        licences += _list_licences(image, bom)
        kinds = Counter(component.purl.type for component in bom.components if component.purl)
        print(
            f"{image}: {kinds['pypi']} Python and {kinds['deb']} Debian packages in "
            f"{path.relative_to(ROOT)}"
        )
    (REPORTS / "licences.tsv").write_text("\n".join(licences) + "\n")
    print(f"All licences: {(REPORTS / 'licences.tsv').relative_to(ROOT)}")


def _list_images() -> list[str]:
    """Return the names of the images that compose.yaml builds."""
    config = subprocess.run(
        ["docker", "compose", "--profile=*", "config", "--format=json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if config.returncode != 0:
        raise AuditFailedError(f"Compose cannot name the images: {config.stderr.strip()}")
    project = json.loads(config.stdout)
    return sorted(
        {
            service.get("image", f"{project['name']}-{name}")
            for name, service in project["services"].items()
            if "build" in service
        }
    )


def _copy_package_files(image: str) -> io.BytesIO | None:
    """Return a tar archive of the files that describe the packages; None if there is no image."""
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode != 0:
        raise AuditFailedError("No container engine answers, so no image can be read.")
    inspect = ["docker", "image", "inspect", image]
    if subprocess.run(inspect, capture_output=True, check=False).returncode != 0:
        return None
    options = ["--rm", "--network=none", "--read-only", "--user=0", "--entrypoint=sh"]
    copied = subprocess.run(
        ["docker", "run", *options, image, "-c", COPY], capture_output=True, check=False
    )
    if copied.returncode != 0:
        raise AuditFailedError(f"{image} could not be read: {copied.stderr.decode().strip()}")
    return io.BytesIO(copied.stdout)


def _list_licences(image: str, bom: Bom) -> list[str]:
    lines = []
    for component in sorted(bom.components, key=lambda component: component.name.lower()):
        names = [
            str(getattr(licence, "value", None) or licence.id or licence.name)
            for licence in component.licenses
        ]
        licence = ", ".join(sorted(names)) or UNKNOWN
        lines.append(f"{image}\t{component.name}\t{component.version}\t{licence}")
    return lines
