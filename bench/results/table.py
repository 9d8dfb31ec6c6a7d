"""The figures as a Markdown table, and whether what we promise is reached."""

import statistics

from bench.environments import megabytes_of, version_of
from bench.load.measurement import EVEN
from bench.results.results import Results
from bench.servers.catalog import OURS

NONE = "-"
NAMES = {  # in the table, with environment and distribution
    OURS: (OURS, "api", "gunicorn"),
    "mosec": ("mosec", "bench-mosec", "mosec"),
    "mosec-msgspec": ("mosec, JSON by msgspec", "bench-mosec", "mosec"),
    "litserve": ("LitServe", "bench-litserve", "litserve"),
    "bentoml": ("BentoML", "bench-bentoml", "bentoml"),
    "mlserver": ("MLServer", "bench-mlserver", "mlserver"),
    "mlflow": ("mlflow models serve", "bench-mlflow", "mlflow"),
}
HEAD = """\
| server, 2 workers | single JSON /s | API is | p50 ms | p99 ms | 256 images, images/s | as | \
ready s | PSS MB | installed MB | errors | balance |
|---|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|"""


def write_table(results: Results, names: list[str]) -> str:
    """Return the whole text: what was measured, the table, and the promises."""
    rounds = len(results.engine)
    return "\n".join(
        [
            f"Measured on {results.date}: {results.machine}. Medians of {rounds} rounds; "
            f"network: {results.network}.",
            "",
            HEAD,
            *(_row(results, name) for name in names),
            f"| onnxruntime alone, 2 processes | | | | | {_engine(results):,.0f} | memory "
            "| | | | | |",
            "",
            *_uneven(results),
            *(
                f"{name} failed: {said[0].splitlines()[0]}"
                for name, said in results.failures.items()
            ),
            "",
            "| to reach | measured | |",
            "|---|--:|---|",
            *_promises(results, names),
            "",
        ]
    )


def _row(results: Results, name: str) -> str:
    title, environment, distribution = NAMES[name]
    own = results.median(OURS, lambda v: v.single.rate)
    rate = results.median(name, lambda v: v.single.rate)
    visits = results.visits.get(name)
    cells = [
        f"{title} ({distribution} {version_of(environment, distribution)})",
        _number(rate, 0),
        f"{own / rate:.2f} x" if own and rate else NONE,
        _number(results.median(name, lambda v: v.single.p50), 1),
        _number(results.median(name, lambda v: v.single.p99), 1),
        _number(results.images(name), 0),
        visits[-1].batch_form if visits else NONE,
        _number(results.median(name, lambda v: v.ready), 1),
        _number(results.median(name, lambda v: v.pss), 0),
        _number(megabytes_of(environment), 0),
        str(results.errors(name)) if visits else NONE,
        _number(results.median(name, lambda v: v.balance), 2),
    ]
    return f"| {' | '.join(cells)} |"


def _uneven(results: Results) -> list[str]:
    """Name the servers whose load did not spread over two workers in some round."""
    found = []
    for name, visits in results.visits.items():
        worst = min(visit.balance for visit in visits)
        if worst < EVEN or any(visit.workers != 2 for visit in visits):
            counts = "/".join(str(visit.workers) for visit in visits)
            found.append(
                f"Uneven: {NAMES[name][0]}, balance down to {worst:.2f}, workers {counts}."
            )
    return found


def _promises(results: Results, names: list[str]) -> list[str]:
    peers = [name for name in names if name != OURS]
    rates = [r for p in peers if (r := results.median(p, lambda v: v.single.rate))]
    tails = [r for p in peers if (r := results.median(p, lambda v: v.single.p99))]
    slow = results.median("mlflow", lambda v: v.single.rate)
    rate = results.median(OURS, lambda v: v.single.rate)
    tail = results.median(OURS, lambda v: v.single.p99)
    pss = results.median(OURS, lambda v: v.pss)
    images, cached = results.images(OURS), results.cached_starts
    ready = statistics.median(cached) if cached else None
    errors = float(results.errors(OURS)) if rate else None
    share = 100 * images / _engine(results) if images else None
    return [
        _at_least("single JSON, times the best peer", _ratio(rate, max(rates, default=None)), 2),
        _at_least("single JSON, times `mlflow models serve`", _ratio(rate, slow), 15),
        _at_most("p99, share of the best peer's", _ratio(tail, min(tails, default=None)), 0.8),
        _at_least("256 images, % of the bare engine", share, 80),
        _at_most("start to ready from the cache, s", ready, 1.5),
        _at_most("PSS of two workers, MB", pss, 140),
        _at_most("requests that failed", errors, 0),
    ]


def _at_least(what: str, value: float | None, bound: float) -> str:
    return _promise(f"{what}: at least {bound:g}", value, value is not None and value >= bound)


def _at_most(what: str, value: float | None, bound: float) -> str:
    return _promise(f"{what}: at most {bound:g}", value, value is not None and value <= bound)


def _promise(what: str, value: float | None, kept: bool) -> str:
    if value is None:
        return f"| {what} | {NONE} | not measured |"
    return f"| {what} | {value:.2f} | {'reached' if kept else 'not reached'} |"


def _ratio(value: float | None, other: float | None) -> float | None:
    return value / other if value and other else None


def _engine(results: Results) -> float:
    return statistics.median(results.engine)


def _number(value: float | None, places: int) -> str:
    return NONE if value is None else f"{value:,.{places}f}"
