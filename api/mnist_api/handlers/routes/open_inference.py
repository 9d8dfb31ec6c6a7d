"""The routes of the Open Inference Protocol: of the server, a model, and one of its versions."""

from collections.abc import Callable
from typing import Any

from mnist_api.handlers import open_inference as handlers
from mnist_api.handlers.context import Context
from mnist_api.handlers.route import BODY_ERRORS, NO_MODEL, Operation, Parameter, Route, returns
from mnist_api.handlers.schemas import open_inference as schemas
from mnist_api.http import JSON, OCTETS, Request, Response

TAG = "Open Inference Protocol"
LENGTH = "Inference-Header-Content-Length"
JSON_LENGTH = Parameter(
    place="header",
    name=LENGTH,
    description="Length in bytes of the JSON at the start of the body, if a binary tensor follows.",
    schema={"type": "integer", "minimum": 0},
)


def _route(
    method: str, template: str, handle: Callable[[Request, Context], Response], **operation: Any
) -> Route:
    return Route(
        method,
        template,
        handle,
        Operation(tag=TAG, **operation),
        is_fast=Request.is_small,
        write_error=handlers.write_error,
        error_content={JSON: schemas.InferenceError},
    )


def _model_routes(template: str, suffix: str) -> tuple[Route, ...]:
    """Return the routes of the model at ``template``."""
    return (
        _route(
            "GET",
            template,
            handlers.describe_model,
            id=f"model{suffix}Metadata",
            summary="Describe the model's inputs and outputs",
            responses=returns(schemas.ModelMetadata, "The description."),
            errors=(404, 500, 503),
        ),
        _route(
            "GET",
            f"{template}/ready",
            handlers.report_model_ready,
            id=f"model{suffix}Ready",
            summary="Return whether the model is ready",
            responses=returns(schemas.ModelReady, "The model is ready.")
            | returns(schemas.ModelReady, NO_MODEL, 503),
            errors=(404, 500),
        ),
        _route(
            "POST",
            f"{template}/infer",
            handlers.handle,
            id=f"infer{suffix}",
            summary="Classify a tensor of images",
            description="One input `image` of FP32, [n, 784], 0 to 1; outputs `probabilities` FP32 "
            "[n, 10] and `prediction` INT64 [n]. With the binary tensor data extension the "
            "tensor's bytes (little-endian) follow the JSON, whose length is in the header.",
            parameters=(JSON_LENGTH,),
            accepts={JSON: schemas.InferenceRequest, OCTETS: bytes},
            responses={
                200: (
                    "The requested outputs; all of them if the request names none. If one of them "
                    "is binary, its bytes follow the JSON, whose length is in the header.",
                    {JSON: schemas.InferenceResponse, OCTETS: bytes},
                )
            },
            response_headers={
                LENGTH: "Length in bytes of the JSON before the tensors; absent if none is binary."
            },
            errors=(*BODY_ERRORS, 404),
        ),
    )


ROUTES = (
    _route(
        "GET",
        "/v2",
        handlers.describe_server,
        id="server",
        summary="Describe the server",
        responses=returns(schemas.ServerMetadata, "The description."),
    ),
    _route(
        "GET",
        "/v2/health/live",
        handlers.report_live,
        id="live",
        summary="Return whether the server is alive",
        responses=returns(schemas.Live, "The server is alive."),
    ),
    _route(
        "GET",
        "/v2/health/ready",
        handlers.report_ready,
        id="ready",
        summary="Return whether the server is ready",
        responses=returns(schemas.Ready, "The server is ready.")
        | returns(schemas.Ready, NO_MODEL, 503),
    ),
    *_model_routes("/v2/models/<name>", ""),
    *_model_routes("/v2/models/<name>/versions/<version>", "Version"),
)
