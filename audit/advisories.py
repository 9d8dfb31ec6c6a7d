"""The advisories on the packages of every lock, by pip-audit from OSV.

pip-audit reads PIP_AUDIT_OSV_URL, for a mirror of OSV.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from audit.errors import AuditFailedError
from local.environments import LOCKS, ROOT

PIP_AUDIT = [
    str(Path(sys.executable).with_name("pip-audit")),
    "--vulnerability-service=osv",
    "--require-hashes",
    "--disable-pip",
    "--progress-spinner=off",
    "--desc=off",
    "--format=json",
]
MARKER = re.compile(r"^([\w.\[\],-]+==\S+) ;[^\\\n]*", re.MULTILINE)
PIN = re.compile(r"^(?=\w)", re.MULTILINE)  # where each begins
UNREACHABLE = re.compile(r"requests\.exceptions\.|.*Could not connect")


def list_locks() -> list[Path]:
    """Return the locks of all environments and of the peers that the API is compared with."""
    return [*LOCKS.values(), *sorted(ROOT.glob("bench/peers/*/requirements.txt"))]


def check_locks(locks: list[Path]) -> None:
    """Ask for the advisories on every lock and print them.

    Raises AuditFailedError if there are any, if the service does not answer, or if it does not
    know a package: no advisory is then no good news.
    """
    found: dict[str, list[str]] = {}
    try:
        for lock in locks:
            name = os.path.relpath(lock, ROOT)
            packages = list(_ask(lock, name))
            print(f"{name}: {len(packages)} packages", flush=True)
            for package in packages:
                for line in _describe(package):
                    found.setdefault(line, []).append(name)
    finally:
        for line, names in found.items():
            print(f"{line}\n    locked in {', '.join(names)}", flush=True)
    if found:
        raise AuditFailedError(
            f"Findings: {len(found)}. `make lock` renews the locks; if a pyproject.toml excludes "
            "the fixed version, change that first."
        )
    print("There is no advisory on any locked package.")


def _ask(lock: Path, name: str) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        for file in _write_pins(lock, Path(folder)):
            yield from _ask_for_file(file, name)


def _ask_for_file(file: Path, name: str) -> list[dict[str, Any]]:
    command = [*PIP_AUDIT, f"--requirement={file}"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        answer: list[dict[str, Any]] = json.loads(asked.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        cause = (asked.stderr.strip().splitlines() or ["nothing"])[-1]
        sentence = f"{name} was not audited."
        if UNREACHABLE.match(cause):
            sentence = (
                "No advisory service answers, so nothing is known about the locked packages. It "
                "is api.osv.dev, or PIP_AUDIT_OSV_URL."
            )
        raise AuditFailedError(f"{sentence} pip-audit says: {cause}") from None
    return answer


def _write_pins(lock: Path, folder: Path) -> list[Path]:
    """Write all pins of a lock to files, and return these.

    pip-audit skips what a marker excludes on this machine, and takes a package once a file. So
    the files have no markers, and a further pin of a package is in a further file.
    """
    files: dict[Path, str] = {}
    count: Counter[str] = Counter()
    for pin in PIN.split(MARKER.sub(r"\1 ", lock.read_text())):
        name = re.split(r"\W*==|\[", pin, maxsplit=1)[0]
        path = folder / f"{count[name]}.txt"
        files[path] = files.get(path, "") + pin
        count[name] += 1
    for path, text in files.items():
        path.write_text(text)
    return list(files)


def _describe(package: dict[str, Any]) -> list[str]:
    """Return a line for each advisory, or for the reason why there is no answer."""
    if "skip_reason" in package:
        return [f"{package['name']}: not audited. {package['skip_reason']}"]
    return [
        f"{package['name']} {package['version']}: "
        f"{' '.join([advisory['id'], *advisory['aliases']])}, "
        f"fixed in {' or '.join(advisory['fix_versions']) or 'no version yet'}"
        for advisory in package["vulns"]
    ]
