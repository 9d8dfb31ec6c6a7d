"""GET /drift: whether the images differ from those on which the active version was validated."""

import msgspec

from mnist_api.drift.report import report_drift
from mnist_api.handlers.context import Context
from mnist_api.handlers.schemas.drift import Drift, Feature
from mnist_api.http import JSON, Request, Response


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
        {
            name: Feature(each.psi, each.p_value, each.drifted)
            for name, each in report.features.items()
        },
    )
    return Response(200, JSON, msgspec.json.encode(body))
