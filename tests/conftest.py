"""The environment of all tests: requests to this machine by no proxy, and no `make` around them."""

import os

EXCEPTED = [os.environ.get("no_proxy") or os.environ.get("NO_PROXY", ""), "localhost", "127.0.0.1"]
os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(filter(None, EXCEPTED))
for _name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):  # of a `make --jobs test`; tests run `make` too
    os.environ.pop(_name, None)
