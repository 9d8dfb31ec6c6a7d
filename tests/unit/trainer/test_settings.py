"""Settings and the command line: defaults, and refusals that name what is allowed."""

from pathlib import Path

import pytest

from mnist_trainer.cli.parser import choose_recipe, parse_args
from mnist_trainer.data.dataset import SHIPPED
from mnist_trainer.errors import SettingError
from mnist_trainer.settings import read_settings
from mnist_trainer.training.recipes import RECIPES


@pytest.mark.parametrize("environment", [{}, {"MODEL_NAME": "", "MODELS_DIR": " "}])
def test_nothing_has_to_be_set(environment: dict[str, str]) -> None:
    settings = read_settings(environment, SHIPPED)
    assert settings.tracking_uri == "http://127.0.0.1:5000"
    assert (settings.model_name, settings.model_alias) == ("mnist-classifier", "Production")
    assert settings.data_dir == SHIPPED
    assert settings.models_dir is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db"),
        ("MLFLOW_TRACKING_URI", "127.0.0.1:5000"),
        ("MODEL_NAME", "digits/mnist"),
        ("MODEL_NAME", "digits:mnist"),
        ("MODEL_NAME", "."),
        ("MODEL_NAME", "..digits"),
        ("MODEL_NAME", "d" * 257),
        ("MLFLOW_EXPERIMENT_NAME", "d" * 257),
        ("API_URL", "api:8000"),
        ("API_TOKEN_FILE", "/nowhere/token"),
        ("MLFLOW_TRACKING_PASSWORD_FILE", "/nowhere/password"),
        ("OPTUNA_PASSWORD_FILE", "/nowhere/password"),
        ("MODEL_ALIAS", "in service"),
        ("MODEL_ALIAS", "latest"),
        ("MODEL_ALIAS", "v3"),
    ],
)
def test_a_bad_variable_is_named_with_its_value_and_what_is_allowed(
    variable: str, value: str
) -> None:
    with pytest.raises(SettingError, match=f"{variable} is '{value}'; allowed is"):
        read_settings({variable: value}, SHIPPED)


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:///s3cr3t.db",
        "postgresql://optuna:s3cr3t@postgres/optuna",
        "postgresql+psycopg2://postgres/s3cr3t",
        "postgresql+psycopg2://optuna:s3cr3t@postgres",
        "postgresql+psycopg2://optuna:s3cr3t@postgres:port/optuna",
        "postgresql+psycopg2://optuna:s3cr3t@@postgres/optuna/",
    ],
)
def test_an_address_of_a_database_is_refused_without_the_password_in_it(address: str) -> None:
    with pytest.raises(SettingError, match="OPTUNA_STORAGE is not the address of") as refusal:
        read_settings({"OPTUNA_STORAGE": address}, SHIPPED)
    assert "s3cr3t" not in str(refusal.value)


@pytest.mark.parametrize("host", ["postgres", "db.example:5432", "[::1]:5432"])
@pytest.mark.parametrize("query", ["", "?sslmode=verify-full&sslrootcert=/ca.pem"])
def test_an_address_of_a_database_is_kept_and_not_shown(host: str, query: str) -> None:
    address = f"postgresql+psycopg2://optuna:s3cr3t@{host}/optuna{query}"
    settings = read_settings({"OPTUNA_STORAGE": address}, SHIPPED)
    assert settings.optuna_storage == address
    assert "s3cr3t" not in repr(settings)


@pytest.mark.parametrize("variable", ["MODEL_NAME", "MLFLOW_EXPERIMENT_NAME"])
@pytest.mark.parametrize("value", ["two\nlines", "nul\x00", "latin-1 \udce9"])
def test_a_name_that_cannot_be_stored_is_refused(variable: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"{variable} is '.*'; allowed is a line of up to 256"):
        read_settings({variable: value}, SHIPPED)


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--epochs", "0"],
        ["train", "--epochs", "2.5"],
        ["train", "--learning-rate", "nan"],
        ["train", "--learning-rate", "fast"],
        ["train", "--hidden", "256,,128"],
        ["train", "--hidden", "0"],
        ["train", "--floor", "97"],
        ["train", "--seed", "-1"],
        ["train", "--limit", "0"],
        ["train", "--recipe", "perfect"],
        ["promote", "three"],
        ["promote"],
        ["retrain"],
        [],
    ],
)
def test_a_bad_command_line_is_refused_in_one_sentence(arguments: list[str]) -> None:
    with pytest.raises(SettingError) as refusal:
        parse_args(arguments)
    assert "\n" not in str(refusal.value)
    assert "--help" in str(refusal.value)


def test_a_recipe_is_chosen_by_name_and_each_setting_can_be_changed() -> None:
    assert choose_recipe(parse_args(["train"])) == RECIPES["default"]
    changed = choose_recipe(
        parse_args(["train", "--recipe", "best", "--hidden", "64,32", "--shift=0"])
    )
    assert (changed.hidden, changed.shift) == ((64, 32), 0)
    assert changed.epochs == RECIPES["best"].epochs


@pytest.mark.parametrize("command", ["train", "promote", "rollback", "versions"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_args([command, "--help"])
    assert ended.value.code == 0
    assert len(capsys.readouterr().out) > 100


def test_the_password_of_a_file_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cr3t\n")
    settings = read_settings({"MLFLOW_TRACKING_PASSWORD_FILE": str(tmp_path / "password")}, SHIPPED)
    assert settings.tracking_password == "s3cr3t"  # noqa: S105 # of a test
    assert "s3cr3t" not in repr(settings)
