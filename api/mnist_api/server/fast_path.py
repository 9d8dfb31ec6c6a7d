"""Fast path: answers small POSTs in data_received and leaves everything else to gunicorn."""

import asyncio
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, cast

from gunicorn.asgi.protocol import (  # type: ignore[import-untyped] # it ships no types
    ASGIProtocol,
)

from mnist_api.handlers.router import respond, write_problem
from mnist_api.http import LARGE, Request, Response
from mnist_api.problems import ProblemError, too_many_connections, too_slow
from mnist_api.server.body_budget import Reservation
from mnist_api.server.request_head import RequestHead

if TYPE_CHECKING:
    from mnist_api.server.worker import Worker

CLOSE = "Connection: close\r\n"
MAX_HEAD = 65536  # bytes; gunicorn refuses a longer one


class FastPathProtocol(asyncio.Protocol):
    """One connection, until a request arrives that gunicorn has to serve.

    From then on gunicorn's protocol serves the connection. Until then no task is needed.
    """

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker
        self._app = worker.application
        self._buffer = bytearray()  # of a request that is not complete yet
        self._reservation: Reservation | None = None  # of the buffer's bytes
        self._expected = 0  # bytes of that request, once its head is known
        self.since = worker.now  # when the request began, or the last response was sent
        self._write_paused = False  # the client does not read its responses

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept the connection unless there are too many."""
        self._transport = cast(asyncio.Transport, transport)
        self._client = str((transport.get_extra_info("peername") or ("",))[0])
        self._worker.nr_conns += 1
        self._worker.connections.add(self)
        if not self._worker.make_room(self):
            self._refuse(too_many_connections())

    def connection_lost(self, error: Exception | None) -> None:
        """Release what the connection held."""
        self._release()
        self._worker.nr_conns -= 1
        self._worker.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Respond to the requests that are complete, and buffer the beginning of the next one."""
        if self._buffer:
            if len(self._buffer) + len(data) < self._expected:
                if self._expected > LARGE:  # it may take as long as bytes arrive
                    self.since = self._worker.now
                return self._store(data)
            data, self._buffer, self._expected = bytes(self._buffer + data), bytearray(), 0
        else:
            self.since = self._worker.now
        while data and not self._transport.is_closing():
            end = data.find(b"\r\n\r\n") + 4
            if end == 3:
                if len(data) > MAX_HEAD or b"\n\n" in data:
                    return self._hand_over(data)
                break
            head = self._worker.heads.parse(data[:end])
            if head is None:
                return self._hand_over(data)
            stop = end + head.length
            if len(data) < stop:
                self._expected = stop
                break
            if not self._respond(head, data[end:stop]):
                return self._hand_over(data)
            data = data[stop:]
        return self._store(data) if data else self._release()

    def pause_writing(self) -> None:
        """Read nothing more from a client that does not read its responses."""
        self._write_paused = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read again."""
        self._write_paused = False
        self._transport.resume_reading()

    def is_idle(self) -> bool:
        """Say whether the connection is open without a request."""
        return not self._buffer and not self._transport.is_closing()

    def close_if_idle(self, since: float) -> None:
        """Close an idle connection that was last used before ``since``."""
        if self.since <= since and self.is_idle():
            self._close()

    def close_if_slow(self, since: float) -> None:
        """Refuse an incomplete request that began before ``since``."""
        if self._buffer and self.since <= since:
            self._refuse(too_slow())

    def _respond(self, head: RequestHead, body: bytes) -> bool:
        """Respond to a request; return False if that would block the event loop for too long."""
        begin = perf_counter()
        request = Request(head.path, head.query, head.headers, body)
        if not head.route.is_fast(request):
            return False
        response = respond(head.route, request, self._app.context)
        recorder = self._app.recorder
        request_id = head.request_id or recorder.create_id()
        seconds = perf_counter() - begin
        size, status = len(response.body), response.status
        recorder.record(  # before any client has the response
            head.number, request_id, "POST", head.path, status, size, seconds, self._client
        )
        self._write(response, request_id, not self._worker.alive)
        return True

    def _store(self, data: bytes) -> None:
        """Buffer bytes of a request until the rest arrives; the oldest buffer may be evicted."""
        if self._reservation is None:
            self._reservation = self._app.fast_path_budget.open()
            self._reservation.on_evict = self._refuse
        self._buffer += data
        try:
            self._reservation.resize(len(self._buffer))
        except ProblemError as problem:
            self._refuse(problem)

    def _release(self) -> None:
        if self._reservation is not None:
            self._buffer, self._expected = bytearray(), 0
            self._reservation.release()
            self._reservation = None

    def _write(self, response: Response, request_id: str, last: bool) -> None:
        more = "".join(f"{name}: {value}\r\n" for name, value in response.headers.items())
        self._transport.write(
            (
                f"HTTP/1.1 {response.status} {_PHRASES[response.status]}\r\n"
                f"Server: gunicorn/asgi\r\nDate: {self._worker.date}\r\n"
                f"Content-Type: {response.media_type}\r\nContent-Length: {len(response.body)}\r\n"
                f"X-Request-ID: {request_id}\r\n{more}{CLOSE if last else ''}\r\n"
            ).encode("latin-1")
            + response.body
        )
        if last:
            self._close()

    def _hand_over(self, data: bytes) -> None:
        self.connection_lost(None)
        protocol = ASGIProtocol(self._worker)
        self._worker.handed_over.add(protocol)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(data)

    def _refuse(self, problem: ProblemError) -> None:
        """Send an error for what never became a request, and close."""
        self._release()
        response, recorder = write_problem(problem), self._app.recorder
        request_id, other = recorder.create_id(), recorder.route_number("", "")
        status, size = response.status, len(response.body)
        recorder.record(other, request_id, "", "", status, size, 0.0, self._client)
        self._write(response, request_id, last=True)

    def _close(self) -> None:
        if self._write_paused:
            self._transport.abort()
        else:
            self._transport.close()


_PHRASES = {status.value: status.phrase for status in HTTPStatus}
