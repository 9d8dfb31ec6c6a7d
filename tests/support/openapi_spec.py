"""The responses that openapi.json documents."""

import json
import re

import msgspec

from mnist_api.handlers.routes import ROUTES
from mnist_api.handlers.routes.openapi import describe

SPEC = json.loads(msgspec.json.encode(describe(ROUTES)))
_PATHS = {
    re.compile(re.sub(r"\{\w+\}", "[^/]+", path)): methods
    for path, methods in SPEC["paths"].items()
}


def is_documented(method: str, path: str, status: int, content_type: str) -> bool:
    """Return whether the specification has this response for ``path``."""
    for pattern, methods in _PATHS.items():
        if pattern.fullmatch(path.partition("?")[0]):
            response = methods[method]["responses"].get(str(status))
            return bool(response) and content_type.partition(";")[0] in response["content"]
    return False
