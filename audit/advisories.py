"""The advisories on the packages of every lock, by pip-audit from OSV.

pip-audit reads PIP_AUDIT_OSV_URL, for a mirror of OSV.
"""

import json
import subprocess
import sys
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


def list_locks() -> list[Path]:
    """Return the locks of all environments and of the peers that the API is compared with."""
    return [*LOCKS.values(), *sorted(ROOT.glob("bench/peers/*/requirements.txt"))]


def check_locks(locks: list[Path]) -> None:
    """Ask for the advisories on every lock and print them.

    Raises AuditFailedError if there are any, if the service does not answer, or if it does not
    know a package: no advisory is then no good news.
    """
    found: dict[str, list[str]] = {}
    for lock in locks:
        name = str(lock.relative_to(ROOT))
        packages = _ask(lock)
        print(f"{name}: {len(packages)} packages", flush=True)
        for package in packages:
            for line in _describe(package):
                found.setdefault(line, []).append(name)
    for line, names in found.items():
        print(f"{line}\n    locked in {', '.join(names)}")
    if found:
        raise AuditFailedError(
            f"Findings: {len(found)}. `make lock` renews the locks; if a pyproject.toml excludes "
            "the fixed version, change that first."
        )
    print("There is no advisory on any locked package.")


def _ask(lock: Path) -> list[dict[str, Any]]:
    asked = subprocess.run(
        [*PIP_AUDIT, f"--requirement={lock}"], capture_output=True, text=True, check=False
    )
    try:
        answer: list[dict[str, Any]] = json.loads(asked.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        cause = asked.stderr.strip().splitlines()[-1:] or ["pip-audit printed nothing"]
        raise AuditFailedError(
            "No advisory service answers, so nothing is known about the locked packages. It is "
            f"api.osv.dev, or PIP_AUDIT_OSV_URL. pip-audit says: {cause[0]}"
        ) from None
    return answer


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
