"""The front door: POST routes right in the event loop, everything else through the Flask app."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from a2wsgi import WSGIMiddleware

from mnist_api.exchange import Reply, Request, Route
from mnist_api.problems import ProblemError, too_large
from mnist_api.routes import answer, check_headers, find_route
from mnist_api.serving import Serving

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PATIENCE = 30.0  # seconds without a byte of a body that is still to come
LINGER_BYTES = 4 * 1024**2  # read and thrown away after a refusal, so that it reaches its client
LINGER_SECONDS = 2.0


class Front:
    """The ASGI application: ``flask`` with a short way past it for the POST routes."""

    def __init__(
        self,
        flask: Any,
        serving: Serving,
        start: Callable[[], None],
        max_content_length: int,
        patience: float = PATIENCE,
    ) -> None:
        self._rest = WSGIMiddleware(flask)
        self._serving = serving
        self._start = start
        self._bound = max_content_length
        self._patience = patience
        self._large = ThreadPoolExecutor(1, "large")  # it starts its thread when it is needed

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop with the worker."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        posted = scope["type"] == "http" and scope["method"] == "POST"
        route = find_route(scope["path"]) if posted else None
        if route is None:
            await self._rest(scope, receive, send)  # type: ignore[arg-type] # a2wsgi's own types
        else:
            await self._answer(route, scope, receive, send)

    async def _answer(self, route: Route, scope: Message, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        reply = check_headers(route, headers)
        body = None
        if reply is None:
            try:
                body = await self._read(headers, receive)
            except ProblemError as problem:
                reply = route.refuse(problem)
            else:
                query = scope["query_string"].decode("latin-1")
                reply = await self._ask(route, Request(scope["path"], query, headers, body))
        await _respond(send, reply)
        if body is None and reply.status != 408:
            await _linger(receive)

    async def _ask(self, route: Route, request: Request) -> Reply:
        """Return the answer, from a thread where it takes its time."""
        if route.is_quick(request):
            return answer(route, request, self._serving)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._large, answer, route, request, self._serving)

    async def _read(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """Return the body. Raises ProblemError (408, 413)."""
        if int(headers.get(b"content-length", 0)) > self._bound:
            raise too_large(self._bound)
        parts: list[bytes] = []
        length, more = 0, True
        while more:
            try:
                async with asyncio.timeout(self._patience):
                    message = await receive()
            except TimeoutError:
                message = {"type": "http.disconnect"}
            if message["type"] == "http.disconnect":  # or the server's own patience ended
                raise ProblemError(408, "The request's body did not arrive in time: send it again.")
            parts.append(message.get("body", b""))
            length += len(parts[-1])
            if length > self._bound:
                raise too_large(self._bound)
            more = message.get("more_body", False)
        return b"".join(parts)

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


async def _respond(send: Send, reply: Reply) -> None:
    headers = [
        (b"content-type", reply.media_type.encode()),
        (b"content-length", b"%d" % len(reply.body)),
        *((name.lower().encode(), value.encode()) for name, value in reply.headers.items()),
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


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
