"""MLflow's pages in Debian's Chromium, by another host name than localhost."""

import os
import shutil
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Page, Response, expect, sync_playwright

from support.servers.tracking import TrackingServer

SLOW = 30_000  # milliseconds; on a busy machine the first page takes long
NAME = "mnist.example"
EXPECTED = {
    "/ajax-api/2.0/mlflow/users/current",  # with basic-auth only
    "/ajax-api/3.0/mlflow/assistant/config",
    "/ajax-api/3.0/mlflow/assistant/providers",
    "/ajax-api/3.0/mlflow/datasets/search",  # of the page of traces, to evaluate them with a model
}


class Shown(NamedTuple):
    """The experiment and the run on the pages."""

    experiment: str
    run: str


@pytest.fixture(scope="module")
def shown(named_server: TrackingServer) -> Shown:
    client = MlflowClient(named_server.url, named_server.url)
    experiment = client.create_experiment("digits")
    run = client.create_run(experiment, run_name="before").info.run_id
    client.log_metric(run, "val_accuracy", 0.5)
    client.log_text(run, "noted", "note.txt")
    client.set_terminated(run)
    client.create_registered_model("shown-model")
    return Shown(experiment, run)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page in a Chromium that resolves NAME to this machine."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not program:
        missing = "Chromium is needed: apt-get install chromium, or name it in CHROMIUM."
        (pytest.fail if "CI" in os.environ else pytest.skip)(missing)
    network = (f"--host-resolver-rules=MAP {NAME} 127.0.0.1", "--no-proxy-server")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage", *network]
        )
        yield browser.new_page()
        browser.close()


def test_by_a_name_in_the_setting_a_run_is_renamed_on_its_page(
    named_server: TrackingServer, shown: Shown, page: Page
):
    page.goto(
        f"http://{NAME}:{named_server.port}/#/experiments/{shown.experiment}/runs/{shown.run}"
    )
    page.get_by_test_id("overflow-menu-trigger").click(timeout=SLOW)
    page.get_by_test_id("overflow-rename-button").click()
    page.get_by_test_id("rename-modal-input").fill("after")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_test_id("runs-header")).to_have_text("after", timeout=SLOW)
    client = MlflowClient(named_server.url, named_server.url)
    assert client.get_run(shown.run).info.run_name == "after"


def test_by_a_name_that_is_not_in_the_setting_the_page_is_403(server: TrackingServer, page: Page):
    answer = page.goto(f"http://{NAME}:{server.port}/")
    assert answer is not None
    assert answer.status == 403
    expect(page.locator("body")).to_contain_text("Invalid Host header")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("", "digits"),
        ("experiments", "digits"),
        ("experiments/{experiment}/runs", "1 matching run"),
        ("experiments/{experiment}/runs/{run}/model-metrics", "val_accuracy"),
        ("experiments/{experiment}/runs/{run}/artifacts", "note.txt"),
        ("experiments/{experiment}/traces", "Traces"),
        ("models", "shown-model"),
        ("models/shown-model", "shown-model"),
    ],
)
def test_pages_request_no_closed_path_but_the_assistants(
    named_server: TrackingServer, shown: Shown, page: Page, path: str, text: str
):
    not_found: set[str] = set()

    def note(response: Response) -> None:
        if response.status == 404:
            not_found.add(urlsplit(response.url).path)

    page.goto("about:blank")
    page.on("response", note)
    page.goto(f"http://{NAME}:{named_server.port}/#/{path.format(**shown._asdict())}")
    expect(page.get_by_text(text).first).to_be_visible(timeout=SLOW)
    page.wait_for_timeout(1000)
    page.remove_listener("response", note)
    assert not_found <= EXPECTED
