"""Parses what a connection receives in pieces, so that no client delays the others' requests."""

from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from mnist_api.server.protocol.pieces import measure_piece
from mnist_api.server.protocol.request_head import create_parser
from mnist_api.server.protocol.uvicorn_adapters import ProtocolFlow, ResponseTransport

DISCARDED_BYTES = 16 * 1024**2
HALF_CLOSED_SECONDS = 1.0  # to respond after the client's end of file: it may not read any more


class PacedProtocol(HttpToolsProtocol):
    """Keeps what was received until it may be parsed, and discards what follows the last request.

    Responses have the order of the requests, and come before further requests.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.worker_connections = self.app.connections
        self.timer_start = self.worker_connections.now  # of the request, or after a response
        self.parser = create_parser(self)
        self.unparsed = b""  # received, but it has to wait
        self.rewritten = b""  # what is to be parsed instead of a head, and what follows it
        self.body_length = self.body_received = 0  # bytes: in all, if known, and until now
        self.discarded = 0  # bytes
        self.is_discarding = False
        self.is_finished = False  # the last response has been written
        self._is_half_closed = False  # the client sends nothing more
        self._is_scheduled = False
        self._running: RequestResponseCycle | None = None

    def connection_made(self, transport: Any) -> None:
        """Accept the connection unless there are too many."""
        super().connection_made(transport)
        self.peer = self.client
        self.is_from_proxy = self.worker_connections.proxies.trusts(self.peer)
        self.flow = ProtocolFlow(self)
        self.worker_connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application; uvicorn tells it for the last request, which may wait behind it."""
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)
        self.worker_connections.remove(self)

    def data_received(self, data: bytes) -> None:
        """Parse a piece; the rest follows when other connections have been served."""
        if self.is_discarding:
            self.discard(data)
            return
        self.unparsed = self.unparsed + data if self.unparsed else data
        if not self._is_scheduled:
            self._parse()

    def eof_received(self) -> bool:  # type: ignore[override] # as asyncio has it
        """Keep the connection for a moment if there are requests to respond to."""
        is_incomplete = not self.pipeline and (self.cycle is None or self.cycle.more_body)
        if not self.unparsed and (self.is_answered() or is_incomplete):
            return False
        self._is_half_closed = self.transport.can_write_eof()  # not with TLS
        self.loop.call_later(HALF_CLOSED_SECONDS, self.transport.close)
        return self._is_half_closed

    def _parse(self) -> None:
        self._is_scheduled = False
        if self.is_discarding or self.transport.is_closing():
            return
        if not self._is_blocked():
            size = measure_piece(self.unparsed, self.body_length - self.body_received)
            piece, self.unparsed = self.unparsed[:size], self.unparsed[size:]
            self.feed(piece)
            if self.rewritten:
                self.parser = create_parser(self)
                self.unparsed, self.rewritten = self.rewritten + self.unparsed, b""
        if self.unparsed or self.flow.read_paused or self.cycle or self._is_half_closed:
            self.schedule_parsing_and_reading()

    def feed(self, piece: bytes) -> None:
        """Parse a piece."""
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self.rewritten += piece[upgrade.args[0] :]

    def _is_blocked(self) -> bool:
        cycle = self.cycle
        return bool(
            self.flow.write_paused
            or self.pipeline
            or (cycle and not cycle.response_complete and len(cycle.body) > HIGH_WATER_LIMIT)
        )

    def schedule_parsing_and_reading(self) -> None:
        """Schedule parsing unless responses come first; read on unless much is unparsed."""
        if self.unparsed and not self._is_scheduled and not self._is_blocked():
            self._is_scheduled = True
            self.loop.call_soon(self._parse)
        if self._is_half_closed:
            if self.is_answered() and not self.unparsed and not self.is_discarding:
                self.transport.close()
        elif len(self.unparsed) > HIGH_WATER_LIMIT:
            FlowControl.pause_reading(self.flow)
        else:
            FlowControl.resume_reading(self.flow)

    def start_discarding(self) -> None:
        """Read on, so that the client can send all and then read the response."""
        self.is_discarding, self.unparsed, self.discarded = True, b"", 0
        FlowControl.resume_reading(self.flow)

    def discard(self, data: bytes) -> None:
        """Count bytes that nobody needs, and close the connection if they are too many."""
        self.discarded += len(data)
        if self.discarded > DISCARDED_BYTES:
            self.transport.close()

    def finish(self) -> None:
        """End the connection after the last response: a TCP reset would lose it."""
        self.is_finished, self.timer_start = True, self.worker_connections.now
        self.cycle = self._running  # type: ignore[assignment] # None before the first, as it is
        self.pipeline.clear()
        self.start_discarding()
        is_open = not (self.worker_connections.is_stopping or self._is_half_closed)
        if is_open and self.transport.can_write_eof():  # not with TLS
            self.transport.write_eof()
        else:
            self.transport.close()

    def is_answered(self) -> bool:
        """Return whether uvicorn has no request in progress."""
        return self.cycle is None or self.cycle.response_complete

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        cycle.transport = ResponseTransport(self)  # type: ignore[assignment] # all that it uses
        super()._start_asgi_task(cycle, app)
