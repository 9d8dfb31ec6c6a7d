"""A connection: small POSTs are answered in the breath they are read in, the rest by gunicorn."""

import asyncio
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, cast

from gunicorn.asgi.protocol import (  # type: ignore[import-untyped] # it ships no types
    ASGIProtocol,
)

from mnist_api.handlers.router import answer, refuse_as_problem
from mnist_api.http import LARGE, Reply, Request
from mnist_api.problems import ProblemError, no_room, too_slow
from mnist_api.server.body_budget import Share
from mnist_api.server.request_head import Head

if TYPE_CHECKING:
    from mnist_api.server.worker import Worker

CLOSE = "Connection: close\r\n"
LONGEST_HEAD = 65536  # bytes; gunicorn refuses a longer one


class Door(asyncio.Protocol):
    """Takes whole requests off a connection until one comes that gunicorn has to answer.

    From then on the connection is gunicorn's. Until then it costs no task and no parser.
    """

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker
        self._front = worker.front
        self._held = bytearray()  # of a request that is not complete yet
        self._share: Share | None = None  # of the bytes that may be held
        self._due = 0  # bytes of that request, once its head is known
        self.since = worker.now  # when it began, or when the last one was answered
        self._stuffed = False  # it does not take its answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, if there is room for one more."""
        self._transport = cast(asyncio.Transport, transport)
        self._client = str((transport.get_extra_info("peername") or ("",))[0])
        self._worker.nr_conns += 1
        self._worker.doors.add(self)
        if not self._worker.make_room(self):
            self._refuse(no_room())

    def connection_lost(self, error: Exception | None) -> None:
        """Forget it."""
        self._forget()
        self._worker.nr_conns -= 1
        self._worker.doors.discard(self)

    def data_received(self, data: bytes) -> None:
        """Answer the requests that are complete, and keep the beginning of the next one."""
        if self._held:
            if len(self._held) + len(data) < self._due:
                if self._due > LARGE:  # it may take as long as its bytes keep coming
                    self.since = self._worker.now
                return self._keep(data)
            data, self._held, self._due = bytes(self._held + data), bytearray(), 0
        else:
            self.since = self._worker.now
        while data and not self._transport.is_closing():
            end = data.find(b"\r\n\r\n") + 4
            if end == 3:
                if len(data) > LONGEST_HEAD or b"\n\n" in data:
                    return self._hand_over(data)
                break
            head = self._worker.heads.read(data[:end])
            if head is None:
                return self._hand_over(data)
            stop = end + head.length
            if len(data) < stop:
                self._due = stop
                break
            if not self._answer(head, data[end:stop]):
                return self._hand_over(data)
            data = data[stop:]
        return self._keep(data) if data else self._forget()

    def pause_writing(self) -> None:
        """Take nothing more from a client that does not take its answers."""
        self._stuffed = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._stuffed = False
        self._transport.resume_reading()

    def is_idle(self) -> bool:
        """Say whether it is open, and nothing is being asked."""
        return not self._held and not self._transport.is_closing()

    def close_if_idle(self, since: float) -> None:
        """Close it if nothing was asked since then."""
        if self.since <= since and self.is_idle():
            self._close()

    def close_if_slow(self, since: float) -> None:
        """Refuse a request that began before then and is not complete yet."""
        if self._held and self.since <= since:
            self._refuse(too_slow())

    def _answer(self, head: Head, body: bytes) -> bool:
        """Answer a request; say no if that would take too long for an event loop."""
        begin = perf_counter()
        request = Request(head.path, head.query, head.headers, body)
        if not head.route.is_quick(request):
            return False
        reply = answer(head.route, request, self._front.serving)
        watch = self._front.watch
        request_id = head.request_id or watch.make_id()
        seconds = perf_counter() - begin
        size = len(reply.body)
        watch.note(  # before anybody can have the answer
            head.number, request_id, "POST", head.path, reply.status, size, seconds, self._client
        )
        self._write(reply, request_id, not self._worker.alive)
        return True

    def _keep(self, data: bytes) -> None:
        """Hold bytes of a request until the rest has come; the oldest gives way if need be."""
        if self._share is None:
            self._share = self._front.pieces.open()
            self._share.give_way = self._refuse
        self._held += data
        try:
            self._share.hold(len(self._held))
        except ProblemError as problem:
            self._refuse(problem)

    def _forget(self) -> None:
        if self._share is not None:
            self._held, self._due = bytearray(), 0
            self._share.release()
            self._share = None

    def _write(self, reply: Reply, request_id: str, last: bool) -> None:
        more = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
        self._transport.write(
            (
                f"HTTP/1.1 {reply.status} {_PHRASES[reply.status]}\r\n"
                f"Server: gunicorn/asgi\r\nDate: {self._worker.date}\r\n"
                f"Content-Type: {reply.media_type}\r\nContent-Length: {len(reply.body)}\r\n"
                f"X-Request-ID: {request_id}\r\n{more}{CLOSE if last else ''}\r\n"
            ).encode("latin-1")
            + reply.body
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
        """Refuse what never became a request, and close."""
        self._forget()
        reply, watch = refuse_as_problem(problem), self._front.watch
        request_id, other = watch.make_id(), watch.number_of("", "")
        watch.note(other, request_id, "", "", reply.status, len(reply.body), 0.0, self._client)
        self._write(reply, request_id, last=True)

    def _close(self) -> None:
        if self._stuffed:
            self._transport.abort()
        else:
            self._transport.close()


_PHRASES = {status.value: status.phrase for status in HTTPStatus}
