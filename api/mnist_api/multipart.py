"""Files of a form: what a browser and `curl -F image=@seven.png` send."""

from collections.abc import Iterator

from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from mnist_api.exchange import parameters_of
from mnist_api.problems import ProblemError

FIELD = "image"
PIECE = 65536  # bytes handed to the decoder at once


def read_files(body: bytes, content_type: str) -> Iterator[bytes]:
    """Yield the files of the form's field "image", one at a time. Raises ProblemError (400)."""
    try:
        yield from _decode(body, parameters_of(content_type).get("boundary", "").encode("ascii"))
    except ValueError as error:
        raise ProblemError(
            400,
            f"The form can't be read ({error}): with curl, -F {FIELD}=@seven.png writes a right "
            "one, its content type included.",
        ) from None


def _decode(body: bytes, boundary: bytes) -> Iterator[bytes]:
    if not boundary:
        raise ValueError("its content type names no boundary")
    decoder = MultipartDecoder(boundary)
    wanted, content = False, bytearray()
    for start in range(0, len(body) + PIECE, PIECE):
        decoder.receive_data(body[start : start + PIECE] or None)  # None is the end
        while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
            if isinstance(event, File | Field):
                wanted = isinstance(event, File) and event.name == FIELD
                content = bytearray()
            elif isinstance(event, Data) and wanted:
                content += event.data
                if not event.more_data:
                    yield bytes(content)
