"""The model card as Markdown: descriptions of the registered model and of a version."""

import json
import shlex
from collections.abc import Sequence

from mnist_trainer.evaluation.robustness import MOST_CORRUPTED, PerturbedAccuracy
from mnist_trainer.reporting.dataset_text import DatasetText, dataset_text
from mnist_trainer.reporting.results import Results

MAX_LENGTH = 5000  # characters of a description in MLflow's database

CORRUPTED = (
    "The corruptions, from shot noise to Canny edges, are those of Mu and Gilmer, "
    f"[2019](https://arxiv.org/abs/1906.02337), on {MOST_CORRUPTED:,} of the images at most."
)
CALL = """\
Of an API that was started with `MODEL_NAME={name}`:
```sh
curl http://127.0.0.1:8000/predict -H 'Content-Type: application/json' {request}
```
```python
model = mlflow.pyfunc.load_model({uri})
probabilities = model.predict(pixels)  # float32 (n, 784), 0 to 1, row by row → float32 (n, 10)
```
For serving, `extra_files/model.onnx` is the same model."""


def describe_version(
    name: str, number: int, results: Results, robustness: Sequence[PerturbedAccuracy]
) -> str:
    """Return the card of version ``number`` of the model ``name``, at most 5,000 characters."""
    intro = f"# {name}, version {number}"
    return _compose(intro, results, robustness, name, f"models:/{name}/{number}")


def describe_model(
    name: str, alias: str, number: int, results: Results, robustness: Sequence[PerturbedAccuracy]
) -> str:
    """Return the card of the registered model ``name``, with the metrics of version ``number``.

    ``alias`` is that of the desired version. At most 5,000 characters.
    """
    intro = (
        f"# {name}\n\nThe promoted version has the alias `{alias}`. The metrics below are those of "
        f"version {number}; each version has a card of its own."
    )
    return _compose(intro, results, robustness, name, f"models:/{name}@{alias}")


def _compose(
    intro: str, results: Results, robustness: Sequence[PerturbedAccuracy], name: str, uri: str
) -> str:
    description = dataset_text(results.params)
    parts = {
        "Purpose": description.purpose,
        "Data": _describe_data(description, results),
        "Metrics": _list_metrics(results),
        "Robustness": _list_robustness(results, robustness),
        "Usage": CALL.format(
            name=shlex.quote(name),
            request=description.request,
            uri=json.dumps(uri, ensure_ascii=False),  # Python's string, too
        ),
    }
    card = "\n\n".join([intro, *(f"## {title}\n{text}" for title, text in parts.items())]) + "\n"
    if len(card) > MAX_LENGTH:
        raise ValueError(f"the card has {len(card)} characters; MLflow keeps {MAX_LENGTH}")
    return card


def _describe_data(description: DatasetText, results: Results) -> str:
    params = results.params
    drawn = int(params.get("drawn_images", 0))
    of_them = f", {drawn:,} of them rendered from strokes and fonts" if drawn else ""
    return (
        f"{description.origin} A twelfth of the training images is for validation; the "
        f"{len(results.test):,} test images are used once, after training. Trained on "
        f"{int(params['training_images']):,} images{of_them}.\n"
        f"SHA-256 of all pixels and labels: `{params['dataset_sha256']}`"
    )


def _list_metrics(results: Results) -> str:
    metrics = results.metrics
    recalls = [recall for _, recall in metrics.per_class()]
    worst = min(sorted(set(results.test.labels.tolist())), key=recalls.__getitem__)
    rows = [
        ("Accuracy on the test images", f"{metrics.accuracy:.2%}"),
        ("Mistakes", f"{len(results.mistakes)} of {len(results.test):,}"),
        ("Loss, nats an image", f"{metrics.loss:.4f}"),
        ("Expected calibration error", f"{results.reliability.calibration_error:.2%}"),
        ("Class with the least recall", f"{worst}, {recalls[worst]:.2%}"),
    ]
    if results.unlike is not None:
        rows.append(("Test images with a digit score below 0.5", f"{results.unlike:.2%}"))
    if results.champion:
        found = results.champion.comparison
        rows.append(
            (
                f"Against the champion, version {results.champion.number}",
                f"images lost: {len(found.lost)}, won: {len(found.won)}, "
                f"exact McNemar p = {found.p_value:.2g}",
            )
        )
    return _table(("on test images", ""), rows)


def _list_robustness(results: Results, robustness: Sequence[PerturbedAccuracy]) -> str:
    rows = [("none", f"{results.metrics.accuracy:.2%}")]
    rows += [(each.change, f"{each.accuracy:.2%}") for each in robustness]
    return CORRUPTED + "\n\n" + _table(("change to every test image", "accuracy"), rows)


def _table(head: tuple[str, str], rows: Sequence[tuple[str, str]]) -> str:
    lines = [head, ("---", "---"), *rows]
    return "\n".join(f"| {left} | {right} |" for left, right in lines)
