"""multipart/form-data: the files of a form, as a browser or `curl -F image=@seven.png` sends it."""

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
PIECE = 8192  # bytes given to the decoder at once
MAX_HEADER = PIECE  # bytes before a part's content; the decoder takes 0.4 µs for each
MAX_OTHERS = 64  # parts other than these files; the decoder takes 35 µs for each


def read_files(body: bytes, content_type: str, max_files: int) -> Iterator[bytes]:
    """Yield the files of the form's field "image", one at a time, at most ``max_files``.

    Raises ProblemError (400, 413).
    """
    try:
        boundary = parameters_of(content_type).get("boundary", "").encode("ascii")
        yield from _decode(body, boundary, max_files)
    except ValueError as error:
        raise ProblemError(
            400,
            f"The form can't be read ({error}): with curl, -F {FIELD}=@seven.png sends a valid "
            "one, with its content type.",
        ) from None


def _decode(body: bytes, boundary: bytes, max_files: int) -> Iterator[bytes]:
    if not boundary:
        raise ValueError("its content type has no boundary")
    decoder = MultipartDecoder(boundary)
    is_image, content, files, others = False, BytesIO(), 0, 0
    for start in range(0, len(body) + PIECE, PIECE):
        decoder.receive_data(body[start : start + PIECE] or None)  # None is the end
        while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
            if isinstance(event, File | Field):
                is_image = isinstance(event, File) and event.name == FIELD
                files, others = files + is_image, others + (not is_image)
                _check_counts(files, others, max_files)
                content = BytesIO()
            elif isinstance(event, Data) and is_image:
                content.write(event.data)
                if not event.more_data:
                    yield content.getvalue()
        if decoder.state is State.EPILOGUE:
            return
        if decoder.state in (State.PREAMBLE, State.PART) and len(decoder.buffer) > MAX_HEADER:
            raise ValueError(f"more than {MAX_HEADER} bytes come before the content of a part")


def _check_counts(files: int, others: int, max_files: int) -> None:
    if files > max_files:
        raise ProblemError(
            413, f"The form has more than {max_files} files: send them in several requests."
        )
    if others > MAX_OTHERS:
        raise ProblemError(
            413,
            f'The form has more than {MAX_OTHERS} parts other than files "{FIELD}": leave '
            "them out.",
        )
