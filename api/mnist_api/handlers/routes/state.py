"""The routes that say how the API is."""

from mnist_api.handlers import state
from mnist_api.handlers.route import NO_MODEL, Operation, Route, returns, returns_text
from mnist_api.handlers.schemas.drift import Drift
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
        is_open=True,
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
        "/drift",
        state.describe_drift,
        Operation(
            tag=TAG,
            id="drift",
            summary="Compare the newest images with the validation images",
            description="Up to two images a second of each worker are sampled; the newest 1,200 of "
            "the last hour are compared, feature by feature: `ink` (mean pixel), `center_x` and "
            "`center_y` (centre of mass), `width` and `height` (standard deviations of the ink), "
            "`slant` (correlation of its columns and rows), `confidence`, `digit_score` and "
            "`digit`. A feature has drifted if its population stability index is above its `bound` "
            "and the test's p-value below 1e-9, or if the share outside the range of 99.6 % of the "
            "validation images is above `outside_bound`: in the newest 120 images, the newest 300, "
            "or all 1,200. Fewer than 50 are not judged. Images that came as pictures have no "
            "`ink` and no `digit_score`: preparation changes both. Versions of former releases "
            "have no `width`, `height` and `slant`; one without a drift reference, or a "
            "MODEL_FILE, is not compared.",
            responses=returns(Drift, "The comparison."),
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
