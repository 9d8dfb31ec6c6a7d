"""How a server is started, and the requests it is measured with."""

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.servers.request_bodies import Images

Command = list[str | Path]


@dataclass(frozen=True)
class Request:
    """A POST; ``read`` returns the predicted classes from the response's body and headers."""

    format: str
    path: str
    content_type: str
    body: bytes
    read: Callable[[bytes, Mapping[str, str]], list[int]]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Server:
    """The process of a server that listens on ``port`` of 127.0.0.1 with two workers.

    ``health_path`` returns 200 when the server is ready. ``single`` is the request of one image;
    of ``batches``, requests of 256 images, the first one that the server supports is measured.
    ``processes`` is the number of those that predict.
    """

    environment: str
    command: Sequence[str | Path]
    folder: Path
    port: int
    health_path: str
    single: Request
    batches: Sequence[Request] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    processes: int = 2


@dataclass(frozen=True)
class ServerInputs:
    """What every server is configured with: the ONNX model, the images, a folder to write to."""

    model: Path
    images: Images
    run_folder: Path


def free_port() -> int:
    """Return a port of 127.0.0.1 that is unused now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
