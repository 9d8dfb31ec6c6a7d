"""The bodies of GET /health and GET /model."""

from typing import Annotated

from msgspec import Meta

from mnist_api.handlers.schemas.common import Body
from mnist_api.model.active import Desired


class Health(Body):
    """Whether a model is active."""

    model_loaded: bool
    status: str


class RefusedVersion(Body):
    """The desired version, if it was refused, and the reason."""

    version: str
    reason: str


class ModelDescription(Body):
    """The active version."""

    name: str
    version: str
    run_id: str | None
    test_accuracy: float | None
    sha256: str | None
    source: str  # "registry" or "file"
    since: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    desired: Desired | None
    refused: RefusedVersion | None
