"""The names of uvicorn that its documentation does not promise; its version is pinned for them."""

import ast
import re

from processes import API
from uvicorn.protocols.http import flow_control, httptools_impl
from uvicorn.server import ServerState

from mnist_api.server.fast_path import FastPathProtocol

PROTOCOL = {
    "app", "client", "cycle", "expect_100_continue", "flow", "headers", "loop", "parser",
    "pipeline", "server_state", "transport", "url",
}  # fmt: skip
METHODS = {
    "_unset_keepalive_if_required", "connection_lost", "connection_made", "data_received",
    "on_body", "on_header", "on_headers_complete", "on_message_begin", "on_message_complete",
    "on_response_complete", "pause_writing", "resume_writing", "shutdown",
}  # fmt: skip
CYCLE = {"body", "keep_alive", "message_event", "more_body", "response_complete", "scope"}
FLOW = {"pause_reading", "read_paused", "resume_reading", "write_paused"}
FILES = ("paced_protocol.py", "bounded_protocol.py", "fast_path.py")
SOURCE = "".join((API / "mnist_api" / "server" / file).read_text() for file in FILES)


def inherited(owner: str) -> set[str]:
    """Return the attributes of ``owner`` in our source, and the methods that ours override."""
    names = {
        node.attr
        for node in ast.walk(ast.parse(SOURCE))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == owner
    }
    return (
        names - set(re.findall(r"self\.(\w+)(?:: [^=]+)? = ", SOURCE)) if owner == "self" else names
    )


def test_these_names_and_no_others_are_used() -> None:
    ours = {name for one in FastPathProtocol.__mro__[:3] for name in vars(one)}
    assert inherited("self") - ours <= PROTOCOL | METHODS
    assert ours & set(vars(httptools_impl.HttpToolsProtocol)) - {
        "__init__", "__module__", "__doc__"
    } <= METHODS  # fmt: skip
    assert inherited("self.cycle") | inherited("cycle") <= CYCLE
    assert inherited("self.flow") <= FLOW


def test_this_uvicorn_has_them() -> None:
    created = set(httptools_impl.HttpToolsProtocol.__init__.__code__.co_names)
    assert PROTOCOL - {"url"} <= created  # the first callback makes "url"
    assert set(vars(httptools_impl.HttpToolsProtocol)) >= METHODS
    assert set(httptools_impl.RequestResponseCycle.__init__.__code__.co_names) >= CYCLE
    assert (
        set(flow_control.FlowControl.__init__.__code__.co_names)
        | set(vars(flow_control.FlowControl))
        >= FLOW
    )
    assert ServerState().total_requests == 0
    assert httptools_impl.STATUS_LINE[200] == b"HTTP/1.1 200 OK\r\n"
    assert flow_control.HIGH_WATER_LIMIT > 0


def test_uvicorn_and_its_parser_are_pinned_exactly() -> None:
    project = (API / "pyproject.toml").read_text()
    for name in ("uvicorn", "uvicorn-worker", "httptools"):
        assert re.search(rf'"{name}==\d+\.\d+\.\d+"', project)
