"""Records and writes the responses to requests that are not uvicorn's."""

from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from mnist_api.handlers.router import find_error_writer, find_route
from mnist_api.http import Response
from mnist_api.problems import ProblemError
from mnist_api.server.connections import Stage
from mnist_api.server.protocol.request_head import describe_target

if TYPE_CHECKING:
    from mnist_api.server.protocol.bounded import BoundedProtocol


def write_response(  # noqa: PLR0913, PLR0917 # called for each request
    connection: "BoundedProtocol",
    response: Response,
    method: str,
    path: str,
    template: str,
    given_id: bytes | None,
    seconds: float,
) -> None:
    """Record and send the response to a request that is not uvicorn's."""
    recorder = connection.app.recorder
    response = connection.app.context.cross_origin.allow(response, connection.origin)
    request_id = recorder.choose_id(given_id)
    status, body = response.status, response.body
    client = connection.client[0] if connection.client else ""
    recorder.record(template, request_id, method, path, status, len(body), seconds, client)
    close = "Connection: close\r\n" if connection.is_last else ""
    head = f"{response.head(request_id)}{close}\r\n".encode("latin-1")
    date = connection.worker_connections.date
    connection.transport.write(STATUS_LINE[status] + date + head + body)


def write_refusal(connection: "BoundedProtocol", problem: ProblemError) -> None:
    """Send and record an error to what may not even be a request, and end the connection."""
    method, path = "", ""
    if connection.stage != Stage.NOTHING:
        method, path = describe_target(connection.parser, connection.url)
    connection.origin = connection.origin or dict(connection.headers).get(b"origin", b"")
    response = find_error_writer(path)(problem)
    template = find_route(method, path).template
    write_response(connection, response, method, path, template, None, 0.0)
    connection.finish()
