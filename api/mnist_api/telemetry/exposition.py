"""The metrics of all workers in Prometheus' text format."""

from collections import Counter
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from mnist_api.telemetry.metrics import (
    CONFIDENCES,
    DIGITS,
    IMAGES,
    SCORES,
    SECONDS,
    STATUSES,
    Metrics,
)

MEDIA_TYPE = CONTENT_TYPE_LATEST
# Exported as 0, too: a counter that appears with its first errors has not increased by them.
ERRORS = (500, 503)


def write_metrics(metrics: Metrics, *others: Collector) -> bytes:
    """Return the sums over the workers, and ``others``, in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    for collector in (_Sums(metrics), *others):
        registry.register(collector)
    return generate_latest(registry)


class _Sums(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        metrics, sums = self._metrics, [0.0] * self._metrics.counters.cells
        connections, active, desired = 0.0, Counter[str](), Counter[tuple[str, str]]()
        created: dict[str, float] = {}
        for (cells, text), alive in metrics.counters.rows():
            sums = [total + cell for total, cell in zip(sums, cells, strict=True)]
            if alive:
                connections += cells[metrics.connections]
                lines = bytes(text).rstrip(b"\0").decode(errors="replace").split("\n")
                version, named, state = (lines + [""] * 3)[:3]  # it may be half written
                active[version] += 1
                desired[named, state if named or version else "missing"] += 1
                created[version] = max(created.get(version, 0), cells[metrics.created])
        yield from _requests(metrics, sums)
        yield from _predictions(metrics, sums)
        yield from _versions(active, desired)
        yield _creations(created)
        yield GaugeMetricFamily(
            "mnist_api_start_time_seconds",
            "When the API started, in seconds since 1970",
            metrics.start_time,
        )
        yield GaugeMetricFamily("mnist_api_connections", "Open connections", connections)
        for name, meaning, cell in (
            ("model_swaps", "Activations of a version, by all workers", metrics.swaps),
            ("refresh_failures", "Polls of the registry that failed", metrics.failures),
            ("model_refusals", "Versions refused, by all workers", metrics.refusals),
            ("access_log_dropped", "Lines of the access log that were dropped", metrics.dropped),
            ("worker_starts", "Workers that were started", metrics.starts),
        ):
            yield CounterMetricFamily(f"mnist_api_{name}", meaning, sums[cell])


def _versions(active: Counter[str], desired: Counter[tuple[str, str]]) -> Iterator[Metric]:
    activity = GaugeMetricFamily(
        "mnist_api_model_version", "Workers in which a version is active", labels=["version"]
    )
    desire = GaugeMetricFamily(
        "mnist_api_desired_version",
        "Workers by the desired version and its state: loading, active, refused or failed; "
        "missing: no version is desired, and none is active",
        labels=["version", "state"],
    )
    for name, workers in active.items():
        if name:
            activity.add_metric([name], workers)
    for (name, state), workers in desired.items():
        if state:
            desire.add_metric([name, state], workers)
    yield activity
    yield desire


def _creations(created: dict[str, float]) -> Metric:
    creation = GaugeMetricFamily(
        "mnist_api_model_created_timestamp_seconds",
        "When the active version was registered, in seconds since 1970",
        labels=["version"],
    )
    for version, timestamp in created.items():
        if version and timestamp:
            creation.add_metric([version], timestamp)
    return creation


def _requests(metrics: Metrics, sums: list[float]) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "mnist_api_requests", "Requests, by route and status", labels=["route", "status"]
    )
    seconds = HistogramMetricFamily(
        "mnist_api_request_seconds",
        "Time from a request's arrival to its response",
        labels=["route"],
    )
    for number, route in enumerate(metrics.routes):
        for index, status in enumerate(STATUSES):
            count = sums[metrics.requests + number * len(STATUSES) + index]
            if count or status in ERRORS:
                requests.add_metric([route, str(status)], count)
        at = metrics.seconds + number * (len(SECONDS) + 2)
        if any(sums[at : at + len(SECONDS) + 1]):
            seconds.add_metric([route], *_histogram(sums, at, SECONDS))
    yield requests
    yield seconds


def _predictions(metrics: Metrics, sums: list[float]) -> Iterator[Metric]:
    buckets, images = _histogram(sums, metrics.images, IMAGES)
    yield CounterMetricFamily("mnist_api_images", "Images passed to the model", images)
    yield HistogramMetricFamily(
        "mnist_api_batch_images", "Images in one call of the model", buckets, images
    )
    yield HistogramMetricFamily(
        "mnist_api_confidence",
        "Highest probability of an image",
        *_histogram(sums, metrics.confidences, CONFIDENCES),
    )
    yield HistogramMetricFamily(
        "mnist_api_digit_score",
        "How much a single image is like a digit, 0 to 1; below 0.5 it is not",
        *_histogram(sums, metrics.scores, SCORES),
    )
    digits = CounterMetricFamily("mnist_api_predictions", "Predicted digits", labels=["digit"])
    for digit in range(DIGITS):
        digits.add_metric([str(digit)], sums[metrics.digits + digit])
    yield digits


def _histogram(
    sums: list[float], at: int, bounds: tuple[float, ...]
) -> tuple[list[tuple[str, float]], float]:
    """Return the cumulated buckets of the histogram at ``at``, and its sum."""
    counted, buckets = 0.0, []
    for index, bound in enumerate([*map(str, bounds), "+Inf"]):
        counted += sums[at + index]
        buckets.append((bound, counted))
    return buckets, sums[at + len(bounds) + 1]
