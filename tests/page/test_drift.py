"""The page says whether the latest images differ from the validation images."""

from typing import Any

from playwright.sync_api import Browser, Page, expect

from support.servers.fake_api import FakeApi

SHAPE = ("center_x", "center_y", "width", "height", "slant")
NAMES = ("ink", *SHAPE, "confidence", "digit_score", "digit")


def describe(*drifted: str) -> dict[str, Any]:
    """Return a response of /drift for 120 images."""
    numbers = {"psi": 0.1, "bound": 0.25, "p_value": 0.5, "outside": 0.01, "outside_bound": 0.05}
    features = {name: numbers | {"drifted": name in drifted} for name in NAMES}
    found = {"images": 120, "detected": bool(drifted), "features": features}
    return {"available": True, "version": "3", "since": None} | found


def describe_few() -> dict[str, Any]:
    """Return a response of /drift for 49 images."""
    numbers = dict.fromkeys(("psi", "bound", "p_value", "outside", "outside_bound"))
    unknown = {name: numbers | {"drifted": False} for name in NAMES}
    return describe() | {"images": 49, "detected": None, "features": unknown}


def test_the_line_follows_what_the_server_finds(fake_api: FakeApi, page: Page) -> None:
    line = page.locator("#drift")
    expect(line).to_be_hidden()
    fake_api.drift = describe()
    expect(line).to_have_text("No drift in the last 120 images")
    fake_api.drift = describe("ink", "digit_score")
    expect(line).to_have_text(
        "Drift: the last 120 images differ from the validation images: ink, likeness to digits",
    )
    fake_api.drift = describe_few()  # of another version
    expect(line).to_have_text("Drift: not enough images yet")
    expect(line).not_to_have_class("drifted")


def test_the_line_is_in_french(fake_api: FakeApi, chromium: Browser) -> None:
    fake_api.drift = describe(*NAMES)
    page = chromium.new_context(locale="fr").new_page()
    page.goto(fake_api.address)
    expect(page.locator("#drift")).to_have_text(
        "Dérive : les 120 dernières images diffèrent des images de validation : encre, position "
        "horizontale, position verticale, largeur, hauteur, inclinaison, confiance du réseau, "
        "ressemblance à des chiffres, proportions des chiffres"
    )
    page.context.close()
