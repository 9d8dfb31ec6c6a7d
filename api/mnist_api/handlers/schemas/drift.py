"""The body of GET /drift."""

from typing import Annotated

from msgspec import Meta

from mnist_api.handlers.schemas.common import Body


class Feature(Body):
    """How one feature of the images compares; the numbers are null below 50 images."""

    psi: float | None  # population stability index
    p_value: float | None  # of a two-sample chi-square test
    drifted: bool


class Drift(Body):
    """The newest sampled images beside the validation images of the active version.

    If the version has no drift reference, `available` is false and `detected` null.
    """

    available: bool
    version: str
    since: Annotated[str, Meta(extra_json_schema={"format": "date-time"})] | None
    images: int
    detected: bool | None
    features: dict[str, Feature]
