"""The API and its peers: how each is started, and the requests of each."""

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from bench.environments import PEERS, bin_of
from bench.servers.responses import (
    read_float32,
    read_mlflow_json,
    read_prediction,
    read_predictions,
    read_v2_json,
)
from bench.servers.server import Command, Request, Server, ServerInputs, free_port
from local.environments import ROOT

JSON, OCTET_STREAM = "application/json", "application/octet-stream"
PARQUET = "application/vnd.apache.parquet"
V2_INFER = "/v2/models/mnist-classifier/infer"
API = "mnist-api"
WRITE_CACHE = ROOT / "bench" / "model" / "write_cache.py"
REGISTRY = "http://127.0.0.1:1"  # unreachable: the API starts with its cache


def mnist_api(inputs: ServerInputs) -> Server:
    """Return the API as it runs in production, with a cached version and no registry."""
    images, accept = inputs.images, {"Accept": OCTET_STREAM}
    return Server(
        "api",
        [bin_of("api") / "python", "-m", "gunicorn"],
        ROOT / "api",
        port := free_port(),
        "/health",
        Request("JSON", "/predict", JSON, images.encode_json(), read_prediction),
        [Request("uint8", "/predict", OCTET_STREAM, images.uint8, read_float32, accept)],
        {
            "WEB_CONCURRENCY": "2",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "MODEL_FILE": "",
            "MODEL_CACHE": str(_write_cache(inputs)),
            "MLFLOW_TRACKING_URI": REGISTRY,
        },
    )


def _write_cache(inputs: ServerInputs) -> Path:
    """Return the API's cache folder, written by model/write_cache.py if it is missing."""
    folder = inputs.run_folder / "model-cache"
    if not folder.exists():
        environ = {**os.environ, "PYTHONPATH": str(ROOT / "api")}
        command: Command = [bin_of("api") / "python", WRITE_CACHE, inputs.model, folder, REGISTRY]
        subprocess.run(command, env=environ, check=True)
    return folder


def mosec(inputs: ServerInputs) -> Server:
    """Return mosec with its default JSON codec; its binary format needs msgspec, see below."""
    command: Command = [bin_of("bench-mosec") / "python", "server.py", "--address=127.0.0.1"]
    return Server(
        "bench-mosec",
        [*command, f"--port={(port := free_port())}", "--max-request-size=16777216"],
        PEERS / "mosec",
        port,
        "/",
        Request("JSON", "/inference", JSON, inputs.images.encode_json(), read_predictions),
        environ={"CODEC": "default"},
    )


def mosec_msgspec(inputs: ServerInputs) -> Server:
    """Return mosec with msgspec as its codec of JSON and MessagePack."""
    body = inputs.images.encode_msgpack()
    batch = Request("MessagePack", "/inference", "application/msgpack", body, read_predictions)
    return replace(mosec(inputs), batches=[batch], environ={"CODEC": "msgspec"})


def litserve(inputs: ServerInputs) -> Server:
    """Return LitServe."""
    images = inputs.images
    return Server(
        "bench-litserve",
        [bin_of("bench-litserve") / "python", "server.py"],
        PEERS / "litserve",
        port := free_port(),
        "/health",
        Request("JSON", "/predict", JSON, images.encode_json(), read_predictions),
        [Request("float32", "/predict", OCTET_STREAM, images.float32, read_predictions)],
        {"PORT": str(port)},
    )


def bentoml(inputs: ServerInputs) -> Server:
    """Return BentoML."""
    serve: Command = [bin_of("bench-bentoml") / "bentoml", "serve", "server:Classifier"]
    images = inputs.images
    return Server(
        "bench-bentoml",
        [*serve, "--host=127.0.0.1", f"--port={(port := free_port())}"],
        PEERS / "bentoml",
        port,
        "/readyz",
        Request("JSON", "/single", JSON, images.encode_json(), read_predictions),
        [Request("float32", "/batch", OCTET_STREAM, images.float32, read_predictions)],
        {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(inputs.run_folder / "bentoml")},
    )


def mlserver(inputs: ServerInputs) -> Server:
    """Return MLServer."""
    images, folder = inputs.images, inputs.run_folder
    return Server(
        "bench-mlserver",
        [bin_of("bench-mlserver") / "mlserver", "start", "."],
        PEERS / "mlserver",
        port := free_port(),
        "/v2/models/mnist-classifier/ready",
        Request("v2 JSON", V2_INFER, JSON, images.encode_v2_json(), read_v2_json),
        [Request("v2 base64", V2_INFER, JSON, images.encode_v2_base64(), read_v2_json)],
        {
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": str(port),
            "MLSERVER_GRPC_PORT": str(free_port()),
            "MLSERVER_METRICS_PORT": str(free_port()),
            "MLSERVER_METRICS_DIR": str(folder / "mlserver-metrics"),
            "MLSERVER_ENVIRONMENTS_DIR": str(folder / "mlserver-environments"),
            "MLSERVER_PARALLEL_WORKERS": "2",
            "MLSERVER_DEBUG": "false",  # also turns the access log off
            "MLSERVER_MODEL_URI": str(inputs.model),
        },
    )


def mlflow(inputs: ServerInputs) -> Server:
    """Return `mlflow models serve`; peers/mlflow/prepare.py must have saved its model before."""
    saved, port = inputs.run_folder / "mlflow", free_port()
    serve: Command = [bin_of("bench-mlflow") / "mlflow", "models", "serve", "--env-manager=local"]
    single, batch = inputs.images.encode_mlflow_json(), (saved / "batch.parquet").read_bytes()
    return Server(
        "bench-mlflow",
        [*serve, f"--model-uri={saved / 'model'}", "--host=127.0.0.1", f"--port={port}", "-w", "2"],
        PEERS / "mlflow",
        port,
        "/ping",
        Request("JSON", "/invocations", JSON, single, read_mlflow_json),
        [Request("Parquet", "/invocations", PARQUET, batch, read_mlflow_json)],
        {"MLFLOW_DISABLE_TELEMETRY": "true", "UVICORN_ACCESS_LOG": "false"},
    )


SERVERS: Mapping[str, Callable[[ServerInputs], Server]] = {
    API: mnist_api,
    "mosec": mosec,
    "mosec-msgspec": mosec_msgspec,
    "litserve": litserve,
    "bentoml": bentoml,
    "mlserver": mlserver,
    "mlflow": mlflow,
}
