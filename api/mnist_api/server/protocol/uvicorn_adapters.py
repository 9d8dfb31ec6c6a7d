"""What uvicorn is given in place of its flow control and of a connection's transport."""

from typing import TYPE_CHECKING

from uvicorn.protocols.http.flow_control import FlowControl

if TYPE_CHECKING:
    from mnist_api.server.protocol.paced import PacedProtocol


class ProtocolFlow(FlowControl):
    """Lets the protocol decide whether to read on when uvicorn asks to pause or resume."""

    def __init__(self, protocol: "PacedProtocol") -> None:
        super().__init__(protocol.transport)
        self._protocol = protocol

    def pause_reading(self) -> None:
        """Pause if much is unparsed."""
        self._protocol.schedule_parsing_and_reading()

    resume_reading = pause_reading

    def pause_writing(self) -> None:
        """Parse nothing more for a client that does not read its responses."""
        super().pause_writing()
        self._protocol.schedule_parsing_and_reading()

    def resume_writing(self) -> None:
        """Parse on."""
        super().resume_writing()
        self._protocol.schedule_parsing_and_reading()


class ResponseTransport:
    """What a response is written to; closing it lets the client read the last response."""

    def __init__(self, protocol: "PacedProtocol") -> None:
        self.write = protocol.transport.write
        self.is_closing = protocol.transport.is_closing
        self.close = protocol.finish
