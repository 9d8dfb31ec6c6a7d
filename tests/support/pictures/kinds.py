"""Kinds of pictures that users send, drawn from MNIST's test digits and a random generator."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from support.pictures.drawn import packed
from support.pictures.scenes import Random, as_photo, light, paper, placed, scaled


def photo(digit: np.ndarray, random: Random, share: float = 0.35, side: int = 800) -> bytes:
    shape = (side, side * 3 // 4)
    page = placed(scaled(digit, int(share * side)), shape, random)
    return as_photo(paper(page, random) * light(shape, random)[..., None], random)


def small_on_phone(digit: np.ndarray, random: Random) -> bytes:
    return photo(digit, random, random.uniform(0.05, 0.1), 2400)


def ruled(digit: np.ndarray | None, random: Random, squares: bool) -> bytes:
    """On ruled or squared paper, a little turned, with a red margin."""
    shape = (900, 700)
    lines = Image.new("L", (1000, 1100))
    pen, step = ImageDraw.Draw(lines), int(random.integers(28, 60))
    for place in range(0, 1100, step):
        pen.line((0, place, 1000, place), 255, 2)
        if squares:
            pen.line((place, 0, place, 1100), 255, 2)
    turned = np.asarray(lines.rotate(random.uniform(-2, 2), Image.Resampling.BICUBIC)) / 255
    rules = turned[100:1000, 150:850, None] * random.uniform(0.15, 0.35)
    page = np.zeros(shape)
    if digit is not None:
        page = placed(scaled(digit, int(random.integers(200, 420))), shape, random)
    sheet = paper(np.zeros(shape), random)
    sheet = sheet + (np.array([110, 130, 200]) - sheet) * rules
    scene = sheet + (np.array([45, 45, 70]) - sheet) * page[..., None]
    return as_photo(scene * light(shape, random)[..., None], random)


def shadowed(digit: np.ndarray | None, random: Random) -> bytes:
    shape = (900, 700)
    y, x = np.mgrid[: shape[0], : shape[1]]
    angle = random.uniform(0, 2 * np.pi)
    distance = (x - random.uniform(250, 450)) * np.cos(angle) + (y - 450) * np.sin(angle)
    shade = 1 - random.uniform(0.3, 0.5) / (1 + np.exp(-distance / random.uniform(4, 15)))
    page = np.zeros(shape)
    if digit is not None:
        page = placed(scaled(digit, int(random.integers(200, 400))), shape, random)
    return as_photo(paper(page, random) * (shade * light(shape, random))[..., None], random)


def on_table(digit: np.ndarray | None, random: Random) -> bytes:
    """A sheet, a little turned, on a table with a grain."""
    shape = (900, 700)
    grain = random.normal(0, 1, (24, 20))
    grain = np.asarray(Image.fromarray(np.float32(grain)).resize((700, 900), 3))
    table = np.array(random.choice([[110, 70, 40], [60, 60, 65], [150, 110, 70]]))
    table = table * (1 + 0.2 * grain[..., None])
    page = np.zeros(shape)
    if digit is not None:
        page[200:700, 150:550] = placed(
            scaled(digit, int(random.integers(200, 330))), (500, 400), random
        )
    mask = Image.new("L", (700, 900))
    corners = [(90, 100), (600, 90), (620, 810), (80, 800)]
    ImageDraw.Draw(mask).polygon([tuple(random.normal(c, 15)) for c in corners], 255)
    sheet = np.asarray(mask)[..., None] / 255
    scene = table + (paper(page, random) - table) * sheet
    return as_photo(scene * light(shape, random)[..., None], random)


def framed(digit: np.ndarray, random: Random) -> bytes:
    side, margin = 320, int(random.integers(12, 45))
    canvas = Image.fromarray(
        np.uint8(
            255
            * np.pad(placed(scaled(digit, int(random.integers(110, 170))), (210, 210), random), 55)
        )
    )
    box = (margin, margin, side - margin - 1, side - margin - 1)
    ImageDraw.Draw(canvas).rectangle(box, outline=255, width=int(random.integers(1, 7)))
    ink = np.asarray(canvas) / 255
    return packed(255 - random.uniform(120, 255) * ink)


def plotted(digit: np.ndarray, random: Random) -> bytes:
    """As matplotlib's imshow: blocks of pixels, axes with ticks and their labels."""
    side = 280
    image = Image.fromarray(digit).resize((side, side), Image.Resampling.NEAREST)
    dark, bright = [((0, 0, 0), (255, 255, 255)), ((255, 255, 255), (0, 0, 0)),
                    ((68, 1, 84), (253, 231, 37))][random.integers(3)]  # fmt: skip
    ink = np.asarray(image)[..., None] / 255
    figure = Image.new("RGB", (400, 380), "white")
    figure.paste(Image.fromarray(np.uint8(dark + (np.subtract(bright, dark)) * ink)), (70, 50))
    pen = ImageDraw.Draw(figure)
    pen.rectangle((69, 49, 70 + side, 50 + side), outline="black")
    for tick in range(0, 28, 5):
        place = 75 + tick * 10
        pen.line((place, 331, place, 335), "black")
        pen.text((place - 5, 338), str(tick), "black")
        pen.line((64, place - 20, 68, place - 20), "black")
        pen.text((46, place - 26), str(tick), "black")
    pen.text((170, 30), "label", "black")
    return packed(figure)


