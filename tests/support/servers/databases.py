"""mlflow-server/database.py in processes of its own, and queries of its databases."""

import os
import subprocess
from pathlib import Path

from support.servers.tracking import FOLDER, PYTHON, environ

PREPARE = """
import sys
from database import prepare_database
prepare_database(sys.argv[1])
print("migrated" if "mlflow.db" in sys.modules else "nothing to do")
"""
EXECUTE = """
import sys, sqlalchemy
with sqlalchemy.create_engine(sys.argv[1], isolation_level="AUTOCOMMIT").connect() as connection:
    result = connection.execute(sqlalchemy.text(sys.argv[2]))
    print(result.fetchall() if result.returns_rows else "")
"""


def start_preparing(uri: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PYTHON, "-c", PREPARE, uri], env=os.environ | {"PYTHONPATH": str(FOLDER)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def start_two(uri: str) -> list[str]:
    """Prepare one database in two processes at once; return what each did."""
    return sorted(
        each.communicate()[0].strip() for each in [start_preparing(uri), start_preparing(uri)]
    )


def execute(uri: str, query: str) -> str:
    """Return the rows of a query as text."""
    command = [PYTHON, "-c", EXECUTE, uri, query]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def refusal(uri: str, folder: Path) -> str:
    """Start a server that must refuse its database; return what it says."""
    variables = environ(folder, BACKEND_STORE_URI=uri)
    command = [PYTHON, FOLDER / "start.py"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr[done.stderr.index("The database") :]
