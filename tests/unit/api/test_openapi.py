"""The OpenAPI description, and the routes that it describes."""

import json
import re
import tomllib

from mnist_api import __version__
from mnist_api.handlers.context import Context
from mnist_api.model.active import ActiveModel
from mnist_api.telemetry.recorder import RequestRecorder
from mnist_api.web.app import create_app
from support.openapi_spec import SPEC
from support.servers.api import API


def test_the_routes_and_the_documented_paths_are_the_same() -> None:
    context = Context(ActiveModel())
    app = create_app(context, RequestRecorder(context.metrics, context.active, access_log=False))
    routes = {
        (re.sub(r"<(\w+:)?(\w+)>", "{}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {
        (re.sub(r"\{\w+\}", "{}", path), method)
        for path, methods in SPEC["paths"].items()
        for method in methods
    }
    assert routes == described


def test_every_reference_resolves() -> None:
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(SPEC)):
        found = SPEC
        for key in reference.split("/"):
            found = found[key]
        assert found


def test_its_version_is_that_of_the_package() -> None:
    project = tomllib.loads((API / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__ == SPEC["info"]["version"]
