"""Progress is shown inside a file, too."""

import os
import re
import shutil
from pathlib import Path

from support.servers.backups import Stores, start_with, stores

ALWAYS = "from backup import progress; progress.SECONDS = 0"


def test_the_bytes_of_a_large_artifact_are_counted_while_it_is_read(filled: Stores, tmp_path: Path):
    shutil.copytree(filled.folder, tmp_path / "large")
    large = stores(tmp_path / "large", **start_with(ALWAYS, tmp_path))
    (large.artifacts / "1" / "big").write_bytes(os.urandom(3_000_000))
    said = large.create(tmp_path / "archive")[1]
    said += stores(tmp_path / "target", **large.settings).restore(tmp_path / "archive")[1]
    for step in ("Artifacts", "Verified", "Restored"):
        lines = re.findall(rf"{step}: (\d+) files, ([\d.]+) MB", said)
        within = [{size for files, size in lines if files == number} for number, _ in lines]
        assert max(map(len, within)) > 2, step
