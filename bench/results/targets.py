"""The API's performance targets, as rows of a Markdown table."""

import statistics

from bench.results.results import Results
from bench.servers.catalog import API

NONE = "-"


def write_targets(results: Results, servers: list[str]) -> list[str]:
    """Return the lines of the table: each target, the measured value, whether it is reached."""
    peers = [name for name in servers if name != API]
    rates = [r for p in peers if (r := results.median(p, lambda m: m.single.rate))]
    tails = [r for p in peers if (r := results.median(p, lambda m: m.single.p99))]
    mlflow = results.median("mlflow", lambda m: m.single.rate)
    rate = results.median(API, lambda m: m.single.rate)
    p99 = results.median(API, lambda m: m.single.p99)
    pss = results.median(API, lambda m: m.pss)
    ready = results.median(API, lambda m: m.ready)
    images = results.median_batch_images(API)
    errors = float(results.count_errors(API)) if rate else None
    share = 100 * images / statistics.median(results.onnxruntime_alone) if images else None
    return [
        "| target | measured | |",
        "|---|--:|---|",
        at_least("single JSON, times the best peer", _ratio(rate, max(rates, default=None)), 2),
        at_least("single JSON, times `mlflow models serve`", _ratio(rate, mlflow), 15),
        at_most("p99, share of the best peer's", _ratio(p99, min(tails, default=None)), 0.8),
        at_least("256 images, % of ONNX Runtime alone", share, 80),
        at_most("start to ready from the cache, s", ready, 1.5),
        at_most("PSS of two workers, MB", pss, 140),
        at_most("requests that failed", errors, 0),
    ]


def at_least(metric: str, value: float | None, bound: float) -> str:
    """Return the row of a target that ``value`` is to reach."""
    return _row(f"{metric}: at least {bound:g}", value, value is not None and value >= bound)


def at_most(metric: str, value: float | None, bound: float) -> str:
    """Return the row of a target that ``value`` is not to exceed."""
    return _row(f"{metric}: at most {bound:g}", value, value is not None and value <= bound)


def _row(target: str, value: float | None, reached: bool) -> str:
    if value is None:
        return f"| {target} | {NONE} | not measured |"
    return f"| {target} | {value:.2f} | {'reached' if reached else 'not reached'} |"


def _ratio(value: float | None, other: float | None) -> float | None:
    return value / other if value and other else None
