"""The names of uvicorn that its documentation does not promise; its version is pinned for them."""

import ast
import inspect
import re

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http import flow_control, httptools_impl
from uvicorn.server import ServerState

from mnist_api.server.protocol.fast_path import FastPathProtocol
from mnist_api.server.protocol.uvicorn_adapters import ProtocolFlow
from support.servers.api import API

PROTOCOL = {
    "app", "client", "cycle", "expect_100_continue", "flow", "headers", "loop", "parser",
    "pipeline", "scope", "server_state", "transport", "url",
}  # fmt: skip
METHODS = {
    "_start_asgi_task", "_unset_keepalive_if_required", "connection_lost", "connection_made",
    "data_received", "eof_received", "on_body", "on_header", "on_headers_complete",
    "on_message_begin", "on_message_complete", "on_response_complete", "shutdown",
}  # fmt: skip
CYCLE = {
    "body", "disconnected", "keep_alive", "message_event", "more_body", "response_complete",
    "scope", "transport",
}  # fmt: skip
OF_THE_TRANSPORT = {"close", "is_closing", "write"}
FLOW = {"pause_reading", "pause_writing", "read_paused", "resume_reading", "resume_writing",
        "write_paused"}  # fmt: skip
PROXIES = {"get_trusted_client_address"}
SERVER = API / "mnist_api" / "server"
PROTOCOLS = "".join(
    (SERVER / "protocol" / file).read_text() for file in ("paced.py", "bounded.py", "fast_path.py")
)
OTHERS = "".join(
    (SERVER / file).read_text()
    for file in (
        "protocol/uvicorn_adapters.py",
        "protocol/response_writer.py",
        "connections.py",
        "proxies.py",
    )
)


def find_attributes(owner: str, source: str = PROTOCOLS) -> set[str]:
    """Return the attributes of ``owner`` in ``source``."""
    return {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == owner
    }


def test_these_names_and_no_others_are_used() -> None:
    """Of the connection by all files, and of what belongs to it."""
    ours = {name for one in FastPathProtocol.__mro__[:3] for name in vars(one)}
    assigned = set(re.findall(r"self\.(\w+)[^=\n]* = ", PROTOCOLS)) - PROTOCOL
    used = set.union(
        find_attributes("self"),
        *(find_attributes(owner, OTHERS) for owner in ("one", "new", "lost", "protocol")),
        find_attributes("connection", OTHERS) - {"family", "setsockopt"},  # of a socket
    )
    assert used - ours - assigned <= PROTOCOL | METHODS
    assert ours & set(vars(httptools_impl.HttpToolsProtocol)) - {
        "__init__", "__module__", "__doc__"
    } <= METHODS  # fmt: skip
    for owner in ("self.cycle", "cycle", "self._running"):
        assert find_attributes(owner) <= CYCLE
    assert find_attributes("self.flow") <= FLOW
    assert set(vars(ProtocolFlow)) & set(vars(flow_control.FlowControl)) <= FLOW | {
        "__init__", "__module__", "__doc__"
    }  # fmt: skip
    assert find_attributes("self._trusted", OTHERS) <= PROXIES


def test_this_uvicorn_has_them() -> None:
    created = set(httptools_impl.HttpToolsProtocol.__init__.__code__.co_names)
    assert PROTOCOL - {"url"} <= created  # the first callback makes "url"
    assert set(vars(httptools_impl.HttpToolsProtocol)) >= METHODS
    assert set(httptools_impl.RequestResponseCycle.__init__.__code__.co_names) >= CYCLE
    cycle = inspect.getsource(httptools_impl.RequestResponseCycle)
    assert find_attributes("self.transport", cycle) == OF_THE_TRANSPORT
    assert (
        set(flow_control.FlowControl.__init__.__code__.co_names)
        | set(vars(flow_control.FlowControl))
        >= FLOW
    )
    assert ServerState().total_requests == 0
    assert httptools_impl.STATUS_LINE[200] == b"HTTP/1.1 200 OK\r\n"
    assert flow_control.HIGH_WATER_LIMIT > 0
    trusted = ProxyHeadersMiddleware(flow_control.service_unavailable, ["::1"]).trusted_hosts
    assert set(dir(trusted)) >= PROXIES
    assert "::1" in trusted


def test_uvicorn_and_its_parser_are_pinned_exactly() -> None:
    project = (API / "pyproject.toml").read_text()
    for name in ("uvicorn", "uvicorn-worker", "httptools"):
        assert re.search(rf'"{name}==\d+\.\d+\.\d+"', project)
