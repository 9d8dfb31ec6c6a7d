"""The responses that openapi.json documents."""

import json
import re

from processes import API

SPEC = json.loads((API / "mnist_api" / "web" / "openapi.json").read_text())
_PATHS = {
    re.compile(re.sub(r"\{\w+\}", "[^/]+", path)): methods
    for path, methods in SPEC["paths"].items()
}


def is_documented(method: str, path: str, status: int, content_type: str) -> bool:
    """Return whether the specification has this response for ``path``."""
    for pattern, methods in _PATHS.items():
        if pattern.fullmatch(path.partition("?")[0]):
            response = methods[method]["responses"].get(str(status))
            if response and "$ref" in response:
                response = SPEC["components"]["responses"][response["$ref"].rpartition("/")[2]]
            return bool(response) and content_type.partition(";")[0] in response["content"]
    return False
