"""`make digests`: asks the registries for the digests of the base images, by Docker's buildx.

Where an image is named, `${NAME_DIGEST}` follows its tag: nothing, unless compose/digests.env is
among Compose's environment files.
"""

import json
import re
import sys
from pathlib import Path

from audit.errors import AuditFailedError
from audit.programs import read_output
from local.environments import ROOT

DIGESTS = ROOT / "compose" / "digests.env"
PLACES = ("*/Dockerfile", "*/*/Dockerfile", "compose.yaml", "compose/*.yaml")
NAMED = re.compile(r"^(?:FROM| +image:) (\S+)\$\{(\w+_DIGEST)(?::-)?\}", re.MULTILINE)
HEADER = """\
# The digests of the base images, from `make digests`; an empty one is an image by its tag alone.
# docs/security.md, "Supply chain", says how they are used.
"""


def list_base_images(root: Path) -> dict[str, str]:
    """Return the base images with their tags, by the variable of their digest."""
    texts = [path.read_text() for place in PLACES for path in sorted(root.glob(place))]
    named = {(variable, image) for text in texts for image, variable in NAMED.findall(text)}
    return dict(sorted(named))


def look_up_digest(image: str) -> str:
    """Return the digest that the registry has for ``image`` now. Raises AuditFailedError."""
    command = ["docker", "buildx", "imagetools", "inspect", "--format={{json .Manifest}}", image]
    answer = read_output(command, f"The registry gave no digest of {image}")
    return str(json.loads(answer)["digest"])


def renew_digests(images: dict[str, str], path: Path) -> None:
    """Write the digest of every image to ``path``, or nothing. Raises AuditFailedError."""
    lines = []
    for variable, image in images.items():
        digest = look_up_digest(image)
        print(f"{image}@{digest}", flush=True)
        lines.append(f"{variable}=@{digest}\n")
    path.write_text(HEADER + "".join(lines))


def main() -> int:
    """Renew compose/digests.env and return the exit code."""
    try:
        renew_digests(list_base_images(ROOT), DIGESTS)
    except AuditFailedError as error:
        print(f"{error}\n{DIGESTS.relative_to(ROOT)} is as it was.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
