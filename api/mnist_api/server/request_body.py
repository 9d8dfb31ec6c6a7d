"""Reads the body of a request from an ASGI server, bounded in bytes, memory and time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from io import BytesIO
from typing import Any

from mnist_api.problems import too_large, too_slow
from mnist_api.server.body_budget import Reservation

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

DRAINED_BYTES = 16 * 1024**2
DRAINED_SECONDS = 2.0


async def read_body(
    headers: Mapping[bytes, bytes],
    receive: Receive,
    max_bytes: int,
    timeout: float,  # not of the whole call: see below
    reservation: Reservation,
) -> bytes:
    """Return the body; ``timeout`` is in seconds without a byte.

    Raises ProblemError: 408 if it comes too slowly or has to make room for others, 413, and 503 if
    the budget is spent.
    """
    if int(headers.get(b"content-length", 0)) > max_bytes:
        raise too_large(max_bytes)
    loop = asyncio.get_running_loop()
    body = BytesIO()  # a list of a million pieces of one byte would take 40 times as much
    more = True
    try:
        async with asyncio.timeout(timeout) as deadline:
            reservation.on_evict = lambda _: _expire(deadline)
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":  # also when the server's timeout ended it
                    raise too_slow()
                piece = message.get("body", b"")
                reservation.resize(body.tell() + len(piece))
                body.write(piece)
                if body.tell() > max_bytes:
                    raise too_large(max_bytes)
                more = message.get("more_body", False)
                deadline.reschedule(loop.time() + timeout)
    except TimeoutError:
        raise too_slow() from None
    finally:
        reservation.complete()
    return body.getvalue()


async def drain_body(receive: Receive) -> None:
    """Discard what a client still sends after an error: a TCP reset would hide the response."""
    drained = 0
    try:
        async with asyncio.timeout(DRAINED_SECONDS):
            while drained < DRAINED_BYTES:
                message = await receive()
                drained += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        pass


def _expire(deadline: asyncio.Timeout) -> None:
    if not deadline.expired():
        deadline.reschedule(0)
