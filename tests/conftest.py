"""Keeps the requests of the tests' own clients to this machine away from a proxy."""

import os

EXCEPTED = [os.environ.get("no_proxy") or os.environ.get("NO_PROXY", ""), "localhost", "127.0.0.1"]
os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(filter(None, EXCEPTED))
