"""The trainer beside plain Keras, in one sitting: `make bench-training`, see `--help`."""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from bench.machine import describe_machine
from mnist_trainer import library_logging

library_logging.prepare(os.environ)  # before TensorFlow is imported
with library_logging.mute():
    import onnxruntime  # type: ignore[import-untyped]  # ships no types

    from mnist_trainer.data.dataset import SHIPPED, Dataset, load
    from mnist_trainer.evaluation.metrics import measure
    from mnist_trainer.export.onnx_export import export
    from mnist_trainer.training.loop import fit
    from mnist_trainer.training.model import build_model
    from mnist_trainer.training.recipes import RECIPES, Recipe

PLAIN_BATCH = 128
LARGER = (512, 256)  # hidden layers of the network that ours is measured against
CALLS = 2000  # of one image, a round


def main() -> None:
    """Race, and train what was asked for; print Markdown."""
    asked = _parse()
    data = load(SHIPPED)
    recipe = RECIPES[asked.recipe]
    print(f"{describe_machine()}; recipe `{asked.recipe}`, medians of {asked.rounds} rounds.\n")
    plain, ours = _race([_fit_plainly(recipe, data), _fit_by_recipe(recipe, data)], asked.rounds)
    print("| what | measured | | ratio |\n|---|--:|--:|--:|")
    print(
        f"| an epoch by Keras' `fit`, batch {PLAIN_BATCH}, undistorted / by the recipe "
        f"| {plain:.0f} ms | {ours:.0f} ms | {plain / ours:.1f} |"
    )
    larger, own = _race([_ask(LARGER, data), _ask(recipe.hidden, data)], asked.rounds)
    print(
        f"| one image through {_named(LARGER)} / {_named(recipe.hidden)}, ONNX Runtime, one thread "
        f"| {larger:.1f} µs | {own:.1f} µs | {larger / own:.1f} |"
    )
    for name in asked.train:
        _train(name, data, asked.seeds)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.training", description=__doc__)
    parser.add_argument("--recipe", choices=RECIPES, default="default")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--train", nargs="+", choices=RECIPES, default=[], help="recipes to train in full as well"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="for --train")
    return parser.parse_args()


def _race(racers: list[Iterator[float]], rounds: int) -> list[float]:
    """Return each one's median; they take turns, and the first turn, which compiles, is free."""
    for racer in racers:
        next(racer)
    laps = [[next(racer) for racer in racers] for _ in range(rounds)]
    return [statistics.median(times) for times in zip(*laps, strict=True)]


def _fit_plainly(recipe: Recipe, data: Dataset) -> Iterator[float]:
    """Yield the milliseconds of each epoch, as Keras' own examples train."""
    network = build_model(recipe.hidden, seed=0)
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    pixels, labels = data.train.pixels(), data.train.labels
    while True:
        yield _clock(lambda: network.fit(pixels, labels, batch_size=PLAIN_BATCH, verbose=0)) * 1e3


def _fit_by_recipe(recipe: Recipe, data: Dataset) -> Iterator[float]:
    """Yield the milliseconds of each epoch, validation included."""
    network = build_model(recipe.hidden, seed=0)
    for epoch in fit(network, data.train, data.validation, replace(recipe, epochs=1000), seed=0):
        yield epoch.seconds * 1e3


def _ask(hidden: tuple[int, ...], data: Dataset) -> Iterator[float]:
    """Yield the microseconds of one image in ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    network, few = build_model(hidden, seed=0), data.test.first(100)
    measure(network, few)  # a network that was never asked is not exported
    with tempfile.TemporaryDirectory() as folder:
        file = export(network, few.pixels(), Path(folder)).onnx
        session = onnxruntime.InferenceSession(str(file), options)
    asked = {session.get_inputs()[0].name: few.first(1).pixels()}
    while True:
        yield _clock(lambda: [session.run(None, asked) for _ in range(CALLS)]) / CALLS * 1e6


def _train(name: str, data: Dataset, seeds: list[int]) -> None:
    """Train in full, once a seed, and print what came of it."""
    recipe = RECIPES[name]
    print(f"\n| `{name}`, seed | seconds | validation % | test % |\n|---|--:|--:|--:|")
    rows = []
    for seed in seeds:
        network = build_model(recipe.hidden, seed)
        epochs = list(fit(network, data.train, data.validation, recipe, seed))
        seconds, chosen = sum(epoch.seconds for epoch in epochs), epochs[-1].val_accuracy
        rows.append((seconds, chosen * 100, measure(network, data.test).accuracy * 100))
        print(f"| {seed} | " + " | ".join(f"{value:.2f}" for value in rows[-1]) + " |", flush=True)
    if len(rows) > 1:
        columns = zip(*rows, strict=True)
        spread = [f"{statistics.mean(c):.2f} ± {statistics.stdev(c):.2f}" for c in columns]
        print(f"| mean ± standard deviation | {' | '.join(spread)} |")


def _clock(act: Callable[[], object]) -> float:
    """Return how many seconds ``act`` takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _named(hidden: tuple[int, ...]) -> str:
    return "-".join(map(str, (784, *hidden, 10)))


if __name__ == "__main__":
    main()
