"""A connection with bounds on bytes and time, and with errors in the form of the route."""

import socket
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from mnist_api.handlers.router import find_error_writer, find_route
from mnist_api.http import Response
from mnist_api.problems import ProblemError, malformed, too_slow
from mnist_api.server.connections import Connections
from mnist_api.server.paced_protocol import PacedProtocol
from mnist_api.server.request_body import MIN_RATE, PROBLEM
from mnist_api.server.request_head import (
    Head,
    check_head,
    check_size,
    describe_target,
    find_framing,
)

DISCARDED_SECONDS = 2.0  # after the last response: a TCP reset would hide it


class BoundedProtocol(PacedProtocol):
    """Checks each head before the request is uvicorn's, and ends what is slow or malformed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.all: Connections = self.app.connections
        self.since = self.all.now  # when the request began, or the last response was complete
        self.is_last = False  # the connection is closed after this request
        self.in_body = False
        self.is_ours = False  # the request is not uvicorn's, at least not yet
        self.held = 0  # bytes in memory of a body that is ours
        self.unreported = 0  # bytes since the parser's last callback: of a head, or of trailers
        self.url = b""
        self._in_head = False
        self._reservation = self.all.budget.open()  # of what is ours
        self._reservation.on_evict = self.refuse
        self._refusal: ProblemError | None = None  # waits for earlier responses
        self._unsent = (0.0, 0)  # since when the client leaves bytes unread, and how many

    def connection_made(self, transport: Any) -> None:
        """Accept the connection unless there are too many."""
        super().connection_made(transport)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux's, for what the client leaves unread there
            milliseconds = int(self.all.request_seconds * 1000)
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        self.all.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Release what the connection held."""
        self._reservation.release()
        self.all.remove(self)
        super().connection_lost(exc)

    def feed(self, piece: bytes) -> None:
        """Parse a piece, and refuse the request if it can't be parsed or is too large."""
        self.unreported += len(piece)
        try:
            super().feed(piece)
        except httptools.HttpParserUpgrade:
            raise
        except httptools.HttpParserError as error:
            cause = error.__context__
            self.refuse(cause if isinstance(cause, ProblemError) else malformed())
        try:
            check_size(self.unreported)
            self._reservation.resize(self.unreported + self.held if self.is_ours else 0)
        except ProblemError as problem:
            self.refuse(problem)

    def on_message_begin(self) -> None:
        """Begin a request."""
        if self.framing:
            return
        if self.is_last:
            raise malformed()
        self.url, self.headers = b"", []
        self._in_head = self.is_ours = True
        self.length = self.received = self.discarded = 0
        self.since = self.all.now

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header, or a trailer; none that WSGI would take for another header."""
        if b"_" not in name:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Check the head, and begin the request."""
        if self.framing:
            return
        head, self.headers = self.headers, []  # trailers are discarded
        check_size(self.unreported, len(head), len(self.url))
        version = self.parser.get_http_version()
        headers = check_head(version, head)
        self.unreported = 0
        self.length = int(headers.get(b"content-length", 0))
        self._in_head, self.in_body = False, True
        keep_alive = version == "1.1" and self.parser.should_keep_alive()
        self.is_last = self.all.is_stopping or not keep_alive
        if self.parser.should_upgrade():
            self.framing = find_framing(headers)
            head.remove((b"upgrade", headers.pop(b"upgrade")))  # the response is HTTP/1.1
        self.begin_request(head, headers)

    def begin_request(self, head: Head, headers: dict[bytes, bytes]) -> None:
        """Leave the request to uvicorn."""
        url = self.url
        super().on_message_begin()
        self.url = url
        self.headers.extend(head)
        self.headers = []
        self.expect_100_continue = headers.get(b"expect", b"").lower() == b"100-continue"
        super().on_headers_complete()
        self.is_ours = False
        self.cycle.keep_alive = not self.is_last

    def on_body(self, body: bytes) -> None:
        """Collect a part of the body, or discard it if the response is complete."""
        self.unreported = 0
        self.received += len(body)
        if self.cycle.response_complete:
            self.discard(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End the body."""
        if not self.framing:
            self.unreported, self.in_body = 0, False
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Begin the next request, or end the connection with an error that had to wait."""
        self.since = self.all.now
        super().on_response_complete()
        self._unset_keepalive_if_required()  # end_if_late closes idle connections, and no others
        if self._refusal is not None and self.is_answered() and not self.transport.is_closing():
            self._write_refusal(self._refusal)

    def refuse(self, problem: ProblemError) -> None:
        """End the connection with an error, after the responses to earlier requests."""
        if self.is_discarding or self.transport.is_closing():
            return
        self.is_last = True
        self.start_discarding()
        self._reservation.release()
        if self.is_answered():
            self._write_refusal(problem)
        elif self.in_body and not self.is_ours:  # the application answers for this request
            self.cycle.scope["state"][PROBLEM] = problem
            self.cycle.keep_alive = self.cycle.more_body = False
            self.cycle.message_event.set()
        else:
            self._refusal = problem

    def _write_refusal(self, problem: ProblemError) -> None:
        """Send and record an error to a request that never became one."""
        method, path = "", ""
        if self._in_head or self.in_body:
            method, path = describe_target(self.parser, self.url)
        response = find_error_writer(path)(problem)
        self.write_response(response, method, path, find_route(method, path).template, None, 0.0)
        self.finish()

    def write_response(  # noqa: PLR0913, PLR0917 # called for each request
        self,
        response: Response,
        method: str,
        path: str,
        template: str,
        given_id: bytes | None,
        seconds: float,
    ) -> None:
        """Record and send the response to a request that is not uvicorn's."""
        recorder = self.app.recorder
        request_id = recorder.choose_id(given_id)
        status, body = response.status, response.body
        client = self.client[0] if self.client else ""
        recorder.record(template, request_id, method, path, status, len(body), seconds, client)
        close = "Connection: close\r\n" if self.is_last else ""
        head = f"{response.head(request_id)}{close}\r\n".encode("latin-1")
        self.transport.write(STATUS_LINE[status] + self.all.date + head + body)

    def finish(self) -> None:
        """Close the connection when the client has read the last response, or soon."""
        self.since = self.all.now
        self.start_discarding()
        if self.all.is_stopping:
            self.transport.close()
        else:
            self.transport.write_eof()

    def is_answered(self) -> bool:
        """Return whether uvicorn has no request in progress."""
        return self.cycle is None or self.cycle.response_complete

    def is_idle(self) -> bool:
        """Return whether the connection is open without a request, even a part of one."""
        is_busy = self._in_head or self.in_body or self.unparsed or self.is_discarding
        return self.is_answered() and not is_busy and not self.transport.is_closing()

    def end_if_late(self, now: float) -> None:
        """End the connection if it has been idle, or the client too slow, for too long."""
        unsent, waited, seconds = (
            self._measure_unsent(now),
            now - self.since,
            self.all.request_seconds,
        )
        if unsent > seconds:
            self.transport.abort()
        elif self.is_discarding or (self.in_body and not self.is_ours):
            if self.is_answered() and waited > DISCARDED_SECONDS:
                self.transport.close()
        elif self.is_idle():
            if waited >= self.all.keepalive_seconds:
                self.transport.close()
        elif self.is_ours and waited > seconds + self.received / MIN_RATE:
            self.refuse(too_slow())

    def _measure_unsent(self, now: float) -> float:
        """Return for how many seconds the client has read less than MIN_RATE."""
        unsent = self.transport.get_write_buffer_size()
        since, before = self._unsent
        if not (unsent and before):
            self._unsent = since, before = now, unsent
        return now - since - max(before - unsent, 0) / MIN_RATE

    def shutdown(self) -> None:
        """Close the connection after the request that has begun, if there is one."""
        self.all.is_stopping = self.is_last = True
        if self.is_idle() or not self.is_ours:
            super().shutdown()
