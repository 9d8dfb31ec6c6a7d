"""The routes that say how the API is."""

from mnist_api.handlers import state
from mnist_api.handlers.route import NO_MODEL, Operation, Route, returns, returns_text
from mnist_api.handlers.schemas.state import Health, ModelDescription

TAG = "State"

ROUTES = (
    Route(
        "GET",
        "/health",
        state.report_health,
        Operation(
            tag=TAG,
            id="health",
            summary="Return whether a model is loaded",
            responses=returns(Health, "A model is loaded.") | returns(Health, NO_MODEL, 503),
        ),
    ),
    Route(
        "GET",
        "/model",
        state.describe_active_model,
        Operation(
            tag=TAG,
            id="model",
            summary="Describe the active version",
            responses=returns(ModelDescription, "The active version."),
            errors=(500, 503),
        ),
    ),
    Route(
        "GET",
        "/metrics",
        state.export_metrics,
        Operation(
            tag=TAG,
            id="metrics",
            summary="Metrics for Prometheus",
            responses=returns_text("The sums over all workers."),
        ),
    ),
)
