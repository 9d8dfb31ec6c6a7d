"""The servers without a framework for models: the least in Python, and a ceiling in Rust."""

import os
import shutil
import subprocess

from bench.environments import PEERS, bin_of
from bench.servers.catalog import JSON
from bench.servers.responses import read_prediction
from bench.servers.server import Request, Server, ServerInputs, free_port
from local.environments import ENVIRONMENTS, ROOT

GRANIAN, AXUM = "granian", "axum"
BUILD = ROOT / ".local" / "axum"
PROGRAM = BUILD / "release" / "axum-server"
LIBRARY = "lib/python*/site-packages/onnxruntime/capi/libonnxruntime.so.*"


def granian(inputs: ServerInputs) -> Server:
    """Return Granian with the API's own codecs and engine."""
    port = free_port()
    return Server(
        "bench-granian",
        [
            *(bin_of("bench-granian") / "granian", "server:app", "--interface=rsgi", "--workers=2"),
            *("--host=127.0.0.1", f"--port={port}", "--loop=uvloop", "--http=1", "--no-ws"),
        ],
        PEERS / "granian",
        port,
        "/health",
        _single(inputs),
        environ={"PYTHONPATH": str(ROOT / "api")},
    )


def build_axum() -> bool:
    """Build peers/axum, or return False where there is no cargo. Raises CalledProcessError."""
    if not shutil.which("cargo"):
        return False
    cargo = ["cargo", "build", "--quiet", "--release", "--locked", "--jobs=2"]
    environ = os.environ | {
        "RUSTFLAGS": "-C target-cpu=native"
    }  # sonic-rs chooses when it is built
    subprocess.run([*cargo, f"--target-dir={BUILD}"], cwd=PEERS / "axum", env=environ, check=True)
    return True


def axum(inputs: ServerInputs) -> Server:
    """Return axum with ONNX Runtime's library from the wheel; build_axum() must have built it."""
    (library,) = (ENVIRONMENTS / "bench-granian").glob(LIBRARY)
    return Server(
        "bench-granian",
        [PROGRAM],
        PEERS / "axum",
        port := free_port(),
        "/health",
        _single(inputs),
        environ={"PORT": str(port), "ORT_DYLIB_PATH": str(library)},
        processes=1,
    )


def _single(inputs: ServerInputs) -> Request:
    return Request("JSON", "/predict", JSON, inputs.images.encode_json(), read_prediction)
