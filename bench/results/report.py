"""The results as Markdown: one row per server, remarks, and the targets."""

import statistics

from bench.environments import megabytes_of, version_of
from bench.load.measurement import EVEN_BALANCE
from bench.load.server_process import WORKERS
from bench.results.results import Results
from bench.results.targets import NONE, write_targets
from bench.servers.catalog import API

NAMES = {  # name in the table, environment, distribution whose version is shown
    API: (API, "api", "gunicorn"),
    "mosec": ("mosec", "bench-mosec", "mosec"),
    "mosec-msgspec": ("mosec, JSON by msgspec", "bench-mosec", "mosec"),
    "litserve": ("LitServe", "bench-litserve", "litserve"),
    "bentoml": ("BentoML", "bench-bentoml", "bentoml"),
    "mlserver": ("MLServer", "bench-mlserver", "mlserver"),
    "mlflow": ("mlflow models serve", "bench-mlflow", "mlflow"),
}
HEAD = """\
| server, 2 workers | single JSON /s | API's rate | p50 ms | p99 ms | 256 images, images/s | \
batch format | ready s | PSS MB | installed MB | errors | balance |
|---|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|"""


def write_report(results: Results, servers: list[str]) -> str:
    """Return the whole Markdown text."""
    rounds = len(results.onnxruntime_alone)
    alone = statistics.median(results.onnxruntime_alone)
    failed = results.failures.items()
    return "\n".join(
        [
            f"Measured on {results.date}: {results.machine}; rounds: {rounds}, medians shown; "
            f"model: {results.model}.",
            "",
            HEAD,
            *(_row(results, name) for name in servers),
            f"| ONNX Runtime alone, 2 processes | | | | | {alone:,.0f} | | | | | | |",
            "",
            *_list_uneven(results),
            *(f"{name} failed: {errors[0].splitlines()[0]}" for name, errors in failed),
            "",
            *write_targets(results, servers),
            "",
        ]
    )


def _row(results: Results, name: str) -> str:
    title, environment, distribution = NAMES[name]
    api_rate = results.median(API, lambda m: m.single.rate)
    rate = results.median(name, lambda m: m.single.rate)
    measurements = results.measurements.get(name)
    cells = [
        f"{title} ({distribution} {version_of(environment, distribution)})",
        _format(rate, 0),
        f"{api_rate / rate:.2f} x" if api_rate and rate else NONE,
        _format(results.median(name, lambda m: m.single.p50), 1),
        _format(results.median(name, lambda m: m.single.p99), 1),
        _format(results.median_batch_images(name), 0),
        measurements[-1].batch_format if measurements else NONE,
        _format(results.median(name, lambda m: m.ready), 1),
        _format(results.median(name, lambda m: m.pss), 0),
        _format(megabytes_of(environment), 0),
        str(results.count_errors(name)) if measurements else NONE,
        _format(results.median(name, lambda m: m.balance), 2),
    ]
    return f"| {' | '.join(cells)} |"


def _list_uneven(results: Results) -> list[str]:
    """Return a line for each server whose load was not spread over two workers in some round."""
    lines = []
    for name, measurements in results.measurements.items():
        lowest = min(m.balance for m in measurements)
        if lowest < EVEN_BALANCE or any(m.workers != WORKERS for m in measurements):
            workers = "/".join(str(m.workers) for m in measurements)
            lines.append(
                f"Uneven: {NAMES[name][0]}, lowest balance {lowest:.2f}, workers {workers}."
            )
    return lines


def _format(value: float | None, places: int) -> str:
    return NONE if value is None else f"{value:,.{places}f}"
