"""What openapi.json promises of an answer."""

import json
import re

from processes import API

SPEC = json.loads((API / "mnist_api" / "web" / "openapi.json").read_text())
_PATHS = {
    re.compile(re.sub(r"\{\w+\}", "[^/]+", path)): methods
    for path, methods in SPEC["paths"].items()
}


def is_described(method: str, path: str, status: int, content_type: str) -> bool:
    """Say whether the description has such an answer of this address."""
    for pattern, methods in _PATHS.items():
        if pattern.fullmatch(path.partition("?")[0]):
            answer = methods[method]["responses"].get(str(status))
            if answer and "$ref" in answer:
                answer = SPEC["components"]["responses"][answer["$ref"].rpartition("/")[2]]
            return bool(answer) and content_type.partition(";")[0] in answer["content"]
    return False
