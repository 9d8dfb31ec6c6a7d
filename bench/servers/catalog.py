"""The API and its peers: how each is started, and the forms in which each is asked."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace

from bench.environments import PEERS, bin_of
from bench.servers.responses import (
    read_floats,
    read_prediction,
    read_predictions,
    read_rows,
    read_v2,
)
from bench.servers.server import Command, Form, Material, Server, free_port
from local.environments import ROOT

JSON, OCTETS = "application/json", "application/octet-stream"
INFER = "/v2/models/mnist-classifier/infer"
OURS = "mnist-api"
CACHE = ROOT / ".local" / "model-cache"


def mnist_api(given: Material) -> Server:
    """Return the API as it runs in production, but with a file for its network."""
    octets, accept = given.digits.octets, {"Accept": OCTETS}
    return Server(
        "api",
        [bin_of("api") / "python", "-m", "gunicorn"],
        ROOT / "api",
        port := free_port(),
        "/health",
        Form("JSON", "/predict", JSON, given.digits.as_json(), read_prediction),
        [Form("bytes", "/predict", OCTETS, octets, read_floats, accept)],
        {"WEB_CONCURRENCY": "2", "HOST": "127.0.0.1", "PORT": str(port)},
    )


def from_cache(given: Material) -> Server:
    """Return the API as it starts from a copy of the local stack's cache, its registry away."""
    copy = given.work / "model-cache"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(CACHE, copy)
    own = mnist_api(given)
    away = f"http://127.0.0.1:{free_port()}"
    cached = {"MODEL_FILE": "", "MODEL_CACHE": str(copy), "MLFLOW_TRACKING_URI": away}
    return replace(own, environ={**own.environ, **cached})


def mosec(given: Material) -> Server:
    """Return mosec with its own JSON; its binary form is measured with msgspec."""
    command: Command = [bin_of("bench-mosec") / "python", "server.py", "--address=127.0.0.1"]
    return Server(
        "bench-mosec",
        [*command, f"--port={(port := free_port())}", "--max-request-size=16777216"],
        PEERS / "mosec",
        port,
        "/",
        Form("JSON", "/inference", JSON, given.digits.as_json(), read_predictions),
        environ={"CODEC": "default"},
    )


def mosec_msgspec(given: Material) -> Server:
    """Return mosec with JSON and MessagePack read by msgspec."""
    body = given.digits.as_msgpack()
    batch = Form("MessagePack", "/inference", "application/msgpack", body, read_predictions)
    return replace(mosec(given), batches=[batch], environ={"CODEC": "msgspec"})


def litserve(given: Material) -> Server:
    """Return LitServe."""
    return Server(
        "bench-litserve",
        [bin_of("bench-litserve") / "python", "server.py"],
        PEERS / "litserve",
        port := free_port(),
        "/health",
        Form("JSON", "/predict", JSON, given.digits.as_json(), read_predictions),
        [Form("octet-stream", "/predict", OCTETS, given.digits.raw, read_predictions)],
        {"PORT": str(port)},
    )


def bentoml(given: Material) -> Server:
    """Return BentoML."""
    serve: Command = [bin_of("bench-bentoml") / "bentoml", "serve", "server:Classifier"]
    return Server(
        "bench-bentoml",
        [*serve, "--host=127.0.0.1", f"--port={(port := free_port())}"],
        PEERS / "bentoml",
        port,
        "/readyz",
        Form("JSON", "/single", JSON, given.digits.as_json(), read_predictions),
        [Form("octet-stream", "/batch", OCTETS, given.digits.raw, read_predictions)],
        {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(given.work / "bentoml")},
    )


def mlserver(given: Material) -> Server:
    """Return MLServer."""
    return Server(
        "bench-mlserver",
        [bin_of("bench-mlserver") / "mlserver", "start", "."],
        PEERS / "mlserver",
        port := free_port(),
        "/v2/models/mnist-classifier/ready",
        Form("v2 JSON", INFER, JSON, given.digits.as_v2(), read_v2),
        [Form("v2 with base64", INFER, JSON, given.digits.as_v2_base64(), read_v2)],
        {
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": str(port),
            "MLSERVER_GRPC_PORT": str(free_port()),
            "MLSERVER_METRICS_PORT": str(free_port()),
            "MLSERVER_METRICS_DIR": str(given.work / "mlserver-metrics"),
            "MLSERVER_ENVIRONMENTS_DIR": str(given.work / "mlserver-environments"),
            "MLSERVER_PARALLEL_WORKERS": "2",
            "MLSERVER_DEBUG": "false",  # which is also its access log
            "MLSERVER_MODEL_URI": str(given.network),
        },
    )


def mlflow(given: Material) -> Server:
    """Return `mlflow models serve`; prepare.py has saved its model by then."""
    saved, port = given.work / "mlflow", free_port()
    serve: Command = [bin_of("bench-mlflow") / "mlflow", "models", "serve", "--env-manager=local"]
    parquet = (saved / "batch.parquet").read_bytes()
    parquet_type = "application/vnd.apache.parquet"
    return Server(
        "bench-mlflow",
        [*serve, f"--model-uri={saved / 'model'}", "--host=127.0.0.1", f"--port={port}", "-w", "2"],
        PEERS / "mlflow",
        port,
        "/ping",
        Form("JSON", "/invocations", JSON, given.digits.as_inputs(), read_rows),
        [Form("Parquet", "/invocations", parquet_type, parquet, read_rows)],
        {"MLFLOW_DISABLE_TELEMETRY": "true", "UVICORN_ACCESS_LOG": "false"},
    )


SERVERS: Mapping[str, Callable[[Material], Server]] = {
    OURS: mnist_api,
    "mosec": mosec,
    "mosec-msgspec": mosec_msgspec,
    "litserve": litserve,
    "bentoml": bentoml,
    "mlserver": mlserver,
    "mlflow": mlflow,
}
