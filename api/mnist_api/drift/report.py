"""What is known of the drift of the active version."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from mnist_api.drift.comparison import FeatureDrift, compare
from mnist_api.drift.window import Window
from mnist_api.model.active import LoadedModel


@dataclass(frozen=True)
class DriftReport:
    """The comparison of the newest images with the validation images.

    Without a reference it is not ``available``; ``detected`` is None then, and while there are too
    few ``images`` to judge. ``since`` is the time of the oldest of them, in UTC.
    """

    available: bool
    since: datetime | None = None
    images: int = 0
    detected: bool | None = None
    features: dict[str, FeatureDrift] = field(default_factory=dict)


def report_drift(loaded: LoadedModel, window: Window) -> DriftReport:
    """Compare the samples of all workers with the reference of ``loaded``."""
    if loaded.reference is None or loaded.score is None:
        return DriftReport(False)
    times, samples = window.read(loaded)
    features = compare(loaded.reference, samples)
    since = datetime.fromtimestamp(times[0], UTC) if len(times) else None
    judged = [each.drifted for each in features.values() if each.psi is not None]
    return DriftReport(True, since, len(samples), any(judged) if judged else None, features)
