"""A connection that is parsed in pieces: earlier responses come first, and others in between."""

from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PIECE = 16384  # bytes of requests that are parsed before other connections are served
MAX_REQUESTS = 16  # about as many are parsed before other connections are served
DISCARDED_BYTES = 16 * 1024**2
REQUEST_LINE = b" HTTP/1."  # the end of one


class Flow(FlowControl):
    """Lets uvicorn resume reading only when more may be parsed."""

    def __init__(self, protocol: "PacedProtocol") -> None:
        super().__init__(protocol.transport)
        self._protocol = protocol

    def resume_reading(self) -> None:
        """Resume unless something that was received has to wait."""
        self._protocol.update_reading()


class PacedProtocol(HttpToolsProtocol):
    """Holds what was received until it may be parsed, and discards it after the last request."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_discarding = False
        self.framing = b""  # header of a body that the parser takes for another protocol
        self.unparsed = b""  # received, but it has to wait
        self.length = self.received = 0  # bytes of the body: in all, if known, and until now
        self._is_scheduled = False
        self.discarded = 0  # bytes

    def connection_made(self, transport: Any) -> None:
        """Take control of reading."""
        super().connection_made(transport)
        self.flow = Flow(self)

    def data_received(self, data: bytes) -> None:
        """Parse a piece; the rest follows when other connections have been served."""
        if self.is_discarding:
            self.discard(data)
            return
        self.unparsed = self.unparsed + data if self.unparsed else data
        if not self._is_scheduled:
            self._parse()

    def _parse(self) -> None:
        self._is_scheduled = False
        if self.is_discarding or self._is_blocked() or self.transport.is_closing():
            return
        size = self._choose_size()
        piece, self.unparsed = self.unparsed[:size], self.unparsed[size:]
        try:
            self.feed(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self.unparsed = piece[upgrade.args[0] :] + self.unparsed
            self._restart_parser()
        if self.unparsed or self.flow.read_paused or self.cycle is not None:
            self.update_reading()

    def _choose_size(self) -> int:
        """Return the length of the next piece: the rest of a body, or a few requests."""
        if self.length > self.received:
            return max(PIECE, self.length - self.received)
        if self.unparsed.count(REQUEST_LINE, 0, PIECE) <= MAX_REQUESTS:
            return PIECE
        end = 0
        for _ in range(MAX_REQUESTS):
            end = self.unparsed.index(REQUEST_LINE, end) + len(REQUEST_LINE)
        return end

    def feed(self, piece: bytes) -> None:
        """Parse a piece."""
        self.parser.feed_data(piece)

    def _restart_parser(self) -> None:
        """Parse on as HTTP/1.1, also the body of the request that offered another protocol."""
        if self.framing:
            self.parser = httptools.HttpRequestParser(self)
            url = self.url
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n\r\n" % self.framing)
            self.url, self.framing = url, b""

    def _is_blocked(self) -> bool:
        cycle = self.cycle
        return bool(
            self.flow.write_paused
            or self.pipeline
            or (cycle and not cycle.response_complete and len(cycle.body) > HIGH_WATER_LIMIT)
        )

    def update_reading(self) -> None:
        """Parse on, read on or pause: responses come first, then what was received."""
        if self.is_discarding:
            FlowControl.resume_reading(self.flow)
        elif self._is_blocked():
            self.flow.pause_reading()
        elif self.unparsed:
            self.flow.pause_reading()
            if not self._is_scheduled:
                self._is_scheduled = True
                self.loop.call_soon(self._parse)
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

    def start_discarding(self) -> None:
        """Read on, so that the client can send all and then read the response."""
        self.is_discarding, self.unparsed, self.discarded = True, b"", 0
        self.update_reading()

    def discard(self, data: bytes) -> None:
        """Count bytes that nobody needs, and close the connection if they are too many."""
        self.discarded += len(data)
        if self.discarded > DISCARDED_BYTES:
            self.transport.close()
