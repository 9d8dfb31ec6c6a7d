"""Paper, light and a camera, for drawn pictures."""

import numpy as np
from PIL import Image, ImageFilter

from support.pictures.drawn import packed

Random = np.random.Generator
Ink = np.ndarray  # 0 to 1


def scaled(digit: np.ndarray, side: int, sharp: bool = True) -> Ink:
    """Return the ink in its box, its longer side ``side`` pixels."""
    rows, columns = np.flatnonzero(digit.max(1)), np.flatnonzero(digit.max(0))
    box = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = [max(1, round(length * side / max(box.shape))) for length in box.shape[::-1]]
    ink = np.asarray(Image.fromarray(box).resize(size, Image.Resampling.BICUBIC)) / 255.0
    return np.clip((ink - 0.5) * max(1, side / 40) + 0.5, 0, 1) if sharp else ink


def placed(ink: Ink, shape: tuple[int, int], random: Random) -> Ink:
    """Return a page with ``ink`` somewhere, not near its border."""
    page = np.zeros(shape)
    margins = [(length - part) // 8 for length, part in zip(shape, ink.shape, strict=True)]
    top, left = (
        int(random.integers(margin, length - part - margin + 1))
        for margin, length, part in zip(margins, shape, ink.shape, strict=True)
    )
    page[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return page


def light(shape: tuple[int, int], random: Random, vignette: float = 0.3) -> np.ndarray:
    """Return the light on a page: from one side, and darker corners."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    angle = random.uniform(0, 2 * np.pi)
    slope = random.uniform(0, 0.15) * (x * np.cos(angle) + y * np.sin(angle))
    return (1 - vignette * random.uniform(0.5, 1) * (x**2 + y**2) / 2) * (1 + slope)


def as_photo(scene: np.ndarray, random: Random, blur: float = 1.2, noise: float = 3) -> bytes:
    """Return a JPEG of ``scene``, [h, w, 3], 0 to 255."""
    soft = Image.fromarray(np.uint8(scene.clip(0, 255))).filter(ImageFilter.GaussianBlur(blur))
    return packed(soft + random.normal(0, noise, scene.shape), "JPEG", quality=80)


def paper(page: Ink, random: Random, dark: float = 60) -> np.ndarray:
    """Return [h, w, 3]: ``page`` written on paper of some colour."""
    colour = random.uniform(190, 235) + random.uniform(-12, 12, 3)
    ink = np.array([dark, dark, dark + random.choice([0, 60])])
    return colour + (ink - colour) * page[..., None]
