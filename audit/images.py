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
from typing import Any

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6

from audit.debian import read_debian_packages
from audit.errors import AuditFailedError
from audit.programs import read_output
from audit.python import read_python_packages
from local.environments import ROOT

REPORTS = ROOT / ".local" / "audit"
# Those with services of their own, whichever of them the user's own files name.
OVERLAYS = ("monitoring", "proxy", "score", "search")
ALL = ["--file=compose.yaml", *(f"--file=compose/{name}.yaml" for name in OVERLAYS)]
BUILD = "docker compose --file=compose.yaml --file=compose/score.yaml --profile=score build"
# Licences and versions are in these files; a whole image would be up to 1.8 GB. BusyBox has these
# options, too.
COPY = (
    r"find / -xdev \( -path /var/lib/dpkg/status -o -path '/usr/share/doc/*/copyright' "
    r"-o -path '*.dist-info/METADATA' \) | tar -c -h -f - -T -"
)
UNKNOWN = "unknown"
UNUSABLE = r"[/:@]"  # in the name of a file


def describe_images() -> None:
    """Write the SBOM of each image, and a list of all licences, to .local/audit.

    Raises AuditFailedError if no container engine answers, or if an image can't be read; those
    that can be have their SBOM all the same.
    """
    read_output(["docker", "info"], "No container engine answers, so no image can be read")
    REPORTS.mkdir(parents=True, exist_ok=True)
    licences = ["image\tpackage\tversion\tlicence"]
    missing = []
    for image, pull in _list_images().items():
        try:
            files = _copy_package_files(image, pull)
        except AuditFailedError as error:
            print(" ".join(str(error).partition("\n\n")[0].split()), flush=True)
            missing.append(image)
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
    (REPORTS / "licences.tsv").write_text("\n".join(licences) + "\n")
    print(f"All licences: {(REPORTS / 'licences.tsv').relative_to(ROOT)}")
    if missing:
        raise AuditFailedError(f"No SBOM of {', '.join(missing)}. This builds all of ours: {BUILD}")


def _list_images() -> dict[str, str]:
    """Return whether to pull the image of each service, "never" or "missing", by its name.

    Services are as the user's own files have them, and those of other overlays as these do.
    """
    images = {}
    for name, service in (_read_services(*ALL) | _read_services()).items():
        pull = "never" if "build" in service else service.get("pull_policy", "missing")
        images[service.get("image", name)] = pull
    return dict(sorted(images.items()))


def _read_services(*options: str) -> dict[str, dict[str, Any]]:
    """Return Compose's reading of all services, by their names behind the project's."""
    command = ["docker", "compose", *options, "--profile=*", "config", "--format=json"]
    project = json.loads(read_output(command, "Compose cannot name the images"))
    return {f"{project['name']}-{name}": one for name, one in project["services"].items()}


def _copy_package_files(image: str, pull: str) -> io.BytesIO:
    """Return a tar archive of the files that describe the packages. Raises AuditFailedError."""
    options = [
        "--rm",
        f"--pull={pull}",
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
