"""The front door: POST routes right in the event loop, everything else through the Flask app."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from io import BytesIO
from time import perf_counter
from typing import Any

from a2wsgi import WSGIMiddleware

from mnist_api.codecs.content_encoding import CODING, unpack
from mnist_api.handlers.allowed_hosts import LOCAL_HOSTS, AllowedHosts
from mnist_api.handlers.router import answer, check_headers, find_route
from mnist_api.http import Reply, Request, Route
from mnist_api.model.active import Serving
from mnist_api.problems import GoneError, ProblemError, gone, too_large, too_slow
from mnist_api.server.body_budget import Budget, Share
from mnist_api.server.turns import Turns
from mnist_api.telemetry.metrics import Metrics
from mnist_api.telemetry.recorder import ID, METRICS, Watch

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PATIENCE = 30.0  # seconds without a byte of a body that is still to come
BODIES = 32 * 1024**2  # bytes of bodies in a worker; two of the largest are allowed by default
BODY_GRACE = 10.0  # seconds: at 13 Mbit/s the largest has come; a slower one may have to give way
PIECES = 8 * 1024**2  # bytes of small bodies half come, apart: large ones can't keep them out
LINGER_BYTES = 16 * 1024**2  # read and thrown away after a refusal, so that it reaches its client
LINGER_SECONDS = 2.0


class Front:
    """The ASGI application: ``flask`` with a short way past it for the POST routes."""

    def __init__(  # noqa: PLR0913, PLR0917 # all its parts; wsgi.py alone gives them
        self,
        flask: Any,
        serving: Serving,
        start: Callable[[], None],
        max_content_length: int,
        patience: float = PATIENCE,
        access_log: bool = False,
        hosts: AllowedHosts = LOCAL_HOSTS,
    ) -> None:
        self.serving = serving
        self.watch = Watch(flask.url_map, serving, access_log)
        self.hosts = hosts
        self.patience = patience
        self._rest = WSGIMiddleware(flask)
        self._start = start
        self.bound = max_content_length
        self.pieces = Budget(PIECES, 0)
        self._bodies = Budget(max(BODIES, max_content_length), BODY_GRACE)
        self._turns = Turns()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop with the worker."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._watch(scope, receive, send)

    async def _watch(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, give the answer the request's id, and note it."""
        begin, status, size, noted = perf_counter(), 500, 0, False
        watch, method, path = self.watch, scope["method"], scope["path"]
        request_id = watch.id_of(dict(scope["headers"])) or watch.make_id()

        def note() -> None:
            nonlocal noted
            noted = True
            number, client = watch.number_of(method, path), str((scope["client"] or ("",))[0])
            seconds = perf_counter() - begin
            watch.note(number, request_id, method, path, status, size, seconds, client)

        async def pass_back(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (ID, request_id.encode())]
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
                if not message.get("more_body") and not noted:
                    note()  # before anybody can have the whole answer
            await send(message)

        try:
            await self._pass_on(scope, receive, pass_back)
        finally:
            if not noted:
                note()

    async def _pass_on(self, scope: Message, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        route = find_route(path) if method == "POST" else None
        if route is not None:
            await self._answer(route, scope, receive, send)
        elif path == METRICS and method == "GET" and self._is_allowed(scope):
            loop = asyncio.get_running_loop()
            await _respond(send, await loop.run_in_executor(None, _measure, self.watch.metrics))
        else:
            await self._rest(scope, receive, send)  # type: ignore[arg-type] # a2wsgi's own types

    def _is_allowed(self, scope: Message) -> bool:
        return self.hosts.allows(dict(scope["headers"]).get(b"host", b"").decode("latin-1"))

    async def _answer(self, route: Route, scope: Message, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        reply = check_headers(route, headers, self.hosts)
        body = None
        if reply is None:
            share = self._bodies.open()
            try:
                body = await self._read(headers, receive, share)
                query = scope["query_string"].decode("latin-1")
                request = Request(scope["path"], query, headers, body)
                reply = await self._ask(route, request, receive, share)
            except ProblemError as problem:
                reply = route.refuse(problem)
            except GoneError:
                reply = route.refuse(gone())
            finally:
                share.release()
        await _respond(send, reply)
        if body is None and reply.status != 408:
            await _linger(receive)

    async def _ask(self, route: Route, request: Request, receive: Receive, share: Share) -> Reply:
        """Return the answer, from a thread where it takes its time.

        Raises ProblemError (400, 413, 415, 503) and GoneError.
        """
        if route.is_quick(request):
            return answer(route, request, self.serving)
        left = asyncio.ensure_future(receive())  # after the body: done once the client is gone
        try:
            if CODING in request.headers:
                packed = request
                request = await self._turns.run(
                    lambda _: unpack(packed, self.serving.most_bytes), left
                )
                share.hold(len(packed.body) + len(request.body))
            return await self._turns.run(
                lambda checkpoint: answer(
                    route, request._replace(checkpoint=checkpoint), self.serving
                ),
                left,
            )
        finally:
            left.cancel()

    async def _read(self, headers: dict[bytes, bytes], receive: Receive, share: Share) -> bytes:
        """Return the body, of which ``share`` keeps count. Raises ProblemError (408, 413, 503)."""
        if int(headers.get(b"content-length", 0)) > self.bound:
            raise too_large(self.bound)
        loop = asyncio.get_running_loop()
        body = BytesIO()  # a list of a million pieces of one byte would take 40 times as much
        more = True
        try:
            async with asyncio.timeout(self.patience) as patience:
                share.give_way = lambda _: patience.expired() or patience.reschedule(0)
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":  # or the server's patience ended
                        raise too_slow()
                    piece = message.get("body", b"")
                    share.hold(body.tell() + len(piece))
                    body.write(piece)
                    if body.tell() > self.bound:
                        raise too_large(self.bound)
                    more = message.get("more_body", False)
                    patience.reschedule(loop.time() + self.patience)
        except TimeoutError:
            raise too_slow() from None
        finally:
            share.complete()
        return body.getvalue()

    async def _live(self, receive: Receive, send: Send) -> None:
        """Start serving in this worker, and report the end when it stops."""
        await receive()
        self.watch.start()
        try:
            self._start()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.watch.stop()
        await send({"type": "lifespan.shutdown.complete"})


def _measure(metrics: Metrics) -> Reply:
    from mnist_api.telemetry.exposition import MEDIA_TYPE, write_metrics  # not before somebody asks

    return Reply(200, MEDIA_TYPE, write_metrics(metrics))


async def _respond(send: Send, reply: Reply) -> None:
    headers = [
        (b"content-type", reply.media_type.encode()),
        (b"content-length", b"%d" % len(reply.body)),
        *((name.lower().encode(), value.encode()) for name, value in reply.headers.items()),
    ]
    if reply.status == 408:
        headers.append((b"connection", b"close"))  # what comes late is no request
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
