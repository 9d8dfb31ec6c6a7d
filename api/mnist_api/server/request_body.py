"""Reads the body of a request from an ASGI server, bounded in bytes, memory and time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from io import BytesIO
from typing import Any

from mnist_api.problems import too_large, too_slow
from mnist_api.server.body_budget import Reservation

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

MIN_RATE = 16384  # bytes a second; what is slower is ended after ``timeout``
PROBLEM = "problem"  # in a scope's state: the error because of which the body is incomplete


async def read_body(
    headers: Mapping[bytes, bytes],
    receive: Receive,
    max_bytes: int,
    timeout: float,
    reservation: Reservation,
) -> bytes:
    """Return the body; ``timeout`` is in seconds, and longer by MIN_RATE for what arrives.

    Raises ProblemError: 408 if it comes too slowly or has to make room for others, 413, and 503 if
    the budget is spent.
    """
    if int(headers.get(b"content-length", 0)) > max_bytes:
        raise too_large(max_bytes)
    begin = asyncio.get_running_loop().time()
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
                deadline.reschedule(begin + timeout + body.tell() / MIN_RATE)
    except TimeoutError:
        raise too_slow() from None
    finally:
        reservation.complete()
    return body.getvalue()


def _expire(deadline: asyncio.Timeout) -> None:
    if not deadline.expired():
        deadline.reschedule(0)
