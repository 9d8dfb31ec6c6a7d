"""The front door: /predict right in the event loop, everything else through the Flask app."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from a2wsgi import WSGIMiddleware

from mnist_api.decode import LARGE
from mnist_api.predict import JSON, answer_predict, check_media_type
from mnist_api.problems import MEDIA_TYPE, SURPRISE, ProblemError, encode_problem, too_large
from mnist_api.serving import Serving

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

UNREAD = (413, 415)  # refusals that come before the end of the body
LINGER_BYTES = 4 * 1024**2  # read and thrown away after a refusal, so that it reaches its client
LINGER_SECONDS = 2.0

log = logging.getLogger(__name__)


class Front:
    """The ASGI application: ``flask`` with a short way past it for POST /predict."""

    def __init__(
        self, flask: Any, serving: Serving, start: Callable[[], None], max_content_length: int
    ) -> None:
        self._rest = WSGIMiddleware(flask)
        self._serving = serving
        self._start = start
        self._bound = max_content_length
        self._large = ThreadPoolExecutor(1, "large")  # it starts its thread when it is needed

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop with the worker."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == "/predict":
            await self._predict(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._rest(scope, receive, send)  # type: ignore[arg-type] # a2wsgi's own types

    async def _predict(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            body = await self._read(scope["headers"], receive)
            if len(body) <= LARGE:
                answer = answer_predict(body, self._serving)
            else:
                loop = asyncio.get_running_loop()
                answer = await loop.run_in_executor(
                    self._large, answer_predict, body, self._serving
                )
        except ProblemError as problem:
            answer = encode_problem(problem.status, problem.detail)
            await _respond(send, problem.status, MEDIA_TYPE, answer, problem.headers)
            if problem.status in UNREAD:
                await _linger(receive)
        except Exception:
            log.exception("POST /predict failed")
            await _respond(send, 500, MEDIA_TYPE, encode_problem(500, SURPRISE), {})
        else:
            await _respond(send, 200, JSON, answer, {})

    async def _read(self, headers: list[tuple[bytes, bytes]], receive: Receive) -> bytes:
        """Return the body of JSON. Raises ProblemError (408, 413, 415)."""
        content_type, length = "", 0
        for name, value in headers:
            if name == b"content-type":
                content_type = value.decode("latin-1")
            elif name == b"content-length":
                length = int(value)
        check_media_type(content_type)
        if length > self._bound:
            raise too_large(self._bound)
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            parts = [body]
            length = len(body)
            while message.get("more_body") and length <= self._bound:
                message = await receive()
                parts.append(message.get("body", b""))
                length += len(parts[-1])
            body = b"".join(parts)
        if message["type"] == "http.disconnect":  # or it stalled too long
            raise ProblemError(408, "The request's body did not arrive in time: send it again.")
        if len(body) > self._bound:
            raise too_large(self._bound)
        return body

    async def _live(self, receive: Receive, send: Send) -> None:
        """Start serving in this worker, and report the end when it stops."""
        await receive()
        try:
            self._start()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


async def _respond(
    send: Send, status: int, media_type: str, body: bytes, more: Mapping[str, str]
) -> None:
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", b"%d" % len(body)),
        *((name.lower().encode(), value.encode()) for name, value in more.items()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _linger(receive: Receive) -> None:
    """Take in some of what a refused client still sends: a reset would hide the answer from it."""
    taken = 0
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while taken < LINGER_BYTES:
                message = await receive()
                taken += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        pass
