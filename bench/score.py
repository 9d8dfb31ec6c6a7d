"""Scoring many images beside ONNX Runtime alone, in turns: `make bench-score`, see `--help`."""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

from bench import environments
from bench.machine import describe_machine
from bench.model.reference import measure_throughput
from bench.model.selection import select_model
from bench.servers.request_bodies import BATCH_SIZE, PIXELS, read_images
from local.environments import ROOT

SECONDS = 5.0  # of a measurement of ONNX Runtime
HEADER = 128  # bytes of the .npy file before its array


def main() -> None:
    """Measure in turns; print Markdown."""
    args = _parse()
    if hasattr(os, "sched_setaffinity"):  # ONNX Runtime alone has two processes
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    for name in ("api", "api-test", "score"):
        environments.make(name)
    folder = ROOT / ".local" / "bench" / datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    folder.mkdir(parents=True)
    model, description = select_model(None, folder)
    (folder / "images").write_bytes(read_images().float32)
    images = _write_images(folder / "images.npy", args.images)
    alone, rates, totals, peaks = [], [], [], []
    for _ in range(args.rounds):
        alone.append(measure_throughput(model, folder / "images", SECONDS, folder))
        rate, seconds, megabytes = _score(model, images, folder)
        rates.append(rate)
        totals.append(args.images / seconds)
        peaks.append(megabytes)
    images.unlink()
    bare = statistics.median(alone)
    print(f"{describe_machine()}; {description}; medians of {args.rounds} rounds.\n")
    print("| what | images a second | share |\n|---|--:|--:|")
    print(f"| ONNX Runtime alone, 2 processes | {bare:,.0f} | |")
    for what, values in (("scoring", rates), ("scoring, start and end included", totals)):
        median = statistics.median(values)
        print(f"| {what}, {args.images:,} images of uint8 | {median:,.0f} | {median / bare:.0%} |")
    print(f"\nMemory of scoring: {max(peaks):.0f} MB at its peak.")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.score", description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000, help="784 bytes of disk each")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _write_images(path: Path, count: int) -> Path:
    """Write a .npy file of ``count`` images: the first test images again and again."""
    shape = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({count}, {PIXELS}), }}"
    block = read_images().uint8
    with path.open("wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + (HEADER - 10).to_bytes(2, "little"))
        file.write(shape.encode().ljust(HEADER - 11) + b"\n")
        for start in range(0, count, BATCH_SIZE):
            file.write(block[: (count - start) * PIXELS])
    return path


def _score(model: Path, images: Path, folder: Path) -> tuple[float, float, float]:
    """Return the images a second that a run shows at its end, its seconds and its peak in MB."""
    output = folder / "scores"
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT / "score"), str(ROOT / "api"))),
        "MODEL_FILE": str(model),
    }
    python = environments.bin_of("score") / "python"
    command: list[str | Path] = [python, "-m", "mnist_score", images, "--output", output]
    begin = time.perf_counter()
    with (folder / "score.log").open("w+") as log:
        process = subprocess.Popen(command, env=environ, stdout=log)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        log.seek(0)
        shown = re.findall(r"([\d,]+) images/s", log.read())
    if status != 0:
        raise RuntimeError(f"Scoring failed; {log.name} has its output.")
    shutil.rmtree(output)
    return float(shown[-1].replace(",", "")), seconds, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
