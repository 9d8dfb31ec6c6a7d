"""Grey pictures from coloured ones, whose ink may be as light as its background."""

import numpy as np
from PIL import Image, ImageFilter

SAMPLE = 100  # pixels of the longer side
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


def to_grey(image: Image.Image) -> Image.Image:
    """Return an RGB ``image`` as L: its luminance, or the colours' axis that shows more detail."""
    if image.mode == "L":
        return image
    sample = image.reduce(max(1, max(image.size) // SAMPLE))
    colours = np.asarray(sample, np.float32)
    if np.ptp(colours, axis=2).max() < 8:  # grey
        return image.convert("L")
    blurred = np.asarray(sample.filter(ImageFilter.BoxBlur(6)), np.float32)
    detail = (colours - blurred).reshape(-1, 3)
    values, axes = np.linalg.eigh(detail.T @ detail / len(detail))
    if (detail @ LUMINANCE).std() > 0.5 * np.sqrt(values[-1]):
        return image.convert("L")
    axis = axes[:, -1] * (1 if axes[:, -1].sum() > 0 else -1) / np.abs(axes[:, -1]).sum()
    return image.convert("L", (*axis.tolist(), -255 * float(np.minimum(axis, 0).sum())))
