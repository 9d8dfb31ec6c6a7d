"""The stack as processes on this machine: `python -m local up`, see `--help`."""

import sys

OLDEST, NEWEST = (3, 11), (3, 13)

if not OLDEST <= sys.version_info[:2] <= NEWEST:  # before modules with newer syntax are imported
    sys.exit(
        f"Python 3.11, 3.12 or 3.13 is needed, and {sys.executable} is "
        f"{sys.version_info[0]}.{sys.version_info[1]}. Use another one: make up PYTHON=python3.12"
    )

from local.commands import main  # noqa: E402

sys.exit(main())
