"""Every kind of picture that users send is read; what holds no digit, or several, is refused."""

import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnist_api.imaging.picture import read_digits, read_picture
from mnist_api.imaging.picture_file import PictureError
from support.pictures.drawn import DIGITS, packed
from support.pictures.kinds import DRAWN, EMPTY, line_of

COUNT = 6  # pictures of a kind
LIKENESS = {  # the least correlation of most of them with the MNIST images that they were made from
    "8 x 8": 0.6,
    "16 x 16": 0.75,
    "8 x 8, enlarged": 0.6,
}
USUAL = 0.8
ZIGZAGS = [[(100 + 60 * i % 200, 100 + 200 * (i % 2)) for i in range(9)],
           [(100 + 200 * (i % 2), 100 + 30 * i) for i in range(7)]]  # fmt: skip


def random_for(kind: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(kind.encode()))


def compare(seen: np.ndarray, digit: np.ndarray) -> float:
    """Return the correlation, but for a shift by a pixel."""
    moved = [np.roll(seen.reshape(28, 28), (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return max(np.corrcoef(one.ravel(), digit.ravel())[0, 1] for one in moved)


@pytest.mark.parametrize("kind", DRAWN)
def test_a_picture_of_every_kind_becomes_the_mnist_image(kind: str):
    random = random_for(kind)
    likeness = []
    for number in random.choice(len(DIGITS), COUNT, replace=False):
        try:
            seen = read_picture(DRAWN[kind](DIGITS[number], random))
            likeness.append(compare(seen, DIGITS[number]))
        except PictureError:
            likeness.append(0)
    assert sorted(likeness)[1] > LIKENESS.get(kind, USUAL), likeness  # one may be unlucky


@pytest.mark.parametrize("kind", EMPTY)
def test_empty_paper_is_refused(kind: str):
    random = random_for(kind)
    refused = 0
    for _ in range(COUNT):
        try:
            read_picture(EMPTY[kind](random))
        except PictureError as error:
            refused += "send one digit" in str(error)
    assert refused >= COUNT - 1


def test_two_digits_are_refused_with_what_to_do():
    random = random_for("two")
    for _ in range(COUNT):
        picture = line_of([*DIGITS[random.choice(len(DIGITS), 2)]], random)
        with pytest.raises(
            PictureError, match=r"^Two digits side by side: send one, or add \?all=true\.$"
        ):
            read_picture(picture)


def test_digits_above_one_another_are_two():
    page = np.full((700, 400), 255)
    for top, digit in ((30, DIGITS[0]), (360, DIGITS[1])):
        page[top : top + 300, 50:350] = np.kron(255 - digit, np.ones((11, 11)))[:300, :300]
    with pytest.raises(PictureError, match=r"^Two digits are in the picture: send one"):
        read_picture(packed(page))


@pytest.mark.parametrize("count", [1, 3, 6])
def test_the_digits_of_a_line_are_read_from_left_to_right(count: int):
    random = random_for("line")
    digits = DIGITS[random.choice(len(DIGITS), count)]
    found = read_digits(line_of([*digits], random))
    likeness = [compare(one.image, digit) for one, digit in zip(found, digits, strict=True)]
    assert min(likeness) > USUAL
    boxes = [one.box for one in found]
    assert boxes == sorted(boxes)


def test_boxes_are_in_pixels_of_the_picture_whatever_its_size():
    page = np.full((1200, 1800), 255)
    page[200:400, 300:340] = page[200:400, 800:840] = page[700:1000, 1200:1260] = 0
    places = [(300, 200, 40, 200), (800, 200, 40, 200), (1200, 700, 60, 300)]
    for step in (1, 2, 4):
        found = read_digits(packed(page[::step, ::step]))
        for digit, place in zip(found, places, strict=True):
            np.testing.assert_allclose(np.array(digit.box) * step, place, atol=8)


def test_a_turned_picture_has_boxes_as_it_is_seen():
    exif = Image.Exif()
    exif[0x0112] = 6
    page = np.full((600, 900), 255)
    page[100:300, 200:240] = 0
    (digit,) = read_digits(packed(np.rot90(page), "JPEG", exif=exif))
    np.testing.assert_allclose(digit.box, (200, 100, 40, 200), atol=5)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (lambda pen: pen.ellipse((200, 200, 216, 216), 0), "dot"),
        (lambda pen: pen.ellipse((100, 100, 300, 300), 0), "filled shape"),
        (lambda pen: pen.line((50, 200, 350, 200), 0, 12), "line"),
        (lambda pen: pen.rectangle((80, 80, 320, 320), None, 0, 12), "square"),
        (
            lambda pen: pen.polygon([(90, 90), (300, 120), (330, 290), (120, 310)], 0),
            "filled shape",
        ),
        (lambda pen: [pen.line(zigzag, 0, 4) for zigzag in ZIGZAGS], "scribble"),
    ],
)
def test_what_can_not_be_a_digit_is_refused_with_what_was_seen(
    shape: Callable[[ImageDraw.ImageDraw], object], words: str
):
    canvas = Image.new("L", (400, 400), 255)
    shape(ImageDraw.Draw(canvas))
    with pytest.raises(PictureError, match=words):
        read_picture(packed(np.asarray(canvas)))
