"""Digits as they arrive when something between the pen and the API has changed."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

Digits = np.ndarray  # float32 [n, 28, 28], 0 to 1


def _rotated(degrees: float) -> Callable[[Digits], Digits]:
    return lambda digits: ndimage.rotate(digits, degrees, axes=(1, 2), reshape=False, order=1)


def _moved(down: float, right: float) -> Callable[[Digits], Digits]:
    return lambda digits: ndimage.shift(digits, (0, down, right), order=1)


def _noisy(deviation: float) -> Callable[[Digits], Digits]:
    noise = np.random.default_rng(0)
    return lambda digits: digits + noise.normal(0, deviation, digits.shape)


def _peppered(share: float) -> Callable[[Digits], Digits]:
    random = np.random.default_rng(0)
    return lambda digits: np.where(random.random(digits.shape) < share, 1 - digits, digits)


def _scaled(height: float, width: float) -> Callable[[Digits], Digits]:
    scale = np.array([1, 1 / height, 1 / width])
    offset = 13.5 * (1 - scale)
    return lambda digits: ndimage.affine_transform(digits, scale, offset=offset, order=1)


def _sheared(degrees: float) -> Callable[[Digits], Digits]:
    """Move the lower rows to the right, and the upper ones to the left."""
    by_row = np.eye(3)
    by_row[2, 1] = -np.tan(np.deg2rad(degrees))
    offset = np.array([0, 0, -13.5 * by_row[2, 1]])
    return lambda digits: ndimage.affine_transform(digits, by_row, offset=offset, order=1)


DRIFTS: dict[str, Callable[[Digits], Digits]] = {
    "inverted": lambda digits: 1 - digits,
    "rotated by 90°": _rotated(90),
    "rotated by 30°": _rotated(30),
    "rotated by -30°": _rotated(-30),
    "upside down": lambda digits: digits[:, ::-1],
    "mirrored": lambda digits: digits[:, :, ::-1],
    "noisy": _noisy(0.2),
    "peppered": _peppered(0.05),
    "moved right": _moved(0, 3),
    "moved up": _moved(-2, 0),
    "blurred": lambda digits: ndimage.gaussian_filter(digits, (0, 1.2, 1.2)),
    "faint": lambda digits: digits / 2,
    "on grey": lambda digits: 0.2 + 0.8 * digits,
    "thick": lambda digits: ndimage.grey_dilation(digits, (1, 2, 2)),
    "thin": lambda digits: ndimage.grey_erosion(digits, (1, 2, 2)),
    "small": _scaled(0.7, 0.7),
    "high": _scaled(1.3, 1),
    "cut off": lambda digits: digits * (np.arange(28) < 18)[:, np.newaxis],
}

SMALL: dict[str, Callable[[Digits], Digits]] = {
    "rotated by 15°": _rotated(15),
    "rotated by -15°": _rotated(-15),
    "sheared by 25°": _sheared(25),
    "wide": _scaled(1, 1.3),
}


def drift(images: np.ndarray, kind: str) -> np.ndarray:
    """Return uint8 ``images`` [n, 784] as float32 [n, 784], 0 to 1, changed in one way."""
    digits = images.reshape(-1, 28, 28).astype(np.float32) / 255
    return np.clip((DRIFTS | SMALL)[kind](digits), 0, 1).reshape(-1, 784).astype(np.float32)
