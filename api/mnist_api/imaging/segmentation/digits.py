"""The digits in a picture, without frames, rules, shadows and specks."""

import numpy as np
from PIL import Image

from mnist_api.imaging.segmentation.background import WHOLE, crop
from mnist_api.imaging.segmentation.blocks import TINY, has_blocks
from mnist_api.imaging.segmentation.components import Labels, Window, find_groups, label
from mnist_api.imaging.segmentation.contrast import Contrast, find_contrast
from mnist_api.imaging.segmentation.region import Region, cut, find_part, nest
from mnist_api.imaging.segmentation.rules import find_frame, find_panel, find_rules
from mnist_api.imaging.segmentation.shapes import check_shape, is_stroke
from mnist_api.imaging.steps import Step

SIDE = 400  # pixels of the longer side of the picture in which digits are looked for
FLAT = 0.2  # of a drawing's pixels have the background's tone, at least
PANEL_FLAT = 0.1  # of a plot's, which a digit may fill
MOST_PANELS = 2  # one in the other, such as a plot in a window
FAINT = 0.5  # of the least contrast of ink: where rules begin, in a photograph
MARGIN, SURROUNDINGS = 2, 20  # pixels around a digit: with soft ink, and of paper


def find_digits(
    image: Image.Image,
    is_one: bool = False,
    flat: float = FLAT,
    steps: list[Step] | None = None,
    panels: int = MOST_PANELS,
) -> list[Region]:
    """Return the digits in a grey ``image``, in the order in which one reads.

    ``is_one`` says that all ink is one digit's; ``flat`` is as in find_background. ``steps`` gets
    the contrast. At most ``panels`` are one in the other. Raises ShapeError for what can't be
    digits.
    """
    width, height = (max(1, round(SIDE * side / max(image.size))) for side in image.size)
    work = Image.fromarray(crop(image, WHOLE, (width, height)))
    contrast = find_contrast(work, flat)
    if steps is not None:
        steps.append(Step("contrast", Image.fromarray(255 - contrast.levels.astype(np.uint8))))
    mask = contrast.levels > contrast.least
    labels = label(mask)
    if not labels.any():
        return []
    if is_one:
        return [cut(image, contrast.background, mask, np.s_[0:height, 0:width])]
    if panels and (found := _find_in_panel(image, contrast, labels, panels - 1)):
        return found
    if has_blocks(image):
        return find_digits(image, is_one=True, flat=0)
    labels = _leave_out_lines(contrast, labels)
    grey = contrast.background.sign * np.asarray(work, np.float32)
    regions = []
    for strokes, box in find_groups(labels, contrast.levels, contrast.is_flat):
        around = _widen(box, SURROUNDINGS)
        if contrast.is_flat or is_stroke(strokes[around], contrast.levels[around], grey[around]):
            check_shape(strokes[box])
            regions.append(cut(image, contrast.background, strokes, _widen(box, MARGIN)))
    return regions


def _find_in_panel(
    image: Image.Image, contrast: Contrast, labels: Labels, panels: int
) -> list[Region]:
    """Return the digits in a panel of another tone, none if there is none."""
    if not contrast.is_flat or max(image.size) <= TINY:
        return []
    panel = find_panel(labels)
    if panel is None:
        return []
    part = find_part(panel, labels.shape)
    left, top, right, bottom = (round(edge * image.size[i % 2]) for i, edge in enumerate(part))
    found = find_digits(image.crop((left, top, right, bottom)), flat=PANEL_FLAT, panels=panels)
    return [Region(ink, nest(inner, part)) for ink, inner in found]


def _leave_out_lines(contrast: Contrast, labels: Labels) -> Labels:
    """Return ``labels`` without rules, frames and what is around a frame."""
    mask = labels > 0
    frame = find_frame(labels)
    if frame:
        mask = np.zeros_like(mask)
        mask[frame] = labels[frame] > 0
    else:
        faint = 1 if contrast.is_flat else FAINT
        rules = find_rules(contrast.levels > contrast.least * faint)
        if not rules.any():
            return labels
        mask &= ~rules
        if not contrast.is_flat:  # what is left of fainter rules
            mask &= contrast.levels > np.percentile(contrast.levels[rules], 90)
    return label(mask)


def _widen(box: Window, margin: int) -> Window:
    rows, columns = (slice(max(0, side.start - margin), side.stop + margin) for side in box)
    return rows, columns
