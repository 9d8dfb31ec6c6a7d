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

library_logging.configure(os.environ)  # before TensorFlow is imported
with library_logging.silence_stderr():
    import onnxruntime  # type: ignore[import-untyped]  # ships no types

    from mnist_trainer.data.dataset import SHIPPED, Dataset, load_dataset
    from mnist_trainer.evaluation.metrics import evaluate
    from mnist_trainer.export.onnx_export import export_model
    from mnist_trainer.training.loop import fit
    from mnist_trainer.training.model import build_model
    from mnist_trainer.training.recipes import RECIPES, Recipe

PLAIN_BATCH = 128
LARGER = (512, 256)  # hidden layers of the model that ours is compared with
CALLS = 2000  # of one image, a round


def main() -> None:
    """Measure, and train the recipes of --train; print Markdown."""
    args = _parse()
    data = load_dataset(SHIPPED)
    recipe = RECIPES[args.recipe]
    print(f"{describe_machine()}; recipe `{args.recipe}`, medians of {args.rounds} rounds.\n")
    plain, ours = _measure_in_turns(
        [_fit_plainly(recipe, data), _fit_by_recipe(recipe, data)], args.rounds
    )
    print("| what | measured | | ratio |\n|---|--:|--:|--:|")
    print(
        f"| an epoch by Keras' `fit`, batch {PLAIN_BATCH}, undistorted / by the recipe "
        f"| {plain:.0f} ms | {ours:.0f} ms | {plain / ours:.1f} |"
    )
    larger, own = _measure_in_turns(
        [_infer(LARGER, data), _infer(recipe.hidden, data)], args.rounds
    )
    print(
        f"| one image, {_format(LARGER)} / {_format(recipe.hidden)}, ONNX Runtime, one thread "
        f"| {larger:.1f} µs | {own:.1f} µs | {larger / own:.1f} |"
    )
    for name in args.train:
        _train(name, data, args.seeds)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.training", description=__doc__)
    parser.add_argument("--recipe", choices=RECIPES, default="default")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--train", nargs="+", choices=RECIPES, default=[], help="recipes to train in full as well"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="for --train")
    return parser.parse_args()


def _measure_in_turns(runners: list[Iterator[float]], rounds: int) -> list[float]:
    """Return the median of each; they run in turns, and the first, which compiles, is left out."""
    for runner in runners:
        next(runner)
    results = [[next(runner) for runner in runners] for _ in range(rounds)]
    return [statistics.median(times) for times in zip(*results, strict=True)]


def _fit_plainly(recipe: Recipe, data: Dataset) -> Iterator[float]:
    """Yield the milliseconds of each epoch, as Keras' own examples train."""
    model = build_model(recipe.hidden, seed=0)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    pixels, labels = data.train.pixels(), data.train.labels
    while True:
        yield 1e3 * _time(lambda: model.fit(pixels, labels, batch_size=PLAIN_BATCH, verbose=0))


def _fit_by_recipe(recipe: Recipe, data: Dataset) -> Iterator[float]:
    """Yield the milliseconds of each epoch, validation included."""
    model = build_model(recipe.hidden, seed=0)
    for epoch in fit(model, data.train, data.validation, replace(recipe, epochs=1000), seed=0):
        yield epoch.seconds * 1e3


def _infer(hidden: tuple[int, ...], data: Dataset) -> Iterator[float]:
    """Yield the microseconds of one image in ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model, few = build_model(hidden, seed=0), data.test.first(100)
    evaluate(model, few)  # a model must be called before its export
    with tempfile.TemporaryDirectory() as folder:
        file = export_model(model, few.pixels(), Path(folder)).onnx
        session = onnxruntime.InferenceSession(str(file), options)
    inputs = {session.get_inputs()[0].name: few.first(1).pixels()}
    while True:
        yield 1e6 / CALLS * _time(lambda: [session.run(None, inputs) for _ in range(CALLS)])


def _train(name: str, data: Dataset, seeds: list[int]) -> None:
    """Train in full, once a seed, and print its results."""
    recipe = RECIPES[name]
    print(f"\n| `{name}`, seed | seconds | validation % | test % |\n|---|--:|--:|--:|")
    rows = []
    for seed in seeds:
        model = build_model(recipe.hidden, seed)
        epochs = list(fit(model, data.train, data.validation, recipe, seed))
        seconds, accuracy = sum(epoch.seconds for epoch in epochs), epochs[-1].val_accuracy
        rows.append((seconds, accuracy * 100, evaluate(model, data.test).accuracy * 100))
        print(f"| {seed} | " + " | ".join(f"{value:.2f}" for value in rows[-1]) + " |", flush=True)
    if len(rows) > 1:
        columns = zip(*rows, strict=True)
        spread = [f"{statistics.mean(c):.2f} ± {statistics.stdev(c):.2f}" for c in columns]
        print(f"| mean ± standard deviation | {' | '.join(spread)} |")


def _time(function: Callable[[], object]) -> float:
    """Return how many seconds ``function`` takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def _format(hidden: tuple[int, ...]) -> str:
    return "-".join(map(str, (784, *hidden, 10)))


if __name__ == "__main__":
    main()
