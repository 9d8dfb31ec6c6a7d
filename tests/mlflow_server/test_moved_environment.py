"""A clone that is renamed or moved: the scripts of its environments name the folder before."""

import subprocess
from pathlib import Path

from support.servers.tracking import FOLDER, PYTHON, empty_database, environ


def test_the_server_starts_in_an_environment_that_was_moved(tmp_path: Path):
    """As far as `--help`."""
    moved = tmp_path / "moved"
    (moved / "bin").mkdir(parents=True)
    (moved / "bin" / "python").symlink_to(PYTHON.resolve())
    (moved / "bin" / "mlflow").write_text("#!/before/bin/python\n")
    (moved / "bin" / "mlflow").chmod(0o755)
    (moved / "pyvenv.cfg").write_text((PYTHON.parent.parent / "pyvenv.cfg").read_text())
    (moved / "lib").symlink_to(PYTHON.parent.parent / "lib")
    (tmp_path / "mlflow.db").write_bytes(empty_database())
    done = subprocess.run(
        [moved / "bin" / "python", FOLDER / "start.py", "--help"],
        env=environ(tmp_path), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "--artifacts-destination" in done.stdout
