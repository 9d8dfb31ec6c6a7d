"""What the images of the services contain, as an SBOM each: CycloneDX, Python and Debian packages.

They are read from the images as they are here, not from the locks: an image has only a part of a
universal lock, and all of its base image.
"""

import io
import json
import re
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6

from audit.debian import read_debian_packages
from audit.errors import AuditFailedError
from audit.programs import read_output
from audit.python import read_python_packages
from local.environments import ROOT

REPORTS = ROOT / ".local" / "audit"
# Licences and versions are in these files; a whole image would be up to 1.8 GB. BusyBox has these
# options, too.
COPY = (
    r"find / -xdev \( -path /var/lib/dpkg/status -o -path '/usr/share/doc/*/copyright' "
    r"-o -path '*.dist-info/METADATA' \) | tar -c -h -f - -T -"
)
UNKNOWN = "unknown"
UNUSABLE = r"[/:@]"  # in the name of a file


def describe_images() -> None:
    """Write the SBOM of each image that is here, and a list of all licences, to .local/audit.

    Raises AuditFailedError if no container engine answers, or if none of the images can be read.
    """
    read_output(["docker", "info"], "No container engine answers, so no image can be read")
    REPORTS.mkdir(parents=True, exist_ok=True)
    licences = ["image\tpackage\tversion\tlicence"]
    for image in _list_images():
        try:
            files = _copy_package_files(image)
        except AuditFailedError as error:
            print(str(error).partition("\n")[0], flush=True)
            continue
        with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=files) as tar:
            tar.extractall(folder, filter="data")
            bom = read_python_packages(Path(folder))
            bom.components.update(read_debian_packages(Path(folder)))
        bom.metadata.component = Component(type=ComponentType.CONTAINER, name=image)
        bom.register_dependency(bom.metadata.component, bom.components)
        path = REPORTS / f"{re.sub(UNUSABLE, '-', image)}.cdx.json"
        JsonV1Dot6(bom).output_to_file(str(path), allow_overwrite=True, indent=2)
        licences += _list_licences(image, bom)
        kinds = Counter(component.purl.type for component in bom.components if component.purl)
        print(
            f"{image}: {kinds['pypi']} Python and {kinds['deb']} Debian packages in "
            f"{path.relative_to(ROOT)}"
        )
    if len(licences) == 1:
        raise AuditFailedError("No image could be read: docker compose build")
    (REPORTS / "licences.tsv").write_text("\n".join(licences) + "\n")
    print(f"All licences: {(REPORTS / 'licences.tsv').relative_to(ROOT)}")


def _list_images() -> list[str]:
    """Return the names of the images of all services."""
    command = ["docker", "compose", "--profile=*", "config", "--format=json"]
    project = json.loads(read_output(command, "Compose cannot name the images"))
    return sorted(
        {
            service.get("image", f"{project['name']}-{name}")
            for name, service in project["services"].items()
        }
    )


def _copy_package_files(image: str) -> io.BytesIO:
    """Return a tar archive of the files that describe the packages. Raises AuditFailedError."""
    options = [
        "--rm",
        "--pull=never",
        "--network=none",
        "--read-only",
        "--user=0",
        "--entrypoint=sh",
    ]
    command = ["docker", "run", *options, image, "-c", COPY]
    return io.BytesIO(read_output(command, f"{image} has no SBOM"))


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
