"""What a server is to the benchmark, and one way to ask it."""

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.servers.request_bodies import Digits

Command = list[str | Path]


@dataclass(frozen=True)
class Form:
    """One way to ask: where to, with what, and how to read the digits out of the answer."""

    name: str
    path: str
    content_type: str
    body: bytes
    read: Callable[[bytes, Mapping[str, str]], list[int]]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Server:
    """One server as it is started, on ``port`` of 127.0.0.1, with two workers.

    ``single`` asks for one image; of ``batches`` (256 images) the first that it offers is taken.
    """

    environment: str
    command: Sequence[str | Path]
    folder: Path
    port: int
    ready: str
    single: Form
    batches: Sequence[Form] = ()
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Material:
    """What every server gets: the network, the digits, and a folder to write in."""

    network: Path
    digits: Digits
    work: Path


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
