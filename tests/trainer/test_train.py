"""A whole training against a real server: what it logs, registers, promotes and leaves."""

import hashlib
import signal
from pathlib import Path

import keras  # type: ignore[import-untyped]  # ships no types
import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from mnist_trainer import commands, data, evidence, export, gate, promotion
from mnist_trainer.arguments import parse
from mnist_trainer.calibration import weigh
from mnist_trainer.errors import TrainerError
from mnist_trainer.evaluate import judge
from mnist_trainer.figures import DRAWN
from mnist_trainer.gate import Answers, Verdict
from mnist_trainer.onnx_file import infer
from mnist_trainer.registry import Registry
from mnist_trainer.server import ServerError
from mnist_trainer.settings import Settings, read_settings
from mnist_trainer.signals import Stopped
from mnist_trainer.temperature import choose_temperature

TINY = ["train", "--limit=1500", "--epochs=4", "--hidden=64", "--batch-size=64", "--floor=0.3"]
TINIER = ["train", "--limit=100", "--epochs=1", "--hidden=16", "--batch-size=50", "--floor=0.01"]


def command(settings: Settings, *arguments: str) -> int:
    return commands.run(parse(arguments), settings)


def alias_of(settings: Settings, client: MlflowClient) -> str | None:
    number = client.get_registered_model(settings.model_name).aliases.get("Production")
    return None if number is None else str(number)


def runs_of(settings: Settings, client: MlflowClient) -> list[Run]:
    """Return the runs, the newest first."""
    experiment = client.get_experiment_by_name(settings.experiment)
    return client.search_runs([experiment.experiment_id]) if experiment else []


