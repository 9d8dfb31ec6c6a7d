"""Digits as they arrive when something between the pen and the API has changed."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

Digits = np.ndarray  # float32 [n, 28, 28], 0 to 1
Change = Callable[[Digits], Digits]


def _rotated(degrees: float) -> Change:
    return lambda digits: ndimage.rotate(digits, degrees, axes=(1, 2), reshape=False, order=1)


def _moved(down: float, right: float) -> Change:
    return lambda digits: ndimage.shift(digits, (0, down, right), order=1)


def _noisy(deviation: float) -> Change:
    noise = np.random.default_rng(0)
    return lambda digits: digits + noise.normal(0, deviation, digits.shape)


def _peppered(share: float) -> Change:
    random = np.random.default_rng(0)
    return lambda digits: np.where(random.random(digits.shape) < share, 1 - digits, digits)


def _blurred(deviation: float) -> Change:
    return lambda digits: ndimage.gaussian_filter(digits, (0, deviation, deviation))


def _scaled(height: float, width: float) -> Change:
    scale = np.array([1, 1 / height, 1 / width])
    offset = 13.5 * (1 - scale)
    return lambda digits: ndimage.affine_transform(digits, scale, offset=offset, order=1)


def _sheared(degrees: float) -> Change:
    """Move the lower rows to the right, and the upper ones to the left."""
    by_row = np.eye(3)
    by_row[2, 1] = -np.tan(np.deg2rad(degrees))
    offset = np.array([0, 0, -13.5 * by_row[2, 1]])
    return lambda digits: ndimage.affine_transform(digits, by_row, offset=offset, order=1)


def _varied(change: Callable[[float], Change], low: float, high: float) -> Change:
    """Change each digit by an amount of its own, so that on average they change little."""
    random = np.random.default_rng(0)

    def apply(digits: Digits) -> Digits:
        amounts = random.uniform(low, high, len(digits))
        return np.concatenate(
            [change(amount)(digit[None]) for amount, digit in zip(amounts, digits, strict=True)]
        )

    return apply


def _one_in(count: int, change: Change) -> Change:
    """Change every ``count``-th digit: one of as many clients is broken."""
    return lambda digits: np.where(
        np.arange(len(digits))[:, None, None] % count == count - 1, change(digits), digits
    )


def _half(change: Change) -> Change:
    return _one_in(2, change)


DRIFTS: dict[str, Change] = {
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
    "blurred": _blurred(1.2),
    "faint": lambda digits: digits / 2,
    "on grey": lambda digits: 0.2 + 0.8 * digits,
    "thick": lambda digits: ndimage.grey_dilation(digits, (1, 2, 2)),
    "thin": lambda digits: ndimage.grey_erosion(digits, (1, 2, 2)),
    "small": _scaled(0.7, 0.7),
    "high": _scaled(1.3, 1),
    "cut off": lambda digits: digits * (np.arange(28) < 18)[:, np.newaxis],
    "rotated by up to 45°": _varied(_rotated, -45, 45),
    "sheared by up to 30°": _varied(_sheared, -30, 30),
    "half inverted": _half(lambda digits: 1 - digits),
    "half rotated by 30°": _half(_rotated(30)),
    "half high": _half(_scaled(1.3, 1)),
}

SMALL: dict[str, Change] = {
    "rotated by 15°": _rotated(15),
    "rotated by -15°": _rotated(-15),
    "sheared by 25°": _sheared(25),
    "wide": _scaled(1, 1.3),
    "rotated by up to 25°": _varied(_rotated, -25, 25),
    "rotated by up to 15°": _varied(_rotated, -15, 15),
    "sheared by up to 20°": _varied(_sheared, -20, 20),
    "of all sizes": _varied(lambda scale: _scaled(scale, scale), 0.75, 1.3),
    "half blurred": _half(_blurred(1.2)),
    "half wide": _half(_scaled(1, 1.3)),
    "half rotated by 15°": _half(_rotated(15)),
}

SLIGHT: dict[str, Change] = {
    "half faint": _half(lambda digits: digits / 2),
    "a little faint": lambda digits: digits * 0.8,
    "one in thirty inverted": _one_in(30, lambda digits: 1 - digits),
}


def drift(images: np.ndarray, kind: str) -> np.ndarray:
    """Return uint8 ``images`` [n, 784] as float32 [n, 784], 0 to 1, changed in one way."""
    digits = images.reshape(-1, 28, 28).astype(np.float32) / 255
    return (
        np.clip((DRIFTS | SMALL | SLIGHT)[kind](digits), 0, 1).reshape(-1, 784).astype(np.float32)
    )
