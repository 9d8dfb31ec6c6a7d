"""The environment of all tests: no proxy to this machine, no `make` around them, bytecode kept.

NumPy computes in one thread: beside other tests, threads that wait for each other take minutes.
"""

import os

EXCEPTED = [os.environ.get("no_proxy") or os.environ.get("NO_PROXY", ""), "localhost", "127.0.0.1"]
os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(filter(None, EXCEPTED))
for _name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):  # of a `make --jobs test`; tests run `make` too
    os.environ.pop(_name, None)
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each start of MLflow would take twice as long
