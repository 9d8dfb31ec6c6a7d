"""Provides the base images: the real ones, or stand-ins where no registry can be reached.

A stand-in is made of Debian's packages under the real one's name, and labelled as what it is.
Addresses and certificates come from this machine's own settings and stay in the stand-ins.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.engine.packages import SUITE, debian_mirror, run, works

ROOT = Path(__file__).resolve().parents[2]
RECIPES = Path(__file__).parent / "standins"
DEBIAN = "debian:trixie-slim"
LABEL = "mnist.stand-in"
EMPTIED = [
    "var/cache/apt",
    "var/lib/apt/lists",
    *(f"usr/share/{d}" for d in ("doc", "man", "locale", "info")),
]
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"


def provide_base_images() -> None:
    """Pull the base images that are not here; build stand-ins for those that cannot be pulled."""
    needed = [name for name in base_images() if not works("docker", "image", "inspect", name)]
    absent = [name for name in needed if not works("docker", "pull", "--quiet", name)]
    if absent:
        print(f"No registry gives {', '.join(absent)}: building stand-ins ...", flush=True)
        if not works("docker", "image", "inspect", DEBIAN):
            import_debian()
    for name in absent:
        if name != DEBIAN:
            build_stand_in(name)


def base_images() -> list[str]:
    """Return the images that the Dockerfiles start from and compose.yaml names."""
    texts = [file.read_text() for file in ROOT.glob("*/Dockerfile")]
    texts += [file.read_text() for file in ROOT.glob("*/*/Dockerfile")]
    texts.append((ROOT / "compose.yaml").read_text())
    named = re.findall(r"^\s*(?:FROM|image:) ([a-z]+:\S+)", "\n".join(texts), re.MULTILINE)
    return sorted(set(named))


def import_debian() -> None:
    """Make the Debian stand-in with debootstrap, with this machine's certificates in it."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "root"
        included = "--include=ca-certificates"
        run("debootstrap", "--variant=minbase", included, SUITE, root, debian_mirror())
        for folder in EMPTIED:
            shutil.rmtree(root / folder, ignore_errors=True)
            (root / folder).mkdir()
        shutil.copyfile(os.environ.get("SSL_CERT_FILE", f"/{CERTIFICATES}"), root / CERTIFICATES)
        label = f"LABEL {LABEL}=true"
        with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as tar:
            subprocess.run(
                ["docker", "import", "--change", label, "--change", 'CMD ["bash"]', "-", DEBIAN],
                stdin=tar.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
            )


def build_stand_in(name: str) -> None:
    """Build the stand-in of image ``name`` from its recipe, with this machine's addresses."""
    settings = {"PIP_INDEX": pip_index(), "GO_PROXY": go_proxy()}
    arguments = [f"--build-arg={key}={value}" for key, value in settings.items() if value]
    run(
        "docker",
        "build",
        "--quiet",
        f"--tag={name}",
        *arguments,
        RECIPES / name.split(":", maxsplit=1)[0],
    )


def pip_index() -> str:
    """Return the package index that this machine's pip is set to, or nothing."""
    for setting in ("global.index-url", ":env:.index-url"):
        found = subprocess.run(
            ["python3", "-m", "pip", "config", "get", setting],
            capture_output=True,
            text=True,
            check=False,
        )
        if found.returncode == 0:
            return found.stdout.strip()
    return ""


def go_proxy() -> str:
    """Return the module proxy that this machine's go is set to, or nothing."""
    return (
        run("go", "env", "GOPROXY").strip() if shutil.which("go") else os.environ.get("GOPROXY", "")
    )
