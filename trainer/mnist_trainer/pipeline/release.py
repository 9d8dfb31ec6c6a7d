"""From a trained network to the alias: evaluate, log, register, show, gate, promote.

What the server has already is taken up, so that a delivery that broke off can be repeated.
"""

from functools import partial

import keras  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.console import say
from mnist_trainer.data.images import Digits
from mnist_trainer.evaluation.gate import PASSED, Verdict
from mnist_trainer.evaluation.metrics import Figures, judge, predict
from mnist_trainer.export.onnx_export import Files
from mnist_trainer.pipeline.checkpoint import Trained
from mnist_trainer.pipeline.promotion import Candidate, find_rival, pass_gate
from mnist_trainer.reporting.publish import introduce, show
from mnist_trainer.reporting.results import Results
from mnist_trainer.tracking.health import await_answer
from mnist_trainer.tracking.registry import Registry, Version
from mnist_trainer.tracking.run import Run
from mnist_trainer.training.inspection import find_first_kernel


def deliver(
    run: Run,
    registry: Registry,
    network: keras.Sequential,
    made: tuple[Trained, Files],
    test: Digits,
) -> Verdict:
    """Send what a training made and, where the gate lets it, promote it; the alias moves last.

    Waits a little for a server that is away. Raises TrainerError; whatever it raises,
    the version in service stays in service.
    """
    trained, _ = made
    await_answer(registry.uri)
    run.send_figures()
    said = predict(network, test.pixels())  # the test images, for the one time
    figures = judge(said, test)
    _report(run, figures)
    version = _register(run, registry, network, made, figures)
    if version.tags.get("gate") == PASSED and registry.has_served(version):
        run.tag("gate", PASSED)
        say(f"Gate     passed already: version {version.number} has been in service")
        return Verdict(True, PASSED)
    rival = find_rival(registry, test)
    kernel = find_first_kernel(network)
    results = Results(trained.history, test, said, kernel, trained.told, rival.measured)
    card = show(run, registry, version, results, partial(predict, network))
    candidate = Candidate(version, figures.right)
    verdict = pass_gate(registry, candidate, rival, test, trained.floor)
    run.tag("gate", verdict.reason)
    if verdict.promoted:
        if card:
            introduce(registry, card)
        say(f"Gate     passed: version {version.number} is in service as {registry.alias}")
    else:
        say(f"Gate     version {version.number} is not promoted; it is {verdict.reason}")
    return verdict


def _report(run: Run, figures: Figures) -> None:
    """Tell and log the figures on the test images."""
    say(f"Test     loss {figures.loss:.4f}  accuracy {figures.accuracy:.4f}")
    named = {"test_loss": figures.loss, "test_accuracy": figures.accuracy}
    for digit, (precision, recall) in enumerate(figures.per_digit()):
        named |= {f"test_precision_{digit}": precision, f"test_recall_{digit}": recall}
    run.log_figures(named)
    run.send_figures()
    run.log_table({"rows_true_columns_guessed": figures.confusion.tolist()}, "confusion.json")


def _register(
    run: Run,
    registry: Registry,
    network: keras.Sequential,
    made: tuple[Trained, Files],
    figures: Figures,
) -> Version:
    """Return the version of this run, registered now or before."""
    version = registry.find_by_run(run.id)
    if version:
        say(f"Version  {version.number} of {registry.name} is registered already")
        return version
    trained, files = made
    names = ("tensorflow", "keras", "numpy")
    required = [f"{name}=={trained.told[f'version_{name}']}" for name in names]
    model_id = run.find_model() or run.log_model(network, files, required)
    tags = {
        "sha256": files.sha256,
        "test_accuracy": f"{figures.accuracy:.4f}",
        "gate": "not judged yet",
    }
    version = registry.register(model_id, run.id, tags)
    say(f"Version  {version.number} of {registry.name} is registered")
    return version
