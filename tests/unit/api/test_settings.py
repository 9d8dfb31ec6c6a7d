"""The settings, read from environment variables."""

import pytest

from mnist_api.settings import SettingsError, read_settings


def test_all_settings_are_optional() -> None:
    settings = read_settings({"HOME": "/home/ann", "PORT": ""})
    assert settings.tracking_uri == "http://127.0.0.1:5000"
    assert (settings.model_name, settings.model_alias) == ("mnist-classifier", "Production")
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 2)
    assert (settings.poll_seconds, settings.max_form_files) == (2, 64)
    assert settings.model_file is None


def test_an_origin_may_be_copied_from_the_address_bar() -> None:
    settings = read_settings({"CORS_ORIGINS": "http://localhost:3000/, https://Page.example"})
    assert settings.cors_origins == ("http://localhost:3000", "https://page.example")


REFUSED = [
    ("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db"),
    ("MLFLOW_TRACKING_URI", "127.0.0.1:5000"),
    ("MLFLOW_TRACKING_URI", "http://:5000"),
    ("MLFLOW_TRACKING_URI", "http://host:port"),
    ("MODEL_NAME", "a/b"),
    ("MODEL_ALIAS", "in production"),
    ("MODEL_POLL_SECONDS", "often"),
    ("MODEL_POLL_SECONDS", "0"),
    ("MODEL_POLL_SECONDS", "nan"),
    ("MODEL_POLL_SECONDS", "inf"),
    ("WEB_CONCURRENCY", "0"),
    ("WEB_CONCURRENCY", "1.5"),
    ("MAX_CONTENT_LENGTH", "16MB"),
    ("MAX_CONTENT_LENGTH", "-1"),
    ("MODEL_FILE", "/nowhere/model.onnx"),
    ("MODEL_FILE", "/"),
    ("API_ALLOWED_HOSTS", "http://mnist.lan"),
    ("API_ALLOWED_HOSTS", "mnist.lan other.lan"),
    ("HOST", "local host"),
    ("HOST", "x86_64-conda-linux-gnu"),
    ("PORT", "65536"),
    ("PORT", "http"),
    ("MAX_FORM_FILES", "0"),
    ("MAX_FORM_FILES", "many"),
]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_the_error_names_the_setting_its_value_and_what_is_allowed(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({name: value})
    sentence = str(refused.value)
    assert sentence.startswith(f"{name} is {value!r}, but must be ")
    assert sentence.endswith(".")
    assert sentence.count("\n") == 0
