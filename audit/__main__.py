"""`make audit`: the Dockerfiles, what the images contain, and the advisories on every lock.

Each check runs whatever the others found. `python -m audit images` runs one of them.
"""

import argparse
import sys
from collections.abc import Callable

from audit.advisories import check_locks, list_locks
from audit.dockerfiles import check_dockerfiles
from audit.errors import AuditFailedError
from audit.images import describe_images

CHECKS: dict[str, Callable[[], None]] = {
    "dockerfiles": check_dockerfiles,
    "images": describe_images,
    "advisories": lambda: check_locks(list_locks()),
}


def main() -> int:
    """Run the checks that the arguments name, or all, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m audit", description=__doc__)
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=", ".join(CHECKS))
    chosen = parser.parse_args().checks or list(CHECKS)
    if unknown := set(chosen) - set(CHECKS):
        parser.error(f"no such check: {', '.join(unknown)}; there are {', '.join(CHECKS)}")
    failed = False
    for name in chosen:
        print(f"\n{name}", flush=True)
        try:
            CHECKS[name]()
        except AuditFailedError as error:
            print(error, file=sys.stderr, flush=True)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
