"""Settings from environment variables: server, names and folders.

Read without msgspec: its errors name neither the value nor, in words, what is allowed, and with it
the same messages take a third more lines.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mnist_trainer.errors import SettingError

CHARACTER = r"[^\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]"  # no control characters, no broken UTF-8
PASSWORD_FILE = "MLFLOW_TRACKING_PASSWORD_FILE"  # noqa: S105 # the variable's name
SECRETS = {
    "API_TOKEN_FILE": "the API's token",
    PASSWORD_FILE: "the password of MLFLOW_TRACKING_USERNAME",
    "OPTUNA_PASSWORD_FILE": "the password of the account in OPTUNA_STORAGE",
}
DATABASE = r"postgresql\+psycopg2://[^/\s]+@([^/\s:@]+|\[[^/\s@]+\])(:\d+)?/[^/\s?]+(\?\S+)?"


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
    api_url: str | None = None  # None: `versions` does not ask which version is active
    api_token: str = field(default="", repr=False)  # that this API asks for
    tracking_password: str = field(default="", repr=False)  # where a file names it
    optuna_storage: str = field(default="", repr=False)  # "": searches are stored in models_dir
    optuna_password: str = field(default="", repr=False)


def read_settings(environment: Mapping[str, str], default_data_dir: Path) -> Settings:
    """Return the settings; an empty variable counts as not set. Raises SettingError."""

    def read(variable: str, default: str = "", pattern: str = "", allowed: str = "") -> str:
        value = environment.get(variable, "").strip() or default
        if pattern and not re.fullmatch(pattern, value, re.ASCII):
            raise SettingError(f"{variable} is {value!r}; allowed is {allowed}.")
        return value

    models_dir, optuna_storage = read("MODELS_DIR"), read("OPTUNA_STORAGE")
    if optuna_storage and not re.fullmatch(DATABASE, optuna_storage):
        raise SettingError(  # without the value, which may have a password
            "OPTUNA_STORAGE is not the address of a Postgres database; allowed is "
            "postgresql+psycopg2://ACCOUNT@HOST:PORT/DATABASE."
        )
    api_url = read(
        "API_URL", "", r"|https?://[^/\s]+.*", "the address of an API, http://... or https://..."
    )
    return Settings(
        tracking_uri=read(
            "MLFLOW_TRACKING_URI",
            "http://127.0.0.1:5000",
            r"https?://[^/\s]+.*",
            "the address of a tracking server, http://... or https://...",
        ).rstrip("/"),
        experiment=read(
            "MLFLOW_EXPERIMENT_NAME",
            "mnist",
            rf"{CHARACTER}{{1,256}}",
            "a line of up to 256 characters",
        ),
        model_name=read(
            "MODEL_NAME",
            "mnist-classifier",
            rf"(?!\.\.|\.$)((?![/:]){CHARACTER}){{1,256}}",
            "a line of up to 256 characters without / and :, but neither . nor what begins with ..",
        ),
        model_alias=read(
            "MODEL_ALIAS",
            "Production",
            r"(?!(?i:latest|v\d+)$)[\w-]{1,255}",
            "up to 255 letters, digits, _ and -, but neither latest nor v and a number",
        ),
        data_dir=Path(read("DATA_DIR", str(default_data_dir))),
        models_dir=Path(models_dir) if models_dir else None,
        git_commit=read("GIT_COMMIT") or None,
        api_url=api_url.rstrip("/") or None,
        api_token=_read_secret("API_TOKEN_FILE", read("API_TOKEN_FILE")),
        tracking_password=_read_secret(PASSWORD_FILE, read(PASSWORD_FILE)),
        optuna_storage=optuna_storage,
        optuna_password=_read_secret("OPTUNA_PASSWORD_FILE", read("OPTUNA_PASSWORD_FILE")),
    )


def _read_secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text("ascii").strip() if path else ""
    except (OSError, UnicodeDecodeError) as error:
        allowed = f"the path of a file with {SECRETS[variable]}"
        raise SettingError(f"{variable} is {path!r}; allowed is {allowed} ({error}).") from None
