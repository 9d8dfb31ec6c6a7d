"""Settings from environment variables: server, names and folders."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mnist_trainer.errors import SettingError


@dataclass(frozen=True)
class Settings:
    """Server, names and folders; read once, in the entry point."""

    tracking_uri: str
    experiment: str
    model_name: str
    model_alias: str
    data_dir: Path
    models_dir: Path | None  # None: no local copy of a model is written
    git_commit: str | None  # None: `git rev-parse` is tried


def read_settings(environment: Mapping[str, str], default_data_dir: Path) -> Settings:
    """Return the settings; an empty variable counts as not set. Raises SettingError."""

    def value(variable: str, otherwise: str = "") -> str:
        return environment.get(variable, "").strip() or otherwise

    models_dir = value("MODELS_DIR")
    return Settings(
        tracking_uri=_matching(
            "MLFLOW_TRACKING_URI",
            value("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000"),
            r"https?://[^/\s]+.*",
            "the address of a tracking server, http://... or https://...",
        ).rstrip("/"),
        experiment=value("MLFLOW_EXPERIMENT_NAME", "mnist"),
        model_name=_matching(
            "MODEL_NAME",
            value("MODEL_NAME", "mnist-classifier"),
            r"[^/:]+",
            "any name without / and :",
        ),
        model_alias=_matching(
            "MODEL_ALIAS",
            value("MODEL_ALIAS", "Production"),
            r"(?!(?i:latest|v\d+)$)[\w-]+",
            "letters, digits, _ and -, but neither latest nor v and a number",
        ),
        data_dir=Path(value("DATA_DIR", str(default_data_dir))),
        models_dir=Path(models_dir) if models_dir else None,
        git_commit=value("GIT_COMMIT") or None,
    )


def _matching(variable: str, value: str, pattern: str, allowed: str) -> str:
    if not re.fullmatch(pattern, value, re.ASCII):
        raise SettingError(f"{variable} is {value!r}; allowed is {allowed}.")
    return value
