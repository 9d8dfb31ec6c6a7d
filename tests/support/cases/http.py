"""Requests as bytes, and the status of the response."""

from support.servers.api import BODY

LINE = b"POST /predict HTTP/1.1\r\n"
HOST = b"Host: localhost\r\n"
JSON = b"Content-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKS = b"%x\r\n%b\r\n0\r\n" % (len(BODY), BODY)
HEALTH = b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n"
METRICS = b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n"
BINARY = LINE + HOST + b"Content-Type: application/octet-stream\r\n"
MARK = b"echo-7f3a"  # what no response may repeat


def _post(*headers: bytes, body: bytes = BODY, line: bytes = LINE) -> bytes:
    return b"".join((line, HOST, JSON, *headers, b"\r\n", body))


VALID = {
    "length": (_post(LENGTH), 200),
    "chunks": (_post(CHUNKED, body=CHUNKS + b"\r\n"), 200),
    "chunks with an extension": (
        _post(CHUNKED, body=b"%x;a=b\r\n%b\r\n0;c\r\n\r\n" % (len(BODY), BODY)), 200,
    ),
    "chunks with a trailer": (_post(CHUNKED, body=CHUNKS + b"Host: evil\r\n\r\n"), 200),
    "a tab behind chunked": (
        _post(b"Transfer-Encoding: chunked\t\r\n", body=CHUNKS + b"\r\n"), 200,
    ),
    "spaces and tabs around Chunked": (
        _post(b"Transfer-Encoding: \t Chunked \t \r\n", body=CHUNKS + b"\r\n"), 200,
    ),
    "a tab behind chunked, and an upgrade": (
        _post(b"Transfer-Encoding: chunked\t\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n",
              body=CHUNKS + b"\r\n"), 200,
    ),
    "spaces behind chunked": (
        _post(b"Transfer-Encoding: chunked   \r\n", body=CHUNKS + b"\r\n"), 200,
    ),
    "a tab behind every value": (
        LINE + b"Host: localhost\t\r\nContent-Type: application/json\t\r\n"
        b"Content-Length: %d \t\r\n\r\n" % len(BODY) + BODY, 200,
    ),
    "absolute form": (_post(LENGTH, line=b"POST http://x/predict HTTP/1.1\r\n"), 200),
    "query": (_post(LENGTH, line=b"POST /predict?a=b HTTP/1.1\r\n"), 200),
    "percent-encoded path": (_post(LENGTH, line=b"POST /predic%74 HTTP/1.1\r\n"), 200),
    "empty lines before it": (b"\r\n\r\n" + _post(LENGTH), 200),
    "upgrade with a length": (
        _post(LENGTH, b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"), 200,
    ),
    "upgrade with chunks": (
        _post(CHUNKED, b"Connection: Upgrade\r\nUpgrade: h2c\r\n", body=CHUNKS + b"\r\n"), 200,
    ),
    "upgrade of a GET": (
        b"GET /health HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        200,
    ),
    "a header that differs by an underscore": (
        _post(LENGTH, b"Content_Length: 1\r\nTransfer_Encoding: chunked\r\n"), 200,
    ),
    "HEAD /metrics": (b"HEAD /metrics HTTP/1.1\r\n" + HOST + b"\r\n", 200),
    "method without a route": (b"PATCH /predict HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "two slashes": (b"GET /page//x HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    "path that begins with a host": (b"GET //evil/page HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    "options of the server": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "empty body": (_post(b"Content-Length: 0\r\n", body=b""), 400),
    "no length": (_post(body=b""), 400),
}  # fmt: skip
# The connection is closed after the response.
INVALID = {
    "length of 4,301 digits": (_post(b"Content-Length: %b\r\n" % (b"1" * 4301), body=b""), 400),
    "length with a sign": (_post(b"Content-Length: +5\r\n", body=b"{}{}{"), 400),
    "length in hexadecimal": (_post(b"Content-Length: 0x5\r\n", body=b"{}{}{"), 400),
    "two lengths": (_post(LENGTH, b"Content-Length: 3\r\n"), 400),
    "length and chunks": (_post(b"Content-Length: 3\r\n", CHUNKED, body=CHUNKS + b"\r\n"), 400),
    "chunks and length": (_post(CHUNKED, b"Content-Length: 3\r\n", body=CHUNKS + b"\r\n"), 400),
    "chunks in HTTP/1.0": (
        _post(CHUNKED, body=CHUNKS + b"\r\n", line=b"POST /predict HTTP/1.0\r\n"), 400,
    ),
    "gzip, chunked": (_post(b"Transfer-Encoding: gzip, chunked\r\n", body=CHUNKS + b"\r\n"), 501),
    "identity, chunked": (
        _post(b"Transfer-Encoding: identity, chunked\r\n", body=CHUNKS + b"\r\n"), 501,
    ),
    "gzip and a tab": (_post(b"Transfer-Encoding: gzip\t\r\n", body=b""), 501),
    "chunked twice, and a tab": (_post(b"Transfer-Encoding: chunked, chunked\t\r\n"), 501),
    "length and a tab behind chunked": (
        _post(b"Content-Length: 3\r\nTransfer-Encoding: chunked\t\r\n", body=CHUNKS + b"\r\n"), 400,
    ),
    "a malformed chunk and a tab behind chunked": (
        _post(b"Transfer-Encoding: chunked\t\r\n", body=b"%b\r\n" % MARK), 400,
    ),
    "empty transfer encoding": (_post(b"Transfer-Encoding:\r\n", body=CHUNKS + b"\r\n"), 400),
    "empty transfer encoding, and a length": (_post(b"Transfer-Encoding: \t\r\n", LENGTH), 400),
    "empty transfer encoding, then chunked": (
        _post(b"Transfer-Encoding:\r\n", CHUNKED, body=CHUNKS + b"\r\n"), 400,
    ),
    "identity": (_post(b"Transfer-Encoding: identity\r\n", body=b""), 501),
    "two transfer encodings": (
        _post(b"Transfer-Encoding: identity\r\n", CHUNKED, body=CHUNKS + b"\r\n"), 501,
    ),
    "no host": (LINE + JSON + LENGTH + b"\r\n" + BODY, 400),
    "two hosts": (_post(HOST, LENGTH), 400),
    "host with a space": (b"GET /health HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "host with a path": (b"GET /health HTTP/1.1\r\nHost: localhost/%b\r\n\r\n" % MARK, 400),
    "host with a user": (b"GET /health HTTP/1.1\r\nHost: a@localhost\r\n\r\n", 400),
    "host with two ports": (b"GET /health HTTP/1.1\r\nHost: localhost:1:2\r\n\r\n", 400),
    "nothing but a name": (b"GET http://x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "bare line feeds": (b"GET /health HTTP/1.1\nHost: localhost\n\n", 400),
    "folded header": (_post(LENGTH, b"X: a\r\n b\r\n"), 400),
    "space before a colon": (_post(b"Content-Length : 5\r\n"), 400),
    "NUL in a header": (_post(LENGTH, b"X: a\x00%b\r\n" % MARK), 400),
    "carriage return in a header": (_post(LENGTH, b"X: a\rb\r\n"), 400),
    "header without a colon": (_post(LENGTH, MARK + b"\r\n"), 400),
    "header without a name": (_post(LENGTH, b": a\r\n"), 400),
    "space in the target": (b"GET /a %b HTTP/1.1\r\n" % MARK + HOST + b"\r\n", 400),
    "target of other letters": (b"GET /\xff%b HTTP/1.1\r\n" % MARK + HOST + b"\r\n", 400),
    "unknown method": (b"%b / HTTP/1.1\r\n" % MARK.upper() + HOST + b"\r\n", 400),
    "HTTP/9.9": (_post(LENGTH, line=b"POST /predict HTTP/9.9\r\n"), 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01" * 20, 400),
    "tunnel": (b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "101 headers": (_post(LENGTH, b"X: a\r\n" * 98), 431),
    "header of 100 kB": (_post(LENGTH, b"X: %b\r\n" % (b"a" * 100_000)), 431),
    "target of 5 kB": (b"GET /%b HTTP/1.1\r\n" % (MARK * 600) + HOST + b"\r\n", 414),
    "chunk without a length": (_post(CHUNKED, body=b"%b\r\n" % MARK), 400),
    "chunk longer than it says": (_post(CHUNKED, body=b"2\r\n{}%b\r\n0\r\n\r\n" % MARK), 400),
    "chunk of a negative length": (_post(CHUNKED, body=b"-2\r\n{}\r\n0\r\n\r\n"), 400),
    "chunk of 2**64": (_post(CHUNKED, body=b"10000000000000000\r\n"), 400),
    "extension of 100 kB": (_post(CHUNKED, body=b"2;%b" % (b"a" * 100_000)), 431),
    "trailers of 100 kB": (_post(CHUNKED, body=CHUNKS + b"X: %b" % (b"a" * 100_000)), 431),
}  # fmt: skip
