"""Credentials for the tracking server: as MLflow's clients take them, and never shown."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mnist_api.registry.mlflow_client import Registry, RegistryError
from mnist_api.settings import SettingsError, read_settings
from support.networks.dense import digit_network
from support.processes import wait_until
from support.registered_model import RegisteredModel
from support.servers.api import Api
from support.servers.guarded import PREFIX, GuardedServer, guarded, make_certificate

SECRET = "s:3cr&t/@ü"  # noqa: S105 # of a server that lives for a test
BASIC = f"Basic {b64encode(f'ann:{SECRET}'.encode()).decode()}"
BEARER = "Bearer 70k3n"
USERINFO = "ann:s%3A3cr%26t%2F%40%C3%BC@"
ACCOUNT = {"MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": SECRET}
TOKEN = {"MLFLOW_TRACKING_TOKEN": "70k3n"}
WRONG = {"MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": "wr0ng"}
WAYS = {
    "user and password": (BASIC, "", ACCOUNT),
    "user and password before a token": (BASIC, "", ACCOUNT | TOKEN),
    "token": (BEARER, "", TOKEN),
    "token beside a user without a password": (
        BEARER,
        "",
        TOKEN | {"MLFLOW_TRACKING_USERNAME": "ann"},
    ),
    "in the URL": (BASIC, USERINFO, {}),
    "in the URL before variables": (BASIC, USERINFO, WRONG),
}


def connect(address: str, model: RegisteredModel, **environ: str) -> Registry:
    settings = read_settings({"MLFLOW_TRACKING_URI": f"{address}{PREFIX}/", **environ})
    assert SECRET not in repr(settings)
    assert SECRET not in settings.tracking_uri
    return Registry(settings.tracking_uri, model.name, "Production", settings.credentials)


@pytest.mark.parametrize(("header", "userinfo", "environ"), WAYS.values(), ids=WAYS)
def test_a_model_is_fetched_with_credentials_below_a_path(
    model: RegisteredModel, header: str, userinfo: str, environ: dict[str, str]
) -> None:
    model.register(digit_network(4))
    with guarded(model.relay.port, header) as server:
        registry = connect(f"http://{userinfo}{server.host}", model, **environ)
        desired = registry.find()
        assert desired is not None
        assert registry.fetch(desired) == digit_network(4)
        assert set(server.received) == {header}


def test_the_password_of_a_file_goes_before_that_of_a_variable(
    model: RegisteredModel, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text(f"{SECRET}\n")
    file = {"MLFLOW_TRACKING_PASSWORD_FILE": str(tmp_path / "password")}
    model.register(digit_network(4))
    with guarded(model.relay.port, BASIC) as server:
        assert connect(f"http://{server.host}", model, **WRONG, **file).find() is not None


@pytest.mark.parametrize("environ", [{}, WRONG, {"MLFLOW_TRACKING_TOKEN": "wr0ng"}])
def test_the_error_without_the_right_credentials_names_the_variables_and_shows_no_secret(
    start_api: Callable[..., Api], model: RegisteredModel, environ: dict[str, str]
) -> None:
    with guarded(model.relay.port, BASIC) as server:
        uri = f"http://{server.host}{PREFIX}"
        api = start_api(**model.settings() | environ | {"MLFLOW_TRACKING_URI": uri})
        wait_until(lambda: "responds 401 Unauthorized: set MLFLOW_TRACKING_USERNAME" in api.log())
        assert "wr0ng" not in api.log()
        assert b64encode(b"ann:wr0ng").decode() not in api.log()


def test_the_api_serves_with_a_password_in_the_url_and_does_not_log_it(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    model.register(digit_network(4))
    with guarded(model.relay.port, BASIC) as server:
        uri = f"http://{USERINFO}{server.host}{PREFIX}"
        api = start_api(**model.settings() | {"MLFLOW_TRACKING_URI": uri}).wait_all_ready()
        assert api.predict() == 4
        server.shutdown()
        server.server_close()
        wait_until(lambda: "does not respond" in api.log())
        assert not any(part in api.log() for part in (SECRET, "s%3A3cr", BASIC[6:], "Traceback"))


def test_credentials_are_not_sent_to_the_server_of_a_redirect(model: RegisteredModel) -> None:
    with guarded(model.relay.port, BASIC) as server, guarded(model.relay.port, BASIC) as other:
        server.redirect = f"http://{other.host}"
        with pytest.raises(RegistryError, match="401"):
            connect(f"http://{server.host}", model, **ACCOUNT).find()
        assert (server.received, other.received) == ([BASIC], [None])


@pytest.mark.parametrize("address", ["mlflow-artifacts://{}/", "http://me:s3cr3t@{}/files/"])
def test_credentials_are_not_sent_to_another_server_of_artifacts(
    model: RegisteredModel, address: str
) -> None:
    model.register(digit_network(4))
    with guarded(model.relay.port, BASIC) as server, guarded(model.relay.port, BASIC) as other:
        server.artifacts = address.format(other.host).encode()
        registry = connect(f"http://{server.host}", model, **ACCOUNT)
        desired = registry.find()
        assert desired is not None
        with pytest.raises(RegistryError, match="401") as refused:
            registry.fetch(desired)
        assert f"http://{other.host}/" in str(refused.value)
        assert other.received == [None]


@pytest.fixture
def secured(model: RegisteredModel, tmp_path: Path) -> Iterator[tuple[GuardedServer, Path]]:
    certificate = make_certificate(tmp_path)
    with guarded(model.relay.port, BASIC, certificate) as server:
        yield server, certificate


def test_a_certificate_is_verified_unless_it_is_trusted_or_ignored(
    model: RegisteredModel, secured: tuple[GuardedServer, Path]
) -> None:
    model.register(digit_network(4))
    server, certificate = secured
    trusting = {"MLFLOW_TRACKING_SERVER_CERT_PATH": str(certificate)}
    for environ in (trusting, {"MLFLOW_TRACKING_INSECURE_TLS": "true"}):
        assert connect(f"https://{server.host}", model, **ACCOUNT, **environ).find() is not None
    received = len(server.received)
    with pytest.raises(RegistryError, match="CERTIFICATE_VERIFY_FAILED"):
        connect(f"https://{server.host}", model, **ACCOUNT).find()
    assert len(server.received) == received


HTTPS = {"MLFLOW_TRACKING_URI": "https://mlflow.example"}
REFUSED = {
    "password in a bad URL": (
        {"MLFLOW_TRACKING_URI": "ftp://ann:s3cr3t@host"},
        "MLFLOW_TRACKING_URI is 'ftp://***@host', but must be ",
    ),
    "password without a scheme": (
        {"MLFLOW_TRACKING_URI": "ann:s3cr3t@host:5000"},
        "MLFLOW_TRACKING_URI is '***@host:5000', but must be ",
    ),
    "password with a slash": (
        {"MLFLOW_TRACKING_URI": "http://ann:s3cr3t/@host"},
        "MLFLOW_TRACKING_URI is 'http://***@host', but must be ",
    ),
    "token of two lines": ({"MLFLOW_TRACKING_TOKEN": "s3cr3t\n"}, "MLFLOW_TRACKING_TOKEN must be "),
    "no password file": (
        {"MLFLOW_TRACKING_PASSWORD_FILE": "/nowhere"},
        "MLFLOW_TRACKING_PASSWORD_FILE is '/nowhere', but No such file",
    ),
    "no boolean": (
        HTTPS | {"MLFLOW_TRACKING_INSECURE_TLS": "maybe"},
        "MLFLOW_TRACKING_INSECURE_TLS is 'maybe', but must be true or false",
    ),
    "no file": (
        HTTPS | {"MLFLOW_TRACKING_SERVER_CERT_PATH": "/nowhere"},
        "MLFLOW_TRACKING_SERVER_CERT_PATH is '/nowhere', but must be ",
    ),
    "no certificate": (
        HTTPS | {"MLFLOW_TRACKING_SERVER_CERT_PATH": __file__},
        "MLFLOW_TRACKING_SERVER_CERT_PATH is ",
    ),
    "contradiction": (
        HTTPS | {"MLFLOW_TRACKING_SERVER_CERT_PATH": "/x", "MLFLOW_TRACKING_INSECURE_TLS": "1"},
        "MLFLOW_TRACKING_INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH are both set",
    ),
}


@pytest.mark.parametrize(("environ", "beginning"), REFUSED.values(), ids=REFUSED)
def test_a_setting_that_cannot_be_used_is_refused_without_its_secret(
    environ: dict[str, str], beginning: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings(environ)
    assert str(refused.value).startswith(beginning)
    assert "s3cr3t" not in str(refused.value)
