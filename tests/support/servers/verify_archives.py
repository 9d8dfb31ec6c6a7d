"""Prints why each archive of a folder is refused, as JSON; run with the server's Python."""

import json
import sys
from pathlib import Path

from backup import ArchiveError
from backup.restore import verify_archive

found = {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        with path.open("rb") as archive:
            verify_archive(archive)
        found[path.name] = None
    except ArchiveError as error:
        found[path.name] = str(error)
print(json.dumps(found))
