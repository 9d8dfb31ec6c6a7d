"""One connection: uvicorn's protocol with bounds, and with errors in the form of the route."""

import socket
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from mnist_api.handlers.router import find_error_writer, find_route
from mnist_api.http import Response
from mnist_api.problems import ProblemError, malformed, too_slow
from mnist_api.server.body_budget import Reservation
from mnist_api.server.connections import Connections
from mnist_api.server.request_body import MIN_RATE, PROBLEM
from mnist_api.server.request_head import MAX_HEAD, MAX_HEADERS, MAX_TARGET, check_head, too_long

Head = list[tuple[bytes, bytes]]

PIECE = 16384  # bytes that are parsed before other connections are served
DISCARDED_SECONDS = 2.0  # of a body after its response: a TCP reset would hide the response
DISCARDED_BYTES = 16 * 1024**2


class Flow(FlowControl):
    """Lets uvicorn resume reading only when more may be parsed."""

    def __init__(self, protocol: "BoundedProtocol") -> None:
        super().__init__(protocol.transport)
        self._protocol = protocol

    def resume_reading(self) -> None:
        """Resume unless something that was received has to wait."""
        self._protocol.update_reading()


class BoundedProtocol(HttpToolsProtocol):
    """The requests of one connection; it holds a bounded number of bytes, for a bounded time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.all: Connections = self.app.connections
        self.since = self.all.now  # when the request began, or the last response was complete
        self.url = b""
        self._unparsed = b""  # received, but parsing has to wait
        self._is_scheduled = False
        self._unreported = 0  # bytes since the parser's last callback: of a head, or of trailers
        self._in_head = self._in_body = False
        self._answers = 0  # given while the piece is parsed
        self._is_ours = False  # the request is not uvicorn's, at least not yet
        self._is_last = False  # the connection is closed after this request
        self._is_finished = False  # nothing more is sent, and what is received is discarded
        self._held = 0  # bytes of a body that is ours
        self._received = 0  # bytes of any body
        self._framing = b""  # header of a body that the parser takes for another protocol
        self._reservation: Reservation | None = None  # of what is ours
        self._refusal: ProblemError | None = None
        self._unsent = (0.0, 0)  # since when the client leaves bytes unread, and how many

    def connection_made(self, transport: Any) -> None:
        """Accept the connection unless there are too many."""
        super().connection_made(transport)
        self.flow = Flow(self)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux's, for what the client leaves unread there
            milliseconds = int(self.all.request_seconds * 1000)
            unread = transport.get_extra_info("socket")
            unread.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        self.all.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Release what the connection held."""
        self._reserve(0)
        self.all.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse a piece; the rest follows when other connections have been served."""
        if self._refusal is not None or self._is_finished:
            self._discard(data)
            return
        self._unparsed = self._unparsed + data if self._unparsed else data
        if not self._is_scheduled:
            self.parse()

    def parse(self) -> None:
        """Parse a piece of what was received, unless that has to wait."""
        self._is_scheduled, self._answers = False, 0
        if self._is_finished or self._is_blocked() or self.transport.is_closing():
            return
        piece, self._unparsed = self._unparsed[:PIECE], self._unparsed[PIECE:]
        self._unreported += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._unparsed = piece[upgrade.args[0] :] + self._unparsed
            self._restart_parser()
        except httptools.HttpParserError as error:
            cause = error.__context__
            self.refuse(cause if isinstance(cause, ProblemError) else malformed())
        if self._unreported > MAX_HEAD:
            self.refuse(too_long())
        if self._is_ours or self._reservation is not None:
            self._reserve(self._unreported + self._held if self._is_ours else 0)
        if self._unparsed or self.flow.read_paused or self.cycle is not None:
            self.update_reading()

    def _restart_parser(self) -> None:
        """Parse on as HTTP/1.1, also the body of the request that offered another protocol."""
        if self._framing:
            self.parser = httptools.HttpRequestParser(self)
            url = self.url
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n\r\n" % self._framing)
            self.url, self._framing = url, b""

    def _is_blocked(self) -> bool:
        cycle = self.cycle
        return (
            self.flow.write_paused
            or bool(self.pipeline)
            or (cycle is not None and len(cycle.body) > HIGH_WATER_LIMIT)
        )

    def update_reading(self) -> None:
        """Parse on, read on or pause: responses come first, then what was received."""
        if self._refusal is not None or self._is_finished:
            FlowControl.resume_reading(self.flow)
        elif self._is_blocked():
            self.flow.pause_reading()
        elif self._unparsed:
            self.flow.pause_reading()
            if not self._is_scheduled:
                self._is_scheduled = True
                self.loop.call_soon(self.parse)
        else:
            FlowControl.resume_reading(self.flow)

    def pause_writing(self) -> None:
        """Parse nothing more for a client that does not read its responses."""
        super().pause_writing()
        self.update_reading()

    def resume_writing(self) -> None:
        """Parse on."""
        super().resume_writing()
        self.update_reading()

    def _reserve(self, size: int) -> None:
        """Hold ``size`` bytes of the worker's budget."""
        if size and self._reservation is None:
            self._reservation = self.all.budget.open()
            self._reservation.on_evict = self.refuse
        if self._reservation is None:
            return
        try:
            self._reservation.resize(size)
        except ProblemError as problem:
            self.refuse(problem)
        if not size:
            self._reservation.release()
            self._reservation = None

    def on_message_begin(self) -> None:
        """Begin a request."""
        if self._framing:
            return
        if self._is_last:
            raise malformed()
        self.url, self.headers = b"", []
        self._in_head = self._is_ours = True
        self._received = 0
        self.since = self.all.now

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header, or a trailer; none that WSGI would take for another header."""
        if b"_" not in name:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Check the head, and begin the request."""
        if self._framing:
            return
        if self._unreported > MAX_HEAD or len(self.headers) > MAX_HEADERS:
            raise too_long()
        if len(self.url) > MAX_TARGET:
            raise ProblemError(414, f"The request's target is longer than {MAX_TARGET} bytes.")
        head, self.headers = self.headers, []  # trailers are discarded
        version = self.parser.get_http_version()
        headers = check_head(version, head)
        self._unreported = 0
        self._in_head, self._in_body = False, True
        keep_alive = version == "1.1" and self.parser.should_keep_alive()
        self._is_last = self.all.is_stopping or not keep_alive
        if self.parser.should_upgrade():
            self._framing = find_framing(headers)
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
        self._is_ours = False
        self.cycle.keep_alive = not self._is_last

    def on_body(self, body: bytes) -> None:
        """Collect a part of the body, or discard it if the response is complete."""
        self._unreported = 0
        if self.cycle.response_complete:
            self._discard(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End the body."""
        if not self._framing:
            self._unreported, self._in_body = 0, False
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Begin the next request, or end the connection with an error that had to wait."""
        self.since = self.all.now
        super().on_response_complete()
        is_open = not self.transport.is_closing()
        if self._refusal is not None and self.cycle.response_complete and is_open:
            self._write_refusal(self._refusal)

    def refuse(self, problem: ProblemError) -> None:
        """End the connection with an error, after the responses to earlier requests."""
        if self._refusal is not None or self._is_finished or self.transport.is_closing():
            return
        self._refusal, self._unparsed = problem, b""
        self._reserve(0)
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            self._write_refusal(problem)
        elif self._in_body and not self._is_ours:  # the application answers for this request
            cycle.scope["state"][PROBLEM] = problem
            cycle.keep_alive = cycle.more_body = False
            cycle.message_event.set()

    def _write_refusal(self, problem: ProblemError) -> None:
        """Send and record an error to a request that never became one."""
        method = path = ""
        if self.url and (self._in_head or self._in_body):
            try:
                path = (httptools.parse_url(self.url).path or b"").decode()
                method = self.parser.get_method().decode()
            except (httptools.HttpParserError, UnicodeDecodeError):
                path = ""
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
        close = "Connection: close\r\n" if self._is_last or self._refusal is not None else ""
        head = f"{response.head(request_id)}{close}\r\n".encode("latin-1")
        self.transport.write(STATUS_LINE[status] + self.all.date + head + body)

    def finish(self) -> None:
        """Close when the client has read what was sent: a TCP reset would hide it."""
        self._is_finished, self._unparsed, self._received = True, b"", 0
        self.since = self.all.now
        self.transport.write_eof()
        self.update_reading()

    def _discard(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > DISCARDED_BYTES:
            self.transport.close()

    def is_idle(self) -> bool:
        """Return whether there is no request, not even a part of one."""
        is_answered = self.cycle is None or self.cycle.response_complete
        return is_answered and not (self._in_head or self._in_body or self._unparsed)

    def end_if_late(self, now: float) -> None:
        """End the connection if it has been idle, or the client too slow, for too long."""
        seconds, unsent = self.all.request_seconds, self.transport.get_write_buffer_size()
        since, before = self._unsent
        self._unsent = (since, before) if unsent and before else (now, unsent)
        if unsent and now - self._unsent[0] > seconds + max(before - unsent, 0) / MIN_RATE:
            self.transport.abort()
        elif self._is_finished:
            if now - self.since > DISCARDED_SECONDS:
                self.transport.close()
        elif self.is_idle():
            if now - self.since >= self.all.keepalive_seconds:
                self.transport.close()
        elif self._is_ours:
            if now - self.since > seconds + self._received / MIN_RATE:
                self.refuse(too_slow())
        elif self._in_body and self.cycle.response_complete:
            if now - self.since > DISCARDED_SECONDS:
                self.transport.close()

    def shutdown(self) -> None:
        """Close the connection after the request that has begun, if there is one."""
        self.all.is_stopping = self._is_last = True
        if self.is_idle() or not self._is_ours:
            super().shutdown()


def find_framing(headers: dict[bytes, bytes]) -> bytes:
    """Return the header that says how long the body is; empty if there is no body."""
    if b"transfer-encoding" in headers:
        return b"Transfer-Encoding: chunked"
    length = int(headers.get(b"content-length", 0))
    return b"Content-Length: %d" % length if length else b""
