"""Exits 0 when the server answers from its database; its own /health says 200 without one.

While nothing listens yet it waits, so that a server that starts is found healthy at once.
"""

import http.client
import os
import sys
import time

PORT = int(os.environ.get("PORT", "5000"))
WAIT = 20  # seconds


def status() -> int:
    """Return the status of a request that reads from the database; raises OSError."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
    connection.request("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")
    return connection.getresponse().status


def main() -> str | None:
    """Return nothing when the server is healthy, and a sentence about it when it is not."""
    patience = time.monotonic() + WAIT
    while True:
        try:
            found = status()
        except ConnectionRefusedError:
            if time.monotonic() > patience:
                return f"Nothing listens on port {PORT}."
            time.sleep(0.2)
        except OSError as error:
            return f"The tracking server does not answer: {error}"
        else:
            healthy = found == http.client.OK
            return None if healthy else f"The tracking server answers {found}: is its database up?"


if __name__ == "__main__":
    sys.exit(main())
