"""The trainer beside plain Keras, in one sitting: `make bench-training`, see `--help`."""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.machine import describe_machine
from mnist_trainer import library_logging

library_logging.configure(os.environ)  # before TensorFlow is imported
with library_logging.silence_stderr():
    import onnxruntime  # type: ignore[import-untyped]  # ships no types

    from bench.outside import load_outside
    from mnist_trainer.data.dataset import SHIPPED, Dataset, load_dataset
    from mnist_trainer.data.drawn_digits import choose_training_images
    from mnist_trainer.data.images import LabelledImages
    from mnist_trainer.evaluation.metrics import compute_metrics, evaluate, predict
    from mnist_trainer.export.onnx_export import export_model
    from mnist_trainer.training.loop import fit
    from mnist_trainer.training.model import build_model
    from mnist_trainer.training.recipes import RECIPES, Recipe
    from mnist_trainer.training.temperature import apply_temperature, choose_temperature

PLAIN_BATCH = 128
LARGER = (512, 256)  # hidden layers of the model that ours is compared with
CALLS = 2000  # of one image, a round
SURE = 0.9


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
    outside = load_outside(args.fonts) if args.train else {}
    if args.train:
        print(
            "\nAccuracy, and in brackets the share that is wrong with more than 90 % confidence, %."
        )
    for name in args.train:
        _train(name, data, args.seeds, outside)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.training", description=__doc__)
    parser.add_argument("--recipe", choices=RECIPES, default="default")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--train", nargs="+", choices=RECIPES, default=[], help="recipes to train in full as well"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="for --train")
    parser.add_argument(
        "--fonts", type=Path, default=Path("/usr/share/fonts"), help="folder of Debian's fonts"
    )
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


def _train(name: str, data: Dataset, seeds: list[int], outside: dict[str, LabelledImages]) -> None:
    """Train in full, once a seed, calibrate, and print its results."""
    recipe = RECIPES[name]
    sets = {"validation": data.validation, "test": data.test, **outside}
    print(f"\n| `{name}`, seed | seconds | " + " | ".join(sets) + " |")
    print("|---|--:|" + "--:|" * len(sets))
    rows = []
    for seed in seeds:
        begun = time.perf_counter()
        model = build_model(recipe.hidden, seed)
        images = choose_training_images(data, None, recipe.drawn, seed, recipe.altered)
        for _ in fit(model, images, data.validation, recipe, seed):
            pass
        seconds = time.perf_counter() - begun
        probabilities = predict(model, data.validation.pixels())
        apply_temperature(model, choose_temperature(probabilities, data.validation))
        rows.append(
            [seconds, *(100 * share for each in sets.values() for share in _measure(model, each))]
        )
        print(f"| {seed} | {_format_row([[value] for value in rows[-1]])} |", flush=True)
    if len(rows) > 1:
        print(f"| mean ± standard deviation | {_format_row(list(zip(*rows, strict=True)))} |")


def _measure(model: Any, images: LabelledImages) -> tuple[float, float]:
    """Return the accuracy, and the share that is wrong with a confidence above 90 %."""
    probabilities = predict(model, images.pixels())
    metrics = compute_metrics(probabilities, images)
    return metrics.accuracy, float((~metrics.correct & (probabilities.max(1) > SURE)).mean())


def _format_row(columns: Sequence[Sequence[float]]) -> str:
    """Format seconds, then accuracy and sure mistakes of each set, means of several trainings."""
    texts = [
        f"{statistics.mean(c):.2f}" + (f" ± {statistics.stdev(c):.2f}" if len(c) > 1 else "")
        for c in columns
    ]
    pairs = [f"{texts[i]} ({texts[i + 1]})" for i in range(1, len(texts), 2)]
    return " | ".join([texts[0], *pairs])


def _time(function: Callable[[], object]) -> float:
    """Return how many seconds ``function`` takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def _format(hidden: tuple[int, ...]) -> str:
    return "-".join(map(str, (784, *hidden, 10)))


if __name__ == "__main__":
    main()
