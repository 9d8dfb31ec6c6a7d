"""What the handlers need besides the request."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from mnist_api.drift.window import Window
from mnist_api.handlers.access.allowed_hosts import LOCAL_HOSTS, AllowedHosts
from mnist_api.handlers.access.bearer_token import NO_TOKEN, BearerToken
from mnist_api.handlers.access.cross_origin import SAME_ORIGIN, CrossOrigin
from mnist_api.model.active import ActiveModel
from mnist_api.telemetry.metrics import Metrics


@dataclass(frozen=True)
class Context:
    """The active model, the bounds of a request, and the lock that is held to decode a picture."""

    active: ActiveModel
    max_body_bytes: int = 16 * 1024**2  # after decompression
    max_form_files: int = 64
    picture_lock: AbstractContextManager[None] = field(default_factory=nullcontext)
    hosts: AllowedHosts = LOCAL_HOSTS
    cross_origin: CrossOrigin = SAME_ORIGIN
    metrics: Metrics = field(default_factory=lambda: Metrics(()))
    window: Window = field(default_factory=Window)  # of the drift
    token: BearerToken = NO_TOKEN
