"""openapi.json, generated from the table of routes."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from mnist_api import __version__
from mnist_api.handlers.route import Content, Parameter, Route

Json = dict[str, Any]

DESCRIPTION = (
    "Serves the active version of the registered digit classifier. The probabilities of an image "
    "are the same in every protocol and format. A body may be compressed with gzip or deflate; the "
    "setting MAX_CONTENT_LENGTH limits its decompressed size, and that alone limits the number of "
    "images that are numbers. A path may end with a slash, except those of pages. The response "
    "header X-Request-ID holds the id of the request. If the Host header is none of localhost, "
    "api, an IP address and the names in the setting API_ALLOWED_HOSTS, the response is 403. If "
    "too many connections are open, the response is 503, whatever the path. Pages of the origins "
    "in the setting CORS_ORIGINS may call every route from a browser: preflight requests are "
    "answered, and every response, also an error, has the headers of CORS. If the setting "
    "API_TOKEN_FILE names a token, every route but /health and the pages needs it."
)
TAGS = {
    "Digits": "The API's own protocol.",
    "State": "The active model, health and metrics.",
    "Open Inference Protocol": "Version 2, as in KServe and Triton: their clients work unmodified.",
    "MLflow scoring": "Compatible with `mlflow models serve`.",
    "Pages": "Pages for a browser.",
}
VARIABLES = {
    "name": ("The registered model's name.", "mnist-classifier"),
    "version": ("The active version, as in GET /model.", "1"),
    "file": ("A file of the page.", "index.html"),
}
ERRORS = {
    400: "The body is not valid for its content type, or the request is malformed.",
    401: "The API has a token, and the request has none or another one.",
    404: "It does not exist, or is not the active one.",
    408: "The body did not arrive in time, or arrived too slowly while other bodies were waiting.",
    413: "The body is larger than the setting MAX_CONTENT_LENGTH, or a form or a list has "
    "more pictures than the setting MAX_FORM_FILES.",
    415: "The content type or the content encoding is not supported.",
    422: "The body is well-formed, but it is not an image of a digit: wrong shape, values out of "
    "range, or a picture without a digit.",
    500: "An unexpected error; the server has logged it.",
    503: "No model is active (if the desired version was refused, the message says why), or too "
    "many large requests are in progress.",
}
RETRY_AFTER = {
    "headers": {
        "Retry-After": {
            "description": "Seconds to wait before another attempt.",
            "schema": {"type": "integer"},
        }
    }
}
PLAIN: dict[object, Json] = {
    bytes: {"type": "string", "format": "binary"},
    str: {"type": "string"},
    dict: {"type": "object"},
}


def describe(routes: Iterable[Route]) -> Json:
    """Return the OpenAPI document of ``routes``."""
    routes = list(routes)
    types = sorted({one for route in routes for one in _types(route)}, key=lambda one: one.__name__)
    schemas, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    references = dict(zip(types, schemas, strict=True)) | PLAIN
    paths: dict[str, Json] = {}
    for route in routes:
        path = re.sub(r"<(\w+)>", r"{\1}", route.template)
        operation = _describe_operation(route, references)
        paths.setdefault(path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "MNIST API",
            "version": __version__,
            "summary": "Classifies handwritten digits.",
            "description": DESCRIPTION,
        },
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _alternatives(schema: Any) -> tuple[Any, ...]:
    return schema if isinstance(schema, tuple) else (schema,)


def _types(route: Route) -> Iterator[type]:
    """Yield the types that ``route`` sends or accepts, and that msgspec is to describe."""
    operation = route.operation
    contents = [content for _, content in operation.responses.values()]
    for content in (operation.accepts, route.error_content, *contents):
        for schema in content.values():
            yield from (one for one in _alternatives(schema) if one not in PLAIN)


def _describe_operation(route: Route, references: dict[object, Json]) -> Json:
    operation = route.operation

    def describe_content(content: Content) -> Json:
        described = {}
        for media_type, schema in content.items():
            options = [references[one] for one in _alternatives(schema)]
            described[media_type] = {
                "schema": options[0] if len(options) == 1 else {"anyOf": options}
            }
        return described

    described: Json = {
        "tags": [operation.tag],
        "operationId": operation.id,
        "summary": operation.summary,
    }
    if operation.description:
        described["description"] = operation.description
    parameters = [*_path_parameters(route.template), *map(_parameter, operation.parameters)]
    if parameters:
        described["parameters"] = parameters
    if operation.accepts:
        content = describe_content(operation.accepts)
        described["requestBody"] = {"required": True, "content": content}
    responses: Json = {}
    for status, (text, sent) in operation.responses.items():
        responses[str(status)] = {"description": text}
        if sent:
            responses[str(status)]["content"] = describe_content(sent)
    if operation.response_headers:
        responses["200"]["headers"] = {
            name: {"description": text, "schema": {"type": "integer"}}
            for name, text in operation.response_headers.items()
        }
    for status in operation.errors if route.is_open else (401, *operation.errors):
        error = {"description": ERRORS[status], "content": describe_content(route.error_content)}
        responses[str(status)] = error | (RETRY_AFTER if status == 503 else {})
    if not route.is_open:
        described["security"] = [{"token": []}, {}]  # the latter: unless the API has a token
    return described | {"responses": responses}


def _path_parameters(template: str) -> Iterator[Json]:
    for name in re.findall(r"<(\w+)>", template):
        description, example = VARIABLES[name]
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": description,
            "schema": {"type": "string"},
            "example": example,
        }


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": False,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }
