"""Settings of the local stack: environment variables, or `make up NAME=value`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.environments import ROOT


class SettingError(Exception):
    """A setting is invalid; the message names it, its value and what is allowed."""


@dataclass(frozen=True)
class Settings:
    """The ports of the local stack, on 127.0.0.1 only, and the folder of its data."""

    mlflow_port: int = 5000
    api_port: int = 8000
    state: Path = ROOT / ".local"

    @property
    def mlflow_url(self) -> str:
        """The tracking server's address, for the trainer, the API and a browser."""
        return f"http://127.0.0.1:{self.mlflow_port}"

    @property
    def api_url(self) -> str:
        """The API's address."""
        return f"http://127.0.0.1:{self.api_port}"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read MLFLOW_PORT, API_PORT and LOCAL_STATE; if unset or empty, the default.

    Raises SettingError.
    """
    settings = Settings(
        mlflow_port=_read_port(environ, "MLFLOW_PORT", Settings.mlflow_port),
        api_port=_read_port(environ, "API_PORT", Settings.api_port),
        state=Path(environ.get("LOCAL_STATE") or Settings.state).resolve(),
    )
    if set("%?") & set(str(settings.state)):
        raise SettingError(
            f"The folder {settings.state} has % or ? in its path, which the database's address "
            "cannot hold; LOCAL_STATE names another folder."
        )
    if settings.mlflow_port == settings.api_port:
        raise SettingError(
            f"MLFLOW_PORT and API_PORT are both {settings.api_port}; they must differ."
        )
    return settings


def _read_port(environ: Mapping[str, str], name: str, default: int) -> int:
    value = environ.get(name) or str(default)
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= 65535):
        raise SettingError(f"{name} is {value!r}; it must be a whole number from 1 to 65535.")
    return int(value)
