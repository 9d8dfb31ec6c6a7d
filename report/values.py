"""The report's numbers, each as a TeX command."""

import ast
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import mnist_trainer
from mnist_trainer.data.dataset import VALIDATION_SHARE
from mnist_trainer.evaluation import calibration, gate, robustness
from mnist_trainer.evaluation.corruptions import CORRUPTIONS
from mnist_trainer.signature import CLASSES, SIDE
from report.run import TrainedVersion
from report.tex import escape, number, percent, rounded, rows, setting

SETTINGS = {
    "Epochs": "epochs", "BatchSize": "batch_size", "LearningRate": "learning_rate",
    "BetaOne": "beta_1", "BetaTwo": "beta_2", "Smoothing": "label_smoothing",
    "Elastic": "elastic", "Rotation": "rotation", "Stretch": "scale", "Shear": "shear",
    "Shift": "shift", "Floor": "floor", "Seed": "seed",
}  # fmt: skip
PACKAGES = {
    "Python": "python", "TensorFlow": "tensorflow", "Keras": "keras", "Numpy": "numpy",
    "Mlflow": "mlflow", "OnnxRuntime": "onnxruntime",
}  # fmt: skip


def describe(source: TrainedVersion) -> dict[str, str]:
    """Return name → TeX for everything except the API's speed."""
    params, metrics = source.params, source.metrics
    values = {name: setting(params[key]) for name, key in SETTINGS.items()}
    values |= {f"Version{name}": escape(params[f"version_{key}"])
               for name, key in PACKAGES.items()}  # fmt: skip
    values |= {
        "ModelName": escape(source.model),
        "ModelAlias": escape(source.alias),
        "ModelVersion": str(source.number),
        "RunId": escape(source.run_id),
        "Commit": escape(source.tags.get("git_commit", "")[:12] or "?"),
        "SetDate": source.started.strftime(r"\day=%d \month=%m \year=%Y").replace("=0", "="),
        "Recipe": escape(params.get("recipe", "?")),
        "Dataset": escape(params["dataset"]),
        "DataDigest": escape(params["dataset_sha256"]),
        "WarmupPercent": percent(float(params["warmup"]), 0),
        "ValidationShare": str(VALIDATION_SHARE),
    }
    return values | _describe_network(params) | _describe_outcome(source) | _constants(metrics)


def is_plain(params: Mapping[str, str]) -> bool:
    """Return whether all layers are dense with ReLU; runs without the parameter `layers` are."""
    hidden = ast.literal_eval(params["hidden"])
    plain = ", ".join([*(f"Dense {width} relu" for width in hidden), "Dense 10, Softmax"])
    return params.get("layers", plain) == plain


def is_corrupted(metrics: Mapping[str, float]) -> bool:
    """Return whether the version was measured on corrupted images; earlier ones were not."""
    return f"accuracy_{robustness.MEAN}" in metrics


