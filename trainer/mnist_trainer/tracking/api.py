"""The API's own account of its active model, `GET /model`."""

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from mnist_trainer.errors import TrainerError

TIMEOUT = 5  # seconds


class ApiError(TrainerError):
    """The API does not answer, or has no active model; the message says which."""


@dataclass(frozen=True)
class ActiveModel:
    """The active model of an API: registered name, version and "registry", or "file".

    ``desired`` is the version that it should make active, None where it knows of none; ``reason``
    says why that one is not active.
    """

    name: str
    version: str
    source: str
    desired: str | None
    reason: str | None


def fetch_active(url: str, token: str = "") -> ActiveModel:
    """Ask the API at ``url``, with ``token`` if it asks for one; raises ApiError."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"{url}/model", headers=headers)  # noqa: S310 - http(s), checked by settings.py
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310 - as above
            return _read(json.load(response))
    except urllib.error.HTTPError as error:
        with error:
            raise ApiError(_describe(url, error)) from error
    except (OSError, http.client.HTTPException) as error:
        cause = getattr(error, "reason", error)
        raise ApiError(f"The API at {url} does not answer ({cause}); API_URL names it.") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ApiError(f"What answers at {url} is not the API; API_URL names it.") from error


def _read(body: Any) -> ActiveModel:
    refused, desired = body.get("refused") or {}, body.get("desired") or {}
    return ActiveModel(
        name=body["name"],
        version=str(body["version"]),
        source=body["source"],
        desired=desired.get("version") or refused.get("version"),
        reason=desired.get("reason") or refused.get("reason"),
    )


def _describe(url: str, error: urllib.error.HTTPError) -> str:
    try:
        detail = json.load(error)["detail"]
    except (OSError, ValueError, KeyError, TypeError):
        detail = f"its status is {error.code} {error.reason}."
    if error.code == http.client.SERVICE_UNAVAILABLE:
        return f"No version is active in the API at {url}: {detail}"
    return f"The API at {url} does not say which version is active: {detail}"
