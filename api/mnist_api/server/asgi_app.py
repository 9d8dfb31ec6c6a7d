"""The ASGI application: reads and handles POST requests, and passes all others to Flask."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any

from a2wsgi import WSGIMiddleware
from flask import Flask

from mnist_api.codecs.content_encoding import CODING, decompress
from mnist_api.handlers.context import Context
from mnist_api.handlers.route import Route
from mnist_api.handlers.router import check_headers, find_route, respond
from mnist_api.http import Request, Response
from mnist_api.problems import ClientGoneError, ProblemError, client_gone
from mnist_api.server.body_budget import BodyBudget, Reservation
from mnist_api.server.connections import Connections
from mnist_api.server.request_body import PROBLEM, Message, Receive, read_body
from mnist_api.server.scheduler import Scheduler
from mnist_api.telemetry.recorder import RequestRecorder

Send = Callable[[Message], Awaitable[None]]

BUDGET = 32 * 1024**2  # bytes of bodies in a worker; two of the largest are allowed by default
BUDGET_GRACE = 10.0  # seconds: at 13 Mbit/s the largest has arrived; a slower one may be evicted


class AsgiApp:
    """One worker's application."""

    def __init__(
        self,
        flask: Flask,
        context: Context,
        recorder: RequestRecorder,
        start: Callable[[], None],
        connections: Connections | None = None,
    ) -> None:
        self.context = context
        self.recorder = recorder
        self.connections = Connections() if connections is None else connections
        self._budget = BodyBudget(max(BUDGET, context.max_body_bytes), BUDGET_GRACE)
        self._flask: Any = WSGIMiddleware(flask)  # type: ignore[arg-type] # a2wsgi's is narrower
        self._start = start
        self._scheduler = Scheduler()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request, or start and stop with the worker."""
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
        elif scope["type"] == "http":
            route, _, variables = find_route(scope["method"], scope["path"])
            if route is not None and route.method == "POST":
                await self._serve(route, variables, scope, receive, send)
            else:
                await self._serve_by_flask(scope, receive, send)

    async def _serve_by_flask(self, scope: Message, receive: Receive, send: Send) -> None:
        """Send Flask's response, which it records itself."""
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self._flask(scope, receive, collect)
        for message in messages:  # by now no thread waits for a client that does not read
            await send(message)

    async def _serve(
        self,
        route: Route,
        variables: Mapping[str, str],
        scope: Message,
        receive: Receive,
        send: Send,
    ) -> None:
        begin = perf_counter()
        headers = dict(scope["headers"])
        response = check_headers(route, headers, self.context)
        if response is None:
            response = await self._read_and_handle(route, variables, scope, headers, receive)
        response = self.context.cross_origin.allow(response, headers.get(b"origin", b""))
        recorder, client = self.recorder, (scope["client"] or ("",))[0]
        request_id = recorder.choose_id(headers.get(b"x-request-id"))
        seconds = perf_counter() - begin
        status, size = response.status, len(response.body)
        recorder.record(
            route.template, request_id, "POST", scope["path"], status, size, seconds, str(client)
        )
        await _send_response(send, response, request_id)  # the body is released by now

    async def _read_and_handle(
        self,
        route: Route,
        variables: Mapping[str, str],
        scope: Message,
        headers: dict[bytes, bytes],
        receive: Receive,
    ) -> Response:
        reservation = self._budget.open()
        max_bytes, seconds = self.context.max_body_bytes, self.connections.request_seconds
        try:
            body = await read_body(headers, receive, max_bytes, seconds, reservation)
            if PROBLEM in scope.get("state", {}):
                raise scope["state"][PROBLEM]
            query = scope["query_string"].decode("latin-1")
            request = Request(scope["path"], query, headers, body, variables)
            return await self._handle(route, request, receive, reservation)
        except ProblemError as problem:
            return route.write_error(problem)
        except ClientGoneError:
            return route.write_error(client_gone())
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


async def _send_response(send: Send, response: Response, request_id: str) -> None:
    headers = [
        (name.lower().encode(), value.encode("latin-1"))
        for name, value in response.all_headers(request_id)
    ]
    if response.status == 408:
        headers.append((b"connection", b"close"))  # what arrives late is not another request
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
