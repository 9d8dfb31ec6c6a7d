"""How much of what a connection has received is parsed before other connections are served."""

PIECE = 16384  # bytes
MAX_REQUESTS = 16  # about as many
REQUEST_LINE = b" HTTP/1."  # the end of one


def measure_piece(unparsed: bytes, body_left: int) -> int:
    """Return the length of the next piece: the rest of a body, or a few requests."""
    if body_left > 0:
        return max(PIECE, body_left)
    if unparsed.count(REQUEST_LINE, 0, PIECE) <= MAX_REQUESTS:
        return PIECE
    end = 0
    for _ in range(MAX_REQUESTS):
        end = unparsed.index(REQUEST_LINE, end) + len(REQUEST_LINE)
    return end
