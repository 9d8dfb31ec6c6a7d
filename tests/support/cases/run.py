"""The parameters and metrics of a run, as the trainer logs them, with chosen numbers."""

from mnist_trainer.evaluation.corruptions import CORRUPTIONS

PARAMS = {
    "recipe": "50%_&_more", "hidden": "(20, 10)", "epochs": "3", "batch_size": "512",
    "learning_rate": "0.0015", "warmup": "0.05", "beta_1": "0.9", "beta_2": "0.99",
    "label_smoothing": "0.05", "elastic": "0.8", "rotation": "10.0", "scale": "0.1",
    "shear": "0.1", "shift": "1.0", "seed": "7", "floor": "0.97", "training_images": "63250",
    "drawn": "0.15", "drawn_images": "8250",
    "dataset": "mnist", "dataset_sha256": "ab" * 32,
    **{f"version_{name}": "1.2.3" for name in (
        "python", "tensorflow", "keras", "numpy", "mlflow", "onnx", "onnxruntime"
    )},
}  # fmt: skip
CORRUPTED = 0.4321, 0.4322  # the accuracy of each corruption, and their mean
METRICS = {
    "training_seconds": 12.34, "test_loss": 0.0765, "test_images": 10000.0,
    "test_mistakes": 250.0, "calibration_error": 0.0432, "temperature": 0.62,
    "val_calibration_error_before": 0.0371, "val_calibration_error": 0.0035,
    "accuracy_turned_left": 0.8111, "accuracy_turned_right": 0.7222,
    "accuracy_thin": 0.6333, "accuracy_off_centre": 0.5444,
    **{f"accuracy_{name}": CORRUPTED[0] for name in CORRUPTIONS},
    "accuracy_corrupted": CORRUPTED[1],
    "compared_with": 4.0, "digits_lost": 31.0, "digits_won": 42.0, "mcnemar_p": 0.2417,
    **{f"test_{what}_{digit}": 0.975 for what in ("precision", "recall") for digit in range(10)},
}  # fmt: skip