def _describe_network(params: Mapping[str, str]) -> dict[str, str]:
    hidden = ast.literal_eval(params["hidden"])
    widths = [SIDE * SIDE, *hidden, CLASSES]
    dense = sum((inputs + 1) * outputs for inputs, outputs in pairwise(widths))
    images, drawn = int(params["training_images"]), int(params.get("drawn_images", 0))
    batch = min(int(params["batch_size"]), images)
    return {
        "Widths": "--".join(map(str, widths)),
        "HiddenLayers": str(len(hidden)),
        "Weights": number(int(params.get("weights", dense))),
        "Layers": escape(params.get("layers", "")),
        "TrainingImages": number(images - drawn),
        "DrawnImages": number(drawn),
        "Steps": number(int(params["epochs"]) * (images // batch)),
    }


def _describe_outcome(source: TrainedVersion) -> dict[str, str]:
    metrics, curve = source.metrics, source.curves["val_accuracy"]
    images, mistakes = int(metrics["test_images"]), int(metrics["test_mistakes"])
    low, high = calibration.wilson_interval(images - mistakes, images)
    best = max(range(len(curve)), key=curve.__getitem__)
    truth, guess, count = max(
        ((t, p, n) for t, row in enumerate(source.confusion) for p, n in enumerate(row) if t != p),
        key=lambda each: each[2],
    )
    recalls = [metrics[f"test_recall_{digit}"] for digit in range(CLASSES)]
    least = min(range(CLASSES), key=recalls.__getitem__)
    seconds = metrics["training_seconds"]
    return {
        "TestImages": number(images),
        "TestMistakes": number(mistakes),
        "TestAccuracy": percent((images - mistakes) / images),
        "TestLow": percent(low),
        "TestHigh": percent(high),
        "TestLoss": number(metrics["test_loss"], 4),
        "CalibrationError": percent(metrics["calibration_error"]),
        "Temperature": number(metrics["temperature"], 2),
        "ValidationUncalibrated": percent(metrics["val_calibration_error_before"]),
        "ValidationCalibrated": percent(metrics["val_calibration_error"]),
        "FinalLoss": number(source.curves["loss"][-1], 3),
        "FinalAccuracy": percent(source.curves["accuracy"][-1]),
        "ValidationLoss": number(source.curves["val_loss"][-1], 4),
        "ValidationAccuracy": percent(curve[-1]),
        "BestAccuracy": percent(curve[best]),
        "BestEpoch": str(best + 1),
        "TrainingSeconds": number(seconds, 0 if seconds > 20 else 1),
        "EpochSeconds": rounded(seconds / len(curve)),
        "ConfusedTruth": str(truth),
        "ConfusedGuess": str(guess),
        "ConfusedCount": str(count),
        "LeastDigit": str(least),
        "LeastRecall": percent(recalls[least]),
        "DigitRows": rows(_list_digits(metrics)),
        "ShownMistakes": str(min(40, mistakes)),
    }


def _list_digits(metrics: Mapping[str, float]) -> list[list[str]]:
    table = []
    for digit in range(CLASSES):
        precision, recall = (metrics[f"test_{name}_{digit}"] for name in ("precision", "recall"))
        both = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        table.append([str(digit), *(percent(each) for each in (precision, recall, both))])
    return table


def _constants(metrics: Mapping[str, float]) -> dict[str, str]:
    """Return constants of the code, and the metrics that depend on them."""
    values = {
        "Angle": str(robustness.ANGLE),
        "Moved": str(robustness.SHIFT),
        "MostCorrupted": number(robustness.MOST_CORRUPTED),
        "Bins": str(calibration.BINS),
        "Chance": setting(str(gate.SIGNIFICANCE)),
        "Waves": number(_read_constant("training/augmentation", "WAVES")),
        "Smoothness": setting(str(_read_constant("training/augmentation", "SMOOTHNESS"))),
        "Epsilon": rounded(_read_constant("training/adam", "EPSILON"), 1),
        "LimitLeft": percent(metrics["accuracy_turned_left"]),
        "LimitRight": percent(metrics["accuracy_turned_right"]),
        "LimitThin": percent(metrics["accuracy_thin"]),
        "LimitShift": percent(metrics["accuracy_off_centre"]),
    }
    if is_corrupted(metrics):
        values |= {
            f"Limit{name.title().replace('_', '')}": percent(metrics[f"accuracy_{name}"])
            for name in (*CORRUPTIONS, robustness.MEAN)
        }
    if "mcnemar_p" in metrics:
        values |= {
            "ComparedWith": number(metrics["compared_with"]),
            "DigitsLost": number(metrics["digits_lost"]),
            "DigitsWon": number(metrics["digits_won"]),
            "McNemarP": rounded(metrics["mcnemar_p"]),
        }
    return values


def _read_constant(module: str, name: str) -> float:
    """Return a constant from the trainer's source, because importing it imports TensorFlow."""
    source = Path(mnist_trainer.__file__ or "").parent.joinpath(f"{module}.py").read_text("utf-8")
    for line in ast.parse(source).body:
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == name:
            return float(ast.literal_eval(line.value))
    raise LookupError(f"{module}.py has no {name}")
