"""openapi.json documents all routes and responses, and no others."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.openapi_spec import SPEC
from support.servers.api import Api

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,unsupported_method,"
    "allow_header_conformance"
)


@pytest.fixture(scope="module")
def api(start_apis: Callable[..., Api], linear: Path) -> Api:
    return start_apis(MODEL_FILE=str(linear), WEB_CONCURRENCY="1").wait_ready()


@pytest.mark.slow
def test_schemathesis_finds_no_undocumented_response(api: Api, tmp_path: Path) -> None:
    """It generates valid and invalid requests from the specification."""
    spec = json.loads(json.dumps(SPEC))
    for methods in spec["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] in ("name", "version"):  # other values are 404
                    parameter["schema"] = {"enum": ["mnist-classifier", "file", "another"]}
    (tmp_path / "openapi.json").write_text(json.dumps(spec))
    run = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"), "run", "openapi.json",
            "--url", api.url, "--checks", CHECKS, "--phases", "examples,coverage,fuzzing",
            "--max-examples", "10", "--max-time", "8", "--generation-deterministic",
            "--warnings", "off", "--no-color",
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_pages_load_nothing_from_other_origins(api: Api) -> None:
    """The policy forbids other origins, and the pages link to none."""
    assert api.client.get("/openapi.json").json() == SPEC
    assert api.client.get("/openapi.json").headers["Content-Type"] == "application/json"
    for page, folder in (("/", "page"), ("/docs", "docs")):
        answer = api.client.get(page)
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        named = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
        assert any(name.startswith(folder) for name in named)
        for name in named:
            assert api.client.get(f"/{name}").status_code == 200
        assert not re.search(r"<style|<script(?! type=\"module\" src)| style=| on\w+=", answer.text)


TYPES = {
    "page/page.js": "text/javascript",
    "page/page.css": "text/css",
    "page/icon.svg": "image/svg+xml",
    "docs/docs.js": "text/javascript",
    "docs/docs.css": "text/css",
}


@pytest.mark.parametrize(("path", "media_type"), TYPES.items())
def test_files_have_their_media_types_and_are_revalidated(
    api: Api, path: str, media_type: str
) -> None:
    answer = api.client.get(f"/{path}")
    assert answer.headers["Content-Type"].partition(";")[0] == media_type
    again = api.client.get(f"/{path}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
