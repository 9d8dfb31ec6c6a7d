"""Exits 0 if the server responds with data from its database; /health is 200 without one.

Until the port is open it waits, so that a starting server is healthy as soon as possible.
"""

import base64
import http.client
import os
import sys
import time
from pathlib import Path

# A search: whatever its users delete, the default experiment included, it finds the database.
DATABASE_ROUTE = "/api/2.0/mlflow/experiments/search?max_results=1"
PORT = int(os.environ.get("PORT", "5000"))
START_TIMEOUT = 20  # seconds


def find_account() -> dict[str, str]:
    """Return the header with the API's account, if requests need one."""
    if not (accounts := os.environ.get("ACCOUNTS_FOLDER")):
        return {}
    account = b"api:" + Path(accounts, "mlflow-api", "password").read_bytes()
    return {"Authorization": f"Basic {base64.b64encode(account).decode()}"}


def status() -> int:
    """Return the status of a request that reads from the database; raises OSError."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
    connection.request("GET", DATABASE_ROUTE, headers=find_account())
    return connection.getresponse().status


def main() -> str | None:
    """Return None if the server is healthy, else the error message."""
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        try:
            found = status()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                return f"Nothing listens on port {PORT}."
            time.sleep(0.2)
        except OSError as error:
            return f"The tracking server does not respond: {error}"
        else:
            is_healthy = found == http.client.OK
            return (
                None if is_healthy else f"The tracking server responds {found}: is the database up?"
            )


if __name__ == "__main__":
    sys.exit(main())
