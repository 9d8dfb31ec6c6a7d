"""The ASGI application: handles POST requests itself and passes all others to Flask."""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from a2wsgi import WSGIMiddleware

from mnist_api.codecs.content_encoding import CODING, decompress
from mnist_api.handlers.allowed_hosts import LOCAL_HOSTS, AllowedHosts
from mnist_api.handlers.context import Context
from mnist_api.handlers.router import Route, check_headers, find_route, respond
from mnist_api.http import Request, Response
from mnist_api.problems import ClientGoneError, ProblemError, client_gone
from mnist_api.server.body_budget import BodyBudget, Reservation
from mnist_api.server.request_body import Message, Receive, drain_body, read_body
from mnist_api.server.scheduler import Scheduler
from mnist_api.telemetry.metrics import Metrics
from mnist_api.telemetry.recorder import METRICS, REQUEST_ID, RequestRecorder

Send = Callable[[Message], Awaitable[None]]

REQUEST_SECONDS = 30.0  # without a byte of a request that has begun
BUDGET = 32 * 1024**2  # bytes of bodies in a worker; two of the largest are allowed by default
BUDGET_GRACE = 10.0  # seconds: at 13 Mbit/s the largest has arrived; a slower one may be evicted
FAST_PATH_BUDGET = 8 * 1024**2  # bytes of incomplete small bodies; large ones can't use it up


class AsgiApp:
    """One worker's application."""

    def __init__(  # noqa: PLR0913, PLR0917 # all its parts; main.py alone gives them
        self,
        flask: Any,  # a2wsgi's type of a WSGI application is narrower than Flask's
        context: Context,
        recorder: RequestRecorder,
        start: Callable[[], None],
        hosts: AllowedHosts = LOCAL_HOSTS,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        self.context = context
        self.recorder = recorder
        self.hosts = hosts
        self.request_seconds = request_seconds
        self.fast_path_budget = BodyBudget(FAST_PATH_BUDGET, 0)
        self._budget = BodyBudget(max(BUDGET, context.max_body_bytes), BUDGET_GRACE)
        self._flask = WSGIMiddleware(flask)
        self._start = start
        self._scheduler = Scheduler()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request, or start and stop with the worker."""
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
        elif scope["type"] == "http":
            await self._record(scope, receive, send)

    async def _record(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request, add its id to the response, and record it."""
        begin, status, size, recorded = perf_counter(), 500, 0, False
        recorder, method, path = self.recorder, scope["method"], scope["path"]
        request_id = recorder.read_id(dict(scope["headers"])) or recorder.create_id()

        def record() -> None:
            nonlocal recorded
            recorded = True
            number, client = recorder.route_number(method, path), (scope["client"] or ("",))[0]
            seconds = perf_counter() - begin
            recorder.record(number, request_id, method, path, status, size, seconds, str(client))

        async def send_recorded(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (REQUEST_ID, request_id.encode())]
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
                if not message.get("more_body") and not recorded:
                    record()  # before any client has the whole response
            await send(message)

        try:
            await self._dispatch(scope, receive, send_recorded)
        finally:
            if not recorded:
                record()

    async def _dispatch(self, scope: Message, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        route = find_route(path) if method == "POST" else None
        if route is not None:
            await self._serve(route, scope, receive, send)
        elif path == METRICS and method == "GET" and self._is_allowed(scope):
            loop = asyncio.get_running_loop()
            metrics = self.recorder.metrics
            await _send_response(send, await loop.run_in_executor(None, _export, metrics))
        else:
            await self._flask(scope, receive, send)  # type: ignore[arg-type] # a2wsgi's own types

    def _is_allowed(self, scope: Message) -> bool:
        return self.hosts.allows(dict(scope["headers"]).get(b"host", b"").decode("latin-1"))

    async def _serve(self, route: Route, scope: Message, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        response, is_read = check_headers(route, headers, self.hosts), False
        if response is None:
            response, is_read = await self._read_and_handle(route, scope, headers, receive)
        await _send_response(send, response)  # this may take long; the body is released by now
        if not is_read and response.status != 408:
            await drain_body(receive)

    async def _read_and_handle(
        self, route: Route, scope: Message, headers: dict[bytes, bytes], receive: Receive
    ) -> tuple[Response, bool]:
        """Return the response, and whether the whole body was read."""
        reservation, is_read = self._budget.open(), False
        max_bytes, seconds = self.context.max_body_bytes, self.request_seconds
        try:
            body = await read_body(headers, receive, max_bytes, seconds, reservation)
            is_read = True
            query = scope["query_string"].decode("latin-1")
            request = Request(scope["path"], query, headers, body)
            return await self._handle(route, request, receive, reservation), True
        except ProblemError as problem:
            return route.write_error(problem), is_read
        except ClientGoneError:
            return route.write_error(client_gone()), is_read
        finally:
            reservation.release()

    async def _handle(
        self, route: Route, request: Request, receive: Receive, reservation: Reservation
    ) -> Response:
        """Return the response, from a thread if handling takes long.

        Raises ProblemError (400, 413, 415, 503) and ClientGoneError.
        """
        context = self.context
        if route.is_fast(request):
            return respond(route, request, context)
        gone: asyncio.Future[Any] = asyncio.ensure_future(receive())  # after the body: a disconnect
        try:
            if CODING in request.headers:
                compressed = request
                request = await self._scheduler.run(
                    lambda _: decompress(compressed, context.max_body_bytes), gone
                )
                reservation.resize(len(compressed.body) + len(request.body))
            return await self._scheduler.run(
                lambda checkpoint: respond(route, request._replace(checkpoint=checkpoint), context),
                gone,
            )
        finally:
            gone.cancel()

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        """Start in this worker, and stop with it."""
        await receive()
        self.recorder.start()
        try:
            self._start()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.recorder.stop()
        await send({"type": "lifespan.shutdown.complete"})


def _export(metrics: Metrics) -> Response:
    from mnist_api.telemetry.exposition import MEDIA_TYPE, write_metrics  # not needed to start

    return Response(200, MEDIA_TYPE, write_metrics(metrics))


async def _send_response(send: Send, response: Response) -> None:
    headers = [
        (b"content-type", response.media_type.encode()),
        (b"content-length", b"%d" % len(response.body)),
        *((name.lower().encode(), value.encode()) for name, value in response.headers.items()),
    ]
    if response.status == 408:
        headers.append((b"connection", b"close"))  # what arrives late is not another request
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
