"""The model card, as Markdown: the descriptions of the registered model and of each version."""

from collections.abc import Sequence

from mnist_trainer.evaluation.calibration import weigh
from mnist_trainer.evaluation.comparison import compare
from mnist_trainer.evaluation.metrics import judge
from mnist_trainer.evaluation.robustness import Limit
from mnist_trainer.reporting.dataset_text import Subject, describe_subject
from mnist_trainer.reporting.results import Results

LONGEST = 5000  # characters; what MLflow's database holds of a description

CALL = """\
Of an API that was started with `MODEL_NAME={name}`:
```sh
curl http://127.0.0.1:8000/predict -H 'Content-Type: application/json' {request}
```
```python
model = mlflow.pyfunc.load_model("models:/{name}{chosen}")
probabilities = model.predict(pixels)  # float32 (n, 784), 0 to 1, row by row → float32 (n, 10)
```
For serving, `extra_files/model.onnx` is the same network."""


def describe_version(name: str, number: int, results: Results, limits: Sequence[Limit]) -> str:
    """Return the card of version ``number`` of the model ``name``, at most 5,000 characters."""
    call = {"name": name, "chosen": f"/{number}"}
    return _compose(f"# {name}, version {number}", results, limits, call)


def describe_model(
    name: str, alias: str, number: int, results: Results, limits: Sequence[Limit]
) -> str:
    """Return the card of the model ``name``, with the figures of its version ``number``.

    ``alias`` says which version is in service. At most 5,000 characters.
    """
    intro = (
        f"# {name}\n\nThe version in service bears the alias `{alias}`. The figures below are of "
        f"version {number}; each version's own description has its own."
    )
    return _compose(intro, results, limits, {"name": name, "chosen": f"@{alias}"})


def _compose(intro: str, results: Results, limits: Sequence[Limit], call: dict[str, str]) -> str:
    subject = describe_subject(results.settings)
    parts = {
        "What it is for": subject.purpose,
        "Data": _describe_data(subject, results),
        "Figures": _list_figures(results),
        "Limits seen": _list_limits(results, limits),
        "How to call it": CALL.format(request=subject.request, **call),
    }
    card = "\n\n".join([intro, *(f"## {title}\n{text}" for title, text in parts.items())]) + "\n"
    if len(card) > LONGEST:
        raise ValueError(f"the card has {len(card)} characters; MLflow keeps {LONGEST}")
    return card


def _describe_data(subject: Subject, results: Results) -> str:
    settings = results.settings
    return (
        f"{subject.origin} Of the training images a twelfth is set aside for choosing; the "
        f"{len(results.test):,} test images are seen once, after training. Trained on "
        f"{int(settings['training_images']):,} images.\n"
        f"SHA-256 of all pixels and labels: `{settings['dataset_sha256']}`"
    )


def _list_figures(results: Results) -> str:
    figures = results.figures
    recalls = [recall for _, recall in figures.per_digit()]
    worst = min(sorted(set(results.test.labels.tolist())), key=recalls.__getitem__)
    rows = [
        ("Accuracy on the test images", f"{figures.accuracy:.2%}"),
        ("Mistakes", f"{len(results.mistakes)} of {len(results.test):,}"),
        ("Loss, nats an image", f"{figures.loss:.4f}"),
        (
            "Expected calibration error",
            f"{weigh(results.probabilities, figures.right).error:.2%}",
        ),
        ("Class recognised least", f"{worst}, {recalls[worst]:.2%} of them"),
    ]
    if results.in_service:
        before = judge(results.in_service.probabilities, results.test)
        found = compare(figures.right, before.right)
        rows.append(
            (
                f"Against version {results.in_service.number}, in service then",
                f"images lost: {len(found.lost)}, won: {len(found.won)}, "
                f"exact McNemar p = {found.p_value:.2g}",
            )
        )
    return _table(("on data it never saw", ""), rows)


def _list_limits(results: Results, limits: Sequence[Limit]) -> str:
    rows = [("none", f"{results.figures.accuracy:.2%}")]
    rows += [(limit.change, f"{limit.accuracy:.2%}") for limit in limits]
    return _table(("change to every test image", "accuracy"), rows)


def _table(head: tuple[str, str], rows: Sequence[tuple[str, str]]) -> str:
    lines = [head, ("---", "---"), *rows]
    return "\n".join(f"| {left} | {right} |" for left, right in lines)
