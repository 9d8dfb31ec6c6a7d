"""The Debian packages of an image, from the files of dpkg."""

import re
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from debian.copyright import Copyright
from debian.copyright import Error as CopyrightError
from debian.deb822 import Deb822
from packageurl import PackageURL

COMMON_LICENCE = re.compile(r"/usr/share/common-licenses/([A-Za-z][\w.+-]*\w)")


def read_debian_packages(root: Path) -> Iterator[Component]:
    """Yield the packages that dpkg has installed in the file system at ``root``."""
    path = root / "var/lib/dpkg/status"
    if not path.is_file():  # another distribution
        return
    with path.open() as status:
        for package in Deb822.iter_paragraphs(status):
            if package["Status"].endswith(" installed"):
                name, version = package["Package"], package["Version"]
                architecture = package["Architecture"]
                yield Component(
                    type=ComponentType.LIBRARY,
                    name=name,
                    version=version,
                    bom_ref=f"{name}={version}:{architecture}",
                    licenses=_read_licences(root / "usr/share/doc" / name / "copyright"),
                    purl=PackageURL(
                        "deb", "debian", name, version, qualifiers={"arch": architecture}
                    ),
                )


def _read_licences(path: Path) -> list[DisjunctiveLicense]:
    """Return the licences that a package's copyright file names; none if there is no such file.

    A file that is not in Debian's format names at least the texts that Debian has only once.
    """
    if not path.is_file():
        return []
    text = path.read_text(errors="replace")
    try:
        paragraphs = Copyright(text.splitlines(), strict=False).all_files_paragraphs()
        licences = [paragraph.license for paragraph in paragraphs]
        names = {licence.synopsis for licence in licences if licence}  # type: ignore[attr-defined]
    except (CopyrightError, ValueError):
        names = set(COMMON_LICENCE.findall(text))
    return [DisjunctiveLicense(name=name) for name in sorted(filter(None, names))]
