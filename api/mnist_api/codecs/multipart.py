"""Files of a form: what a browser and `curl -F image=@seven.png` send."""

from collections.abc import Iterator
from io import BytesIO

from werkzeug.sansio.multipart import (
    Data,
    Epilogue,
    Field,
    File,
    MultipartDecoder,
    NeedData,
    State,
)

from mnist_api.http import parameters_of
from mnist_api.problems import ProblemError

FIELD = "image"
PIECE = 8192  # bytes handed to the decoder at once
MOST_HEADER = PIECE  # bytes before a part's content; a decoder takes 0.4 µs for each
MOST_OTHERS = 64  # parts that are no such files; a decoder takes 35 µs for each


def read_files(body: bytes, content_type: str, most: int) -> Iterator[bytes]:
    """Yield the files of the form's field "image", one at a time, at most ``most``.

    Raises ProblemError (400, 413).
    """
    try:
        boundary = parameters_of(content_type).get("boundary", "").encode("ascii")
        yield from _decode(body, boundary, most)
    except ValueError as error:
        raise ProblemError(
            400,
            f"The form can't be read ({error}): with curl, -F {FIELD}=@seven.png writes a right "
            "one, its content type included.",
        ) from None


def _decode(body: bytes, boundary: bytes, most: int) -> Iterator[bytes]:
    if not boundary:
        raise ValueError("its content type names no boundary")
    decoder = MultipartDecoder(boundary)
    wanted, content, files, others = False, BytesIO(), 0, 0
    for start in range(0, len(body) + PIECE, PIECE):
        decoder.receive_data(body[start : start + PIECE] or None)  # None is the end
        while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
            if isinstance(event, File | Field):
                wanted = isinstance(event, File) and event.name == FIELD
                files, others = files + wanted, others + (not wanted)
                _check_counts(files, others, most)
                content = BytesIO()
            elif isinstance(event, Data) and wanted:
                content.write(event.data)
                if not event.more_data:
                    yield content.getvalue()
        if decoder.state is State.EPILOGUE:
            return
        if decoder.state in (State.PREAMBLE, State.PART) and len(decoder.buffer) > MOST_HEADER:
            raise ValueError(f"more than {MOST_HEADER} bytes come before the content of a part")


def _check_counts(files: int, others: int, most: int) -> None:
    if files > most:
        raise ProblemError(
            413, f"The form has more than {most} files: send them in several requests."
        )
    if others > MOST_OTHERS:
        raise ProblemError(
            413,
            f'The form has more than {MOST_OTHERS} parts that are no files "{FIELD}": leave '
            "them out.",
        )
