"""GET /health, /model, /drift, /metrics, and MLflow's /ping and /version: the API's own state."""

from dataclasses import asdict

import msgspec

from mnist_api.drift.report import report_drift
from mnist_api.handlers.context import Context
from mnist_api.handlers.mlflow_scoring import MLFLOW_VERSION
from mnist_api.handlers.schemas.drift import Drift, Feature
from mnist_api.handlers.schemas.state import Health, ModelDescription, RefusedVersion
from mnist_api.http import JSON, Request, Response

TEXT = "text/plain; charset=utf-8"


def report_health(_: Request, context: Context) -> Response:
    """Say whether a model is active; 503 if none is."""
    loaded = context.active.current is not None
    body = Health(loaded, "ok" if loaded else "waiting for a model")
    return Response(200 if loaded else 503, JSON, msgspec.json.encode(body))


def describe_active_model(_: Request, context: Context) -> Response:
    """Return which version is active, and which is desired. Raises ProblemError (503)."""
    loaded, desired = context.active.require(), context.active.desired
    version = loaded.version
    refused = desired if desired and desired.state == "refused" else None
    body = ModelDescription(
        version.name,
        version.id,
        version.run_id,
        version.test_accuracy,
        version.sha256,
        loaded.source,
        loaded.since.isoformat(timespec="seconds"),
        desired,
        RefusedVersion(refused.version, refused.reason or "") if refused else None,
    )
    return Response(200, JSON, msgspec.json.encode(body))


def describe_drift(_: Request, context: Context) -> Response:
    """Return the comparison of each feature. Raises ProblemError (503)."""
    loaded = context.active.require()
    report = report_drift(loaded, context.window)
    body = Drift(
        report.available,
        loaded.version.id,
        report.since.isoformat(timespec="seconds") if report.since else None,
        report.images,
        report.detected,
        {name: Feature(**asdict(each)) for name, each in report.features.items()},
    )
    return Response(200, JSON, msgspec.json.encode(body))


def export_metrics(_: Request, context: Context) -> Response:
    """Return the metrics in Prometheus' format."""
    from mnist_api.drift.exposition import DriftGauges  # not needed to start
    from mnist_api.telemetry.exposition import MEDIA_TYPE, write_metrics

    drift = DriftGauges(context.active, context.window)
    return Response(200, MEDIA_TYPE, write_metrics(context.metrics, drift))


def ping(_: Request, context: Context) -> Response:
    """Return an empty line; 503 if no model is active."""
    return Response(200 if context.active.current else 503, TEXT, b"\n")


def report_version(_: Request, __: Context) -> Response:
    """Return MLflow's version."""
    return Response(200, TEXT, MLFLOW_VERSION.encode())
