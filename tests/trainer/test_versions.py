"""`versions`: which version is desired, which is active in the API, and why they differ."""

import contextlib
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from mnist_trainer.settings import Settings
from mnist_trainer.tracking.registry import Registry
from support.processes import ROOT, free_port
from support.servers.model_description import responding
from support.trainer.commands import Command, ended
from support.trainer.trainings import TINIER, command, register_versions

API_PYTHON = ROOT / ".local" / "environments" / "api" / "bin" / "python"
SECONDS = 180


@pytest.fixture
def registry(settings: Settings, client: MlflowClient) -> Registry:
    """A registry with three versions, the second of them promoted."""
    registry = register_versions(settings, client, 3)
    registry.promote(registry.find(2), over=None)
    return registry


def last_line(
    settings: Settings, capsys: pytest.CaptureFixture[str], url: str | None = None
) -> str:
    assert command(replace(settings, api_url=url), "versions") == 0
    return capsys.readouterr().out.splitlines()[-1]


REFUSED = {"version": "2", "reason": "its operator Loop is control flow"}


@pytest.mark.parametrize(
    "case",
    [
        (200, {"version": "2"}, "Version 2 is active in the API at {url}."),
        (
            200,
            {"version": "1", "desired": {"version": "2"}, "refused": REFUSED},
            "Version 1 is active in the API at {url}, not version 2: its operator Loop is control "
            "flow.",
        ),
        (
            200,
            {"version": "1", "desired": {"version": "2", "state": "failed", "reason": "gone"}},
            "Version 1 is active in the API at {url}, not version 2: gone.",
        ),
        (
            200,
            {"version": "1", "desired": None, "refused": None},
            "Version 1 is active in the API at {url}, which has not loaded version 2 yet.",
        ),
        (
            200,
            {"version": "1", "desired": {"version": "1", "state": "active", "reason": None}},
            "Version 1 is active in the API at {url}, and version 1 is desired there: it has not "
            "asked the registry since, or its MODEL_ALIAS or MLFLOW_TRACKING_URI is another one.",
        ),
        (
            200,
            {"version": "2", "name": "fashion"},
            "The API at {url} runs another model, fashion: its MODEL_NAME is another one.",
        ),
        (
            200,
            {"version": "file", "source": "file"},
            "The API at {url} runs the file of its MODEL_FILE, and no registered version.",
        ),
        (503, {"detail": "Train one."}, "No version is active in the API at {url}: Train one."),
        (
            403,
            b"no JSON",
            "The API at {url} does not say which version is active: its status is 403 Forbidden.",
        ),
        (200, b"<html>", "What answers at {url} is not the API; API_URL names it."),
        (200, [], "What answers at {url} is not the API; API_URL names it."),
    ],
)
def test_what_the_api_says_is_one_line(
    registry: Registry,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    case: tuple[int, Any, str],
) -> None:
    status, body, expected = case
    if isinstance(body, dict) and status == 200:
        body = {"name": registry.name, "source": "registry"} | body
    with responding(status, body) as url:
        assert last_line(settings, capsys, url) == expected.format(url=url)


def test_the_api_is_asked_with_its_token(
    registry: Registry, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {"name": registry.name, "source": "registry", "version": "2"}
    with responding(200, body) as url:
        right, wrong = (replace(settings, api_token=token) for token in ("right", "wrong"))
        assert last_line(right, capsys, url).startswith("Version 2 is active")
        assert "does not say" in last_line(wrong, capsys, url)


def test_an_api_that_does_not_answer_is_one_line(registry: Registry, start: Command) -> None:
    out, err = ended(start("versions", API_URL="http://127.0.0.1:9/"), 0)
    assert out.splitlines()[-1].startswith("The API at http://127.0.0.1:9 does not answer (")
    assert len(out.splitlines()) == 5
    assert err == ""


def test_the_version_that_a_real_api_refuses_is_not_called_active(
    settings: Settings, client: MlflowClient, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert command(settings, *TINIER) == 0
    registry = Registry(settings.tracking_uri, settings.model_name, settings.model_alias)
    first = client.get_model_version(settings.model_name, "1")
    assert first.source
    assert first.run_id
    with running_api(settings, tmp_path) as url:
        assert last_line(settings, capsys, url) == f"Version 1 is active in the API at {url}."
        registry.register(first.source.removeprefix("models:/"), first.run_id, {"sha256": "0" * 64})
        client.set_registered_model_alias(settings.model_name, "Production", "2")
        begin = f"Version 1 is active in the API at {url}, not version 2: "
        until = time.monotonic() + SECONDS
        while not (line := last_line(settings, capsys, url)).startswith(begin):
            assert time.monotonic() < until, line
            time.sleep(0.2)


@contextlib.contextmanager
def running_api(settings: Settings, folder: Path) -> Iterator[str]:
    """The API, as it is started without containers."""
    port = free_port()
    variables = {
        "PORT": str(port),
        "WEB_CONCURRENCY": "1",
        "MODEL_CACHE": str(folder / "cache"),
        "MODEL_NAME": settings.model_name,
        "MODEL_POLL_SECONDS": "0.2",
        "MLFLOW_TRACKING_URI": settings.tracking_uri,
        "PYTHONPATH": str(ROOT / "api"),
    }
    with (folder / "api.log").open("w") as log:
        process = subprocess.Popen(
            [API_PYTHON, "-m", "gunicorn", "-c", ROOT / "api" / "gunicorn.conf.py"],
            env=os.environ | variables,
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + SECONDS
        while not _is_ready(url):
            assert process.poll() is None, (folder / "api.log").read_text()
            assert time.monotonic() < until, (folder / "api.log").read_text()
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(SECONDS)


def _is_ready(url: str) -> bool:
    with contextlib.suppress(OSError):
        urllib.request.urlopen(f"{url}/model", timeout=5).close()  # noqa: S310 - our own
        return True
    return False
