"""Checks each request's head, and refuses what is malformed, too large or too slow."""

from typing import Any

import httptools

from mnist_api.problems import ProblemError, malformed
from mnist_api.server.connections import Stage
from mnist_api.server.protocol.paced import PacedProtocol
from mnist_api.server.protocol.request_head import (
    PADDING,
    TRANSFER_ENCODING,
    Head,
    check_head,
    check_size,
    rewrite_head,
)
from mnist_api.server.protocol.response_writer import write_refusal
from mnist_api.server.request_body import PROBLEM

IDLE_SECONDS = 0.5  # before an idle connection is closed on shutdown: a request may be on its way


class BoundedProtocol(PacedProtocol):
    """Passes requests to uvicorn when their heads are checked; responds to all others itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stage = Stage.NOTHING
        self.is_last = False  # the connection is closed after this request
        self.origin = b""  # the page's that sent the request, for CORS
        self.bytes_since_callback = 0  # of the parser: of a head, of trailers, of an extension
        self.collected_bytes = 0  # in memory, of a body in the stage COLLECTED_BODY
        self.reservation = self.worker_connections.budget.open()
        self.reservation.on_evict = self.refuse
        self._refusal: ProblemError | None = None  # waits for earlier responses

    def feed(self, piece: bytes) -> None:
        """Parse a piece, and refuse the request if it can't be parsed or is too large."""
        self.bytes_since_callback += len(piece)
        try:
            super().feed(piece)
        except httptools.HttpParserError as error:
            cause = error.__context__
            self.refuse(cause if isinstance(cause, ProblemError) else malformed())
        try:
            check_size(self.bytes_since_callback)
            in_memory = self.bytes_since_callback + self.collected_bytes
            self.reservation.resize(in_memory if self.stage in Stage.OURS else 0)
        except ProblemError as problem:
            self.refuse(problem)

    def on_message_begin(self) -> None:
        """Begin a request."""
        if self.is_last:
            raise malformed()
        self.url, self.headers, self.stage = b"", [], Stage.HEAD
        self.body_length = self.body_received = self.discarded = 0
        self.timer_start = self.worker_connections.now
        self.client, self.origin = self.peer, b""

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header, or a trailer; none that WSGI would take for another header."""
        if b"_" not in name:
            name = name.lower()
            is_coding = name == TRANSFER_ENCODING  # the parser does not take a tab behind it
            self.headers.append((name, value if is_coding else value.rstrip(PADDING)))

    def on_headers_complete(self) -> None:
        """Check the head, and begin the request."""
        head = self.headers
        check_size(self.bytes_since_callback, len(head), len(self.url))
        self.bytes_since_callback = 0
        version = self.parser.get_http_version()
        headers = check_head(version, head)
        self.headers = []  # trailers are discarded
        self.origin = headers.get(b"origin", b"")
        if self.parser.should_upgrade() or b"\t" in headers.get(TRANSFER_ENCODING, b""):
            self.rewritten = rewrite_head(self.parser, self.url, head)
            return
        self.body_length = int(headers.get(b"content-length", 0))
        keep_alive = version == "1.1" and self.parser.should_keep_alive()
        self.is_last = self.worker_connections.is_stopping or not keep_alive
        if self.is_from_proxy:
            self.client = self.worker_connections.proxies.find_client(head) or self.peer
        self.begin_request(head, headers)

    def begin_request(self, head: Head, headers: dict[bytes, bytes]) -> None:
        """Pass the request to uvicorn."""
        url = self.url
        super().on_message_begin()
        self.url, self.scope["headers"] = url, head
        self.expect_100_continue = headers.get(b"expect", b"").lower() == b"100-continue"
        super().on_headers_complete()
        self.stage = Stage.BODY
        self.cycle.keep_alive = not self.is_last

    def on_body(self, body: bytes) -> None:
        """Pass on a part of the body, or discard it if the response is complete."""
        self.bytes_since_callback = 0
        self.body_received += len(body)
        if self.rewritten:
            self.rewritten += body
        elif self.cycle.response_complete:
            self.discard(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End the body."""
        if not self.rewritten:
            self.bytes_since_callback, self.stage = 0, Stage.NOTHING
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Begin the next request, or end the connection with an error that had to wait."""
        self.timer_start = self.worker_connections.now
        super().on_response_complete()
        self._unset_keepalive_if_required()  # Connections closes idle connections, and no others
        if self._refusal is not None and self.is_answered() and not self.is_finished:
            write_refusal(self, self._refusal)

    def refuse(self, problem: ProblemError) -> None:
        """End the connection with an error, after the responses to earlier requests."""
        if self.is_discarding or self.transport.is_closing():
            return
        self.is_last = True
        self.start_discarding()
        self.reservation.release()
        if self.is_answered():
            write_refusal(self, problem)
        elif self.stage == Stage.BODY:  # the application responds to this request
            self.cycle.scope["state"][PROBLEM] = problem
            self.cycle.keep_alive = self.cycle.more_body = False
            self.cycle.message_event.set()
        else:
            self._refusal = problem

    def is_idle(self) -> bool:
        """Return whether the connection is open without a request, even a part of one."""
        is_busy = self.stage != Stage.NOTHING or self.unparsed or self.is_discarding
        return self.is_answered() and not is_busy and not self.transport.is_closing()

    def shutdown(self) -> None:
        """Close the connection after the request that has begun; if it is idle, soon."""
        self.worker_connections.is_stopping = True
        if self.is_idle():
            self.loop.call_later(IDLE_SECONDS, self.worker_connections.close_if_idle, self)
            return
        self.is_last = True
        if self.is_finished or self.stage not in Stage.OURS:
            super().shutdown()