def tiny(digit: np.ndarray, random: Random, side: int) -> bytes:
    """Reduced to ``side`` pixels, as scikit-learn's are; the digit fills the height."""
    box = scaled(digit, 160, sharp=False)
    page = np.zeros((160, 160))
    left = (160 - box.shape[1]) // 2
    page[: box.shape[0], left : left + box.shape[1]] = box[:160]
    small = Image.fromarray(np.uint8(255 * page.clip(0, 1))).resize((side, side), 4)
    grey = np.asarray(small, np.float64)
    return packed(grey if random.random() < 0.5 else 255 - grey)


def tiny_enlarged(digit: np.ndarray, random: Random) -> bytes:
    small = np.asarray(Image.open(_file(tiny(digit, random, 8))))
    method = random.choice([0, 2, 3])
    return packed(np.asarray(Image.fromarray(small).resize((160, 160), Image.Resampling(method))))


def cropped(digit: np.ndarray, random: Random) -> bytes:
    ink = scaled(digit, int(random.integers(60, 400)))
    return packed(255 - 255 * ink if random.random() < 0.5 else 255 * ink)


def coloured(digit: np.ndarray, random: Random) -> bytes:
    """Ink and background of about the same grey."""
    ink, ground = [([220, 60, 60], [60, 140, 60]), ([40, 90, 230], [150, 90, 20]),
                   ([230, 120, 20], [60, 150, 220])][random.integers(3)]  # fmt: skip
    page = placed(scaled(digit, 200), (320, 320), random)[..., None]
    return packed(ground + np.subtract(ink, ground) * page)


def transparent(digit: np.ndarray, random: Random) -> bytes:
    page = placed(scaled(digit, 200), (300, 300), random)[..., None]
    colour = np.broadcast_to(random.choice([0, 60, 127, 200, 255], 3), (300, 300, 3))
    return packed(np.dstack([colour, 255 * page]))


def line_of(digits: list[np.ndarray], random: Random) -> bytes:
    """Digits beside one another, not touching."""
    height = int(random.integers(90, 160))
    gap = np.zeros((height, int(height * random.uniform(0.25, 0.6))))
    parts = [gap]
    for digit in digits:
        ink = scaled(digit, int(height * random.uniform(0.85, 1)))
        parts += [np.pad(ink, ((0, height - len(ink)), (0, 0))), gap]
    return packed(255 - 230 * np.pad(np.hstack(parts), 40))


def _file(content: bytes) -> object:
    import io

    return io.BytesIO(content)


DRAWN: dict[str, Callable[[np.ndarray, Random], bytes]] = {
    "photo": photo,
    "small on a phone's": small_on_phone,
    "ruled paper": lambda digit, random: ruled(digit, random, False),
    "squared paper": lambda digit, random: ruled(digit, random, True),
    "shadow": shadowed,
    "sheet on a table": on_table,
    "frame": framed,
    "matplotlib": plotted,
    "8 x 8": lambda digit, random: tiny(digit, random, 8),
    "16 x 16": lambda digit, random: tiny(digit, random, 16),
    "28 x 28": lambda digit, random: tiny(digit, random, 28),
    "8 x 8, enlarged": tiny_enlarged,
    "crop": cropped,
    "colours of one grey": coloured,
    "transparent": transparent,
}
EMPTY: dict[str, Callable[[Random], bytes]] = {
    "blank": lambda random: as_photo(
        paper(np.zeros((900, 700)), random) * light((900, 700), random)[..., None], random
    ),
    "ruled": lambda random: ruled(None, random, False),
    "squared": lambda random: ruled(None, random, True),
    "shadow": lambda random: shadowed(None, random),
    "table": lambda random: on_table(None, random),
}
