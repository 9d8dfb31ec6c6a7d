"""`make digests`: asks the registries for the digests of the base images, by Docker's buildx.

They are kept in compose/base-images.yaml, behind the tags of images and as arguments of the builds,
whose tags are in the Dockerfiles.
"""

import json
import re
import sys
from pathlib import Path

from audit.errors import AuditFailedError
from audit.programs import read_output
from local.environments import ROOT

BASE_IMAGES = ROOT / "compose" / "base-images.yaml"
DOCKERFILES = ("*/Dockerfile", "*/*/Dockerfile")
FROM = re.compile(r"^FROM (\S+)\$\{(\w+_DIGEST)\}", re.MULTILINE)
DIGEST = re.compile(r"^( +(?:image: (\S+)|(\w+_DIGEST): ))\$\{IMAGE_DIGESTS-.*\}$", re.MULTILINE)


def list_build_images(root: Path) -> dict[str, str]:
    """Return the images with their tags that builds start from, by the variable of their digest."""
    texts = [path.read_text() for place in DOCKERFILES for path in root.glob(place)]
    return {variable: image for text in texts for image, variable in FROM.findall(text)}


def look_up_digest(image: str) -> str:
    """Return the digest that the registry has for ``image`` now. Raises AuditFailedError."""
    command = ["docker", "buildx", "imagetools", "inspect", "--format={{json .Manifest}}", image]
    answer = read_output(command, f"The registry gave no digest of {image}")
    return str(json.loads(answer)["digest"])


def renew_digests(path: Path, build_images: dict[str, str]) -> None:
    """Write the digest of every image to ``path``, or nothing. Raises AuditFailedError."""

    def renew(found: re.Match[str]) -> str:
        image = found[2] or build_images[found[3]]
        digest = look_up_digest(image)
        print(f"{image}@{digest}", flush=True)
        return f"{found[1]}${{IMAGE_DIGESTS-@{digest}}}"

    path.write_text(DIGEST.sub(renew, path.read_text()))


def main() -> int:
    """Renew compose/base-images.yaml and return the exit code."""
    try:
        renew_digests(BASE_IMAGES, list_build_images(ROOT))
    except AuditFailedError as error:
        print(f"{error}\n{BASE_IMAGES.relative_to(ROOT)} is as it was.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
