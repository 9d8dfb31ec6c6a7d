"""The stages after training: evaluate, log, register, report, gate, promote.

What is on the server already is used, so that an interrupted release can be repeated.
"""

from functools import partial

import keras  # type: ignore[import-untyped]  # ships no types
import numpy as np

from mnist_trainer.console import print_line
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation import digit_score
from mnist_trainer.evaluation.comparison import compare
from mnist_trainer.evaluation.digit_score import LOWEST, DigitScore
from mnist_trainer.evaluation.gate import PASSED, Decision
from mnist_trainer.evaluation.metrics import Metrics, compute_metrics, predict
from mnist_trainer.export.onnx_export import ModelFiles
from mnist_trainer.pipeline.checkpoint import Checkpoint
from mnist_trainer.pipeline.promotion import Candidate, Champion, apply_gate, measure_champion
from mnist_trainer.reporting.publish import publish, update_model_card
from mnist_trainer.reporting.results import ChampionResults, Results
from mnist_trainer.tracking.health import wait_until_healthy
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.run import Run
from mnist_trainer.tracking.version import Version, compute_digest
from mnist_trainer.training.inspection import find_first_kernel


def release(
    run: Run,
    registry: Registry,
    model: keras.Sequential,
    trained: tuple[Checkpoint, ModelFiles],
    test: LabelledImages,
) -> Decision:
    """Log and register a trained model and, where the gate passes, promote it.

    The alias moves last. Waits a little for a server that does not answer. Raises TrainerError;
    the alias is then where it was.
    """
    checkpoint, files = trained
    wait_until_healthy(registry.uri)
    run.send_pending()
    probabilities = predict(model, test.pixels())  # the only use of the test images
    metrics = compute_metrics(probabilities, test)
    _log_test_metrics(run, metrics)
    tags = {
        "sha256": compute_digest(files.onnx),
        "test_accuracy": f"{metrics.accuracy:.4f}",
        "test_images": test.digest(),
        "gate": "not decided yet",
    } | {f"{file.stem}_sha256": compute_digest(file) for file in files.extra}
    unlike = None
    if score := files.find_extra(digit_score.FILE):
        scores = DigitScore.load(score).compute(test.pixels(), probabilities)
        unlike = float(np.mean(scores < LOWEST))
        run.log_metrics({"test_unlike_digits": unlike})
    version = _register(run, registry, model, trained, tags)
    if version.tags.get("gate") == PASSED and registry.was_promoted(version):
        if version.is_promotion_begun:  # interrupted after the alias had moved
            registry.end_promotion(version)
        run.set_tag("gate", PASSED)
        print_line(f"Gate     passed already: version {version.number} was promoted before")
        return Decision(True, PASSED)
    champion = measure_champion(registry, test)
    results = Results(
        history=checkpoint.history,
        test=test,
        probabilities=probabilities,
        kernel=find_first_kernel(model),
        params=checkpoint.params,
        champion=_compare(metrics, champion),
        unlike=unlike,
    )
    card = publish(run, registry, version, results, partial(predict, model))
    candidate = Candidate(version, metrics.correct)
    decision = apply_gate(registry, candidate, champion, test, checkpoint.floor)
    run.set_tag("gate", decision.reason)
    if decision.replaced_by:
        print_line(f"Gate     passed, but version {decision.replaced_by} has replaced it at once")
    elif decision.promoted:
        if card:
            update_model_card(registry, card)
        print_line(f"Gate     passed: version {version.number} has the alias {registry.alias}")
    else:
        print_line(f"Gate     version {version.number} is not promoted: {decision.reason}")
    return decision


def _compare(metrics: Metrics, champion: Champion) -> ChampionResults | None:
    if champion.version is None or champion.metrics is None:
        return None
    comparison = compare(metrics.correct, champion.metrics.correct)
    return ChampionResults(champion.version.number, champion.metrics, comparison)


def _log_test_metrics(run: Run, metrics: Metrics) -> None:
    print_line(f"Test     loss {metrics.loss:.4f}  accuracy {metrics.accuracy:.4f}")
    named = {"test_loss": metrics.loss, "test_accuracy": metrics.accuracy}
    for label, (precision, recall) in enumerate(metrics.per_class()):
        named |= {f"test_precision_{label}": precision, f"test_recall_{label}": recall}
    run.log_metrics(named)
    run.send_pending()
    run.log_json({"rows_true_columns_guessed": metrics.confusion.tolist()}, "confusion.json")


def _register(
    run: Run,
    registry: Registry,
    model: keras.Sequential,
    trained: tuple[Checkpoint, ModelFiles],
    tags: dict[str, str],
) -> Version:
    """Return the version of this run, registered now or before."""
    version = registry.find_by_run(run.id)
    if version:
        print_line(f"Version  {version.number} of {registry.name} is registered already")
        return version
    checkpoint, files = trained
    names = ("tensorflow", "keras", "numpy")
    required = [f"{name}=={checkpoint.params[f'version_{name}']}" for name in names]
    model_id = run.find_logged_model() or run.log_model(model, files, required)
    version = registry.register(model_id, run.id, tags)
    print_line(f"Version  {version.number} of {registry.name} is registered")
    return version