@pytest.fixture(scope="module")
def trained(server: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One training that the tests of this module look at."""
    models = tmp_path_factory.mktemp("models")
    settings = read_settings(
        {
            "MLFLOW_TRACKING_URI": server,
            "MLFLOW_EXPERIMENT_NAME": "trained",
            "MODEL_NAME": "trained",
            "MODELS_DIR": str(models),
            "GIT_COMMIT": "c0ffee",
        }
    )
    assert command(settings, *TINY) == 0
    return settings


def test_the_version_is_in_service_and_its_tags_say_what_it_is(
    trained: Settings, client: MlflowClient
) -> None:
    version = client.get_model_version_by_alias("trained", "Production")
    assert trained.models_dir
    onnx = (trained.models_dir / "mnist_model.onnx").read_bytes()
    assert version.tags["sha256"] == hashlib.sha256(onnx).hexdigest()
    assert version.tags["gate"] == "passed"
    assert 0.3 < float(version.tags["test_accuracy"]) < 1
    assert "promoted_over" not in version.tags


def test_pyfunc_and_tensorflow_load_what_serving_runs(trained: Settings, tmp_path: Path) -> None:
    mlflow.set_tracking_uri(trained.tracking_uri)
    address = f"models:/{trained.model_name}@Production"
    model = mlflow.pyfunc.load_model(address)
    signature = model.metadata.signature
    assert [(spec.type, spec.shape) for spec in signature.inputs] == [("float32", (-1, 784))]
    assert [(spec.type, spec.shape) for spec in signature.outputs] == [("float32", (-1, 10))]
    pixels = data.load(data.SHIPPED).validation.first(64).pixels()
    given = model.predict(pixels)
    assert given.shape == (64, 10)
    native = np.asarray(mlflow.tensorflow.load_model(address)(pixels))
    file = mlflow.artifacts.download_artifacts(
        f"{address}/extra_files/model.onnx", dst_path=str(tmp_path)
    )
    served = infer(Path(file), pixels)
    for other in (native, served, infer(Path(file), pixels[:1])):
        assert np.allclose(given[: len(other)], other, atol=1e-5)
    assert np.allclose(served.sum(axis=1), 1, atol=1e-5)


def test_the_network_is_left_as_files_that_load_without_anything_of_ours(trained: Settings) -> None:
    assert trained.models_dir
    names = sorted(file.name for file in trained.models_dir.iterdir())
    assert names == ["mnist_model.keras", "mnist_model.onnx"]
    loaded = keras.saving.load_model(trained.models_dir / "mnist_model.keras")
    pixels = data.load(data.SHIPPED).validation.first(64).pixels()
    served = infer(trained.models_dir / "mnist_model.onnx", pixels)
    assert np.allclose(np.asarray(loaded(pixels)), served, atol=1e-5)


def test_the_run_holds_every_setting_and_what_it_was_made_with(
    trained: Settings, client: MlflowClient
) -> None:
    (run,) = runs_of(trained, client)
    params = run.data.params
    assert run.info.status == "FINISHED"
    assert params["hidden"] == "(64,)"
    assert params["recipe"] == "default"
    assert {"seed", "epochs", "learning_rate", "elastic", "floor"} <= params.keys()
    assert params["version_keras"] == keras.__version__
    for package in ("python", "tensorflow", "numpy", "mlflow", "onnx", "onnxruntime"):
        assert params[f"version_{package}"][0].isdigit()
    assert run.data.tags["git_commit"] == "c0ffee"
    assert run.data.tags["gate"] == "passed"


def test_the_run_holds_the_figures_of_every_epoch_and_of_the_end(
    trained: Settings, client: MlflowClient
) -> None:
    (run,) = runs_of(trained, client)
    for figure in ("loss", "accuracy", "val_loss", "val_accuracy", "seconds"):
        history = client.get_metric_history(run.info.run_id, figure)
        assert sorted(point.step for point in history) == [1, 2, 3, 4]
    metrics = run.data.metrics
    for digit in range(10):
        assert 0 <= metrics[f"test_precision_{digit}"] <= 1
        assert 0 <= metrics[f"test_recall_{digit}"] <= 1
    assert metrics["training_seconds"] > 0
    assert metrics["test_loss"] > 0
    version = client.get_model_version_by_alias("trained", "Production")
    assert f"{metrics['test_accuracy']:.4f}" == version.tags["test_accuracy"]
    assert version.run_id == run.info.run_id


def test_the_run_names_the_data_and_their_digest(trained: Settings, client: MlflowClient) -> None:
    (run,) = runs_of(trained, client)
    inputs = client.get_run(run.info.run_id).inputs
    assert inputs
    (entry,) = inputs.dataset_inputs
    assert entry.dataset.name == "mnist"
    assert run.data.params["dataset_sha256"].startswith(entry.dataset.digest)
    assert len(entry.dataset.digest) == 32


def test_the_run_holds_figures_and_report_and_the_registry_the_model_card(
    trained: Settings, client: MlflowClient
) -> None:
    (run,) = runs_of(trained, client)
    logged = {file.path: file.file_size for file in client.list_artifacts(run.info.run_id)}
    assert logged.keys() == {"confusion.json", "report.html", "figures"}
    assert (logged["report.html"] or 0) > 100_000
    drawn = {file.path for file in client.list_artifacts(run.info.run_id, "figures")}
    assert drawn == {f"figures/{name}.png" for name in DRAWN}
    assert 0 < run.data.metrics["calibration_error"] < 1
    accuracy = f"{run.data.metrics['test_accuracy']:.2%}"
    for card in (
        client.get_model_version("trained", "1").description,
        client.get_registered_model("trained").description,
    ):
        assert card
        assert card.startswith("# trained")
        assert f"| Accuracy on the test images | {accuracy} |" in card
        assert run.data.params["dataset_sha256"] in card


def test_the_network_is_calibrated_on_the_validation_images(
    trained: Settings, client: MlflowClient
) -> None:
    (run,) = runs_of(trained, client)
    assert run.data.metrics["temperature"] != 1
    assert trained.models_dir
    validation = data.load(data.SHIPPED).validation
    served = infer(trained.models_dir / "mnist_model.onnx", validation.pixels())
    error = weigh(served, judge(served, validation).right).error
    assert run.data.metrics["val_calibration_error"] == pytest.approx(error, abs=1e-4)
    assert choose_temperature(served, validation) == pytest.approx(1, abs=1e-3)


def test_figures_that_cannot_be_drawn_do_not_cost_the_training(
    settings: Settings,
    client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(*given: object) -> None:
        raise ValueError("no ink\nleft")

    monkeypatch.setattr(evidence, "write_figures", fail)
    assert command(settings, *TINIER) == 0
    told = capfd.readouterr()
    assert "the training goes on without (ValueError: no ink left)\n" in told.out
    assert told.err == ""
    assert alias_of(settings, client) == "1"
    assert [run.info.status for run in runs_of(settings, client)] == ["FINISHED"]


def test_a_training_killed_while_it_draws_leaves_the_version_in_service(
    settings: Settings, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command(settings, *TINIER) == 0
    before = client.get_registered_model(settings.model_name).description

    def stop(*given: object) -> None:
        raise Stopped(signal.SIGTERM)

    monkeypatch.setattr(evidence, "write_figures", stop)
    with pytest.raises(Stopped):
        command(settings, *TINY)
    assert alias_of(settings, client) == "1"
    assert client.get_model_version(settings.model_name, "2").tags["gate"] == "not judged yet"
    assert client.get_registered_model(settings.model_name).description == before
    assert runs_of(settings, client)[0].info.status == "KILLED"


def test_the_terminal_tells_the_story(
    settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    assert command(settings, *TINIER) == 0
    told = capfd.readouterr()
    words = [line.split()[0] for line in told.out.splitlines()]
    assert words == [
        "Run",
        "Data",
        "Network",
        "Epoch",
        "Trained",
        "Calibrated",
        "Files",
        "Test",
        "Version",
        "Gate",
        "Report",
        "Gate",
    ]
    assert told.err == ""


@pytest.mark.parametrize(("lost", "won", "in_service"), [(10, 6, "2"), (15, 5, "1")])
def test_a_candidate_no_worse_than_chance_replaces_the_version_in_service(
    settings: Settings, client: MlflowClient, lost: int, won: int, in_service: str
) -> None:
    """Of 16 coins 10 or more fall one way in 23 % of all cases; of 20 coins 15 in 2 %."""
    assert command(settings, *TINY) == 0
    first = client.get_model_version(settings.model_name, "1")
    registry = Registry(settings.tracking_uri, settings.model_name, settings.model_alias)
    assert first.source
    assert first.run_id
    second = registry.register(first.source.removeprefix("models:/"), first.run_id, {})
    test = data.load(data.SHIPPED).test
    rival = promotion.find_rival(registry, test)
    assert rival.measured
    answers = judge(rival.measured.probabilities, test).right.copy()
    right, wrong = np.flatnonzero(answers), np.flatnonzero(~answers)
    answers[right[:lost]], answers[wrong[:won]] = False, True
    candidate = promotion.Candidate(second, answers)
    verdict = promotion.pass_gate(registry, candidate, rival, test, floor=0.3)
    assert verdict.promoted == (in_service == "2")
    assert alias_of(settings, client) == in_service
    tags = client.get_model_version(settings.model_name, "2").tags
    assert tags["gate"] == verdict.reason
    assert tags.get("promoted_over") == ("1" if verdict.promoted else None)


def test_a_candidate_worse_beyond_chance_stays_registered_with_the_reason(
    settings: Settings, client: MlflowClient
) -> None:
    assert command(settings, *TINY) == 0
    assert command(settings, *TINIER) == 0
    assert command(settings, *TINIER, "--require-promotion") == 3
    assert alias_of(settings, client) == "1"
    for number in ("2", "3"):
        tags = client.get_model_version(settings.model_name, number).tags
        assert tags["gate"].startswith("worse beyond chance")
        assert "promoted_over" not in tags
    assert {run.info.status for run in runs_of(settings, client)} == {"FINISHED"}
    assert command(settings, *TINY) == 0  # the very same network: no digit differs
    assert alias_of(settings, client) == "4"
    assert client.get_model_version(settings.model_name, "4").tags["promoted_over"] == "1"


def test_a_candidate_below_the_floor_stays_registered_with_the_reason(
    settings: Settings, client: MlflowClient
) -> None:
    assert command(settings, *TINIER, "--floor=0.999", "--require-promotion") == 3
    version = client.get_model_version(settings.model_name, "1")
    assert version.tags["gate"].startswith("below the floor")
    assert alias_of(settings, client) is None


def test_where_the_version_in_service_is_not_what_was_registered_the_floor_decides(
    settings: Settings, client: MlflowClient, capfd: pytest.CaptureFixture[str]
) -> None:
    assert command(settings, *TINY) == 0
    client.set_model_version_tag(settings.model_name, "1", "sha256", "0" * 64)
    assert command(settings, *TINIER) == 0
    assert alias_of(settings, client) == "2"
    assert "version 1 is in service and cannot be measured" in capfd.readouterr().out
    tags = client.get_model_version(settings.model_name, "2").tags
    assert tags["gate"] == "passed"
    assert tags["gate_note"].startswith("version 1 is in service and cannot be measured")


def test_the_gate_judges_the_version_that_is_in_service_at_the_end(
    settings: Settings, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another training promotes a better version while this one is being judged."""
    assert command(settings, *TINIER) == 0
    assert command(settings, *TINY) == 0
    client.set_registered_model_alias(settings.model_name, "Production", "1")
    judged: list[Verdict] = []

    def decide_and_be_overtaken(
        candidate: Answers, in_service: Answers | None, floor: float
    ) -> Verdict:
        judged.append(gate.decide(candidate, in_service, floor))
        client.set_registered_model_alias(settings.model_name, "Production", "2")
        return judged[-1]

    monkeypatch.setattr(promotion, "decide", decide_and_be_overtaken)
    assert command(settings, *TINIER, "--require-promotion") == 3
    assert [verdict.promoted for verdict in judged] == [True, False]
    assert alias_of(settings, client) == "2"


def test_an_onnx_file_that_differs_ends_the_run_and_nothing_is_registered(
    settings: Settings, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "infer", lambda file, pixels: infer(file, pixels) + 2e-5)
    with pytest.raises(export.ExportError, match=r"differs from the network by 2\.\de-05"):
        command(settings, *TINIER)
    assert [run.info.status for run in runs_of(settings, client)] == ["FAILED"]
    assert not client.search_model_versions(f"name='{settings.model_name}'")
    assert settings.models_dir
    assert not settings.models_dir.exists()


def test_a_folder_that_cannot_be_written_ends_the_run_with_a_sentence(
    settings: Settings, client: MlflowClient
) -> None:
    assert settings.models_dir
    settings.models_dir.write_text("in the way")
    with pytest.raises(TrainerError, match="MODELS_DIR is"):
        command(settings, *TINIER)
    assert [run.info.status for run in runs_of(settings, client)] == ["FAILED"]


def test_an_experiment_that_was_deleted_is_refused_in_one_sentence(
    settings: Settings, client: MlflowClient
) -> None:
    client.delete_experiment(client.create_experiment(settings.experiment))
    with pytest.raises(ServerError, match="refused") as refusal:
        command(settings, *TINIER)
    assert "\n" not in str(refusal.value)


def test_the_registry_tells_no_model_from_no_server(settings: Settings) -> None:
    assert Registry(settings.tracking_uri, "never-heard-of", "Production").in_service() is None
    with pytest.raises(ServerError, match=r"No tracking server answers at http://127\.0\.0\.1:9"):
        Registry("http://127.0.0.1:9", "never-heard-of", "Production").in_service()
