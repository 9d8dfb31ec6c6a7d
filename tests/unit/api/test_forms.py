"""The files of forms: which parts are files, and what is refused."""

from collections.abc import Iterable

import pytest

from mnist_api.codecs.multipart import MAX_HEADER, read_files
from support.refusals import refused

TYPE = "multipart/form-data; boundary=x"
FILES = [bytes(range(256)) * repeated for repeated in (0, 1, 32, 100)]


def part(disposition: str, content: bytes, *more: str) -> bytes:
    head = "\r\n".join([f"Content-Disposition: form-data; {disposition}", *more])
    return b"--x\r\n%b\r\n\r\n%b\r\n" % (head.encode(), content)


def file(content: bytes, name: str = "image") -> bytes:
    return part(f'name="{name}"; filename="7.png"', content)


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--x--\r\n"


def read(body: bytes, content_type: str = TYPE, max_files: int = 9) -> list[bytes]:
    return list(read_files(body, content_type, max_files))


NOTE = part('name="image"', b"a field, not a file")
OTHER = file(b"another field's file", "other")
FORMS = {
    "no file": (form(NOTE, OTHER), []),
    "files between other parts": (
        form(*(part for content in FILES for part in (NOTE, OTHER, file(content), OTHER))),
        FILES,
    ),
    "a text before the parts": (b"preamble\r\n" + form(file(b"7")), [b"7"]),
    "a text of a piece before the parts": (b"x" * 8190 + b"\r\n" + form(file(b"7")), [b"7"]),
    "a text after the parts": (form(file(b"7")) + b"epilogue" * 2000, [b"7"]),
}


@pytest.mark.parametrize(("body", "files"), FORMS.values(), ids=FORMS)
def test_the_files_of_the_field_image_are_read(body: bytes, files: Iterable[bytes]) -> None:
    assert read(body) == files


@pytest.mark.parametrize("shift", range(8180, 8196))
def test_a_file_may_end_at_any_byte_of_a_piece(shift: int) -> None:
    content = b"7" * (shift - len(file(b"")))
    assert read(form(file(content), file(b"8"))) == [content, b"8"]


def test_a_file_is_read_before_a_later_part_is_refused() -> None:
    files = read_files(form(file(b"7"), file(b"8")), TYPE, 1)
    assert next(files) == b"7"
    with refused(413, "The form has more than 1 files: send them in several requests."):
        next(files)


def test_the_number_of_other_parts_is_limited() -> None:
    others = [NOTE, OTHER] * 32
    assert read(form(*others, file(b"7"))) == [b"7"]
    with refused(413, 'The form has more than 64 parts other than files "image": leave them out.'):
        read(form(*others, NOTE))


INVALID = (
    "The form can't be read ({}): with curl, -F image=@seven.png sends a valid one, with its "
    "content type."
)
LONG = INVALID.format("more than 8192 bytes come before the content of a part")
REFUSED = {
    "no boundary": (
        form(NOTE),
        "multipart/form-data",
        INVALID.format("its content type has no boundary"),
    ),
    "a boundary of other letters": (
        form(NOTE),
        'multipart/form-data; boundary="xé"',
        INVALID.format("…"),
    ),
    "half a form": (form(file(b"7" * 99))[:99], TYPE, INVALID.format("…")),
    "another boundary": (form(NOTE), f"{TYPE}y", INVALID.format("…")),
    "a long text before the parts": (b"x" * 20_000 + form(NOTE), TYPE, LONG),
    "a long header": (form(part("name=a", b"", "X-Y: " + "z" * 20_000)), TYPE, LONG),
}


@pytest.mark.parametrize(("body", "content_type", "sentence"), REFUSED.values(), ids=REFUSED)
def test_an_invalid_form_is_refused(body: bytes, content_type: str, sentence: str) -> None:
    with refused(400, sentence):
        read(body, content_type)


def test_a_part_may_have_a_header_as_long_as_a_piece() -> None:
    assert MAX_HEADER == 8192
    head = part('name="image"; filename="7"', b"", "X-Y: z")
    padded = head.replace(b"z", b"z" * (MAX_HEADER - len(head) + 1))
    assert read(form(padded.removesuffix(b"\r\n") + b"7\r\n")) == [b"7"]
