"""The metrics of drift, absent if the active version has no reference, or few images so far."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mnist_api.drift.report import report_drift
from mnist_api.drift.window import Window
from mnist_api.model.active import ActiveModel


class DriftGauges(Collector):
    """Compares the samples when the metrics are asked for."""

    def __init__(self, active: ActiveModel, window: Window) -> None:
        self._active = active
        self._window = window

    def collect(self) -> Iterable[Metric]:
        """Yield the gauges, of the worker that answers: the samples are those of all workers."""
        loaded = self._active.current
        report = report_drift(loaded, self._window) if loaded else None
        if report is None or not report.available:
            return
        indices = GaugeMetricFamily(
            "mnist_api_drift_psi",
            "Population stability index of a feature, against the validation images",
            labels=["feature"],
        )
        outside = GaugeMetricFamily(
            "mnist_api_drift_outside",
            "Share of the images outside a feature's range of nearly all validation images",
            labels=["feature"],
        )
        for name, feature in report.features.items():
            if feature.psi is not None:
                indices.add_metric([name], feature.psi)
            if feature.outside is not None:
                outside.add_metric([name], feature.outside)
        yield indices
        yield outside
        if report.detected is not None:
            yield GaugeMetricFamily(
                "mnist_api_drift_detected",
                "Whether the newest images differ from the validation images",
                float(report.detected),
            )
        yield GaugeMetricFamily(
            "mnist_api_drift_images", "Sampled images that are compared", report.images
        )
