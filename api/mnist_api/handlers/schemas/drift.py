"""The body of GET /drift."""

from typing import Annotated

from msgspec import Meta

from mnist_api.handlers.schemas.common import Body


class Feature(Body):
    """How one feature of the images compares; the numbers are null below 50 images that have it.

    `outside` and its bound are null as well if the reference has no range of the feature.
    """

    psi: float | None  # population stability index
    bound: float | None  # of psi
    p_value: float | None  # of a two-sample chi-square test
    outside: float | None  # share outside the range of nearly all validation images
    outside_bound: float | None
    drifted: bool


class Drift(Body):
    """The newest sampled images beside the validation images of the active version.

    `detected` is null for fewer than 50 images, and without a drift reference, when `available` is
    false.
    """

    available: bool
    version: str
    since: Annotated[str, Meta(extra_json_schema={"format": "date-time"})] | None
    images: int
    detected: bool | None
    features: dict[str, Feature]
