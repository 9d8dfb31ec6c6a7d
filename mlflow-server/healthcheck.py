"""Exits 0 when the server answers from its database; its own /health says 200 without one."""

import http.client
import os
import sys

connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "5000")), timeout=4)
try:
    connection.request("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")
    status = connection.getresponse().status
except OSError as error:
    sys.exit(f"The tracking server does not answer: {error}")
if status != http.client.OK:
    sys.exit(f"The tracking server answers {status}: can it reach its database?")
