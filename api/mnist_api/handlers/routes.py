"""The table of routes: Flask's rules, the fast path and openapi.json follow from it."""

from functools import lru_cache
from types import MappingProxyType

import msgspec

from mnist_api.handlers import mlflow_scoring, open_inference, predict, schemas, state
from mnist_api.handlers.context import Context
from mnist_api.handlers.openapi import describe
from mnist_api.handlers.pages import send_page
from mnist_api.handlers.route import NO_CONTENT, Operation, Parameter, Route, returns
from mnist_api.http import JSON, NPY, OCTETS, Request, Response

PICTURES = dict.fromkeys(predict.PICTURES, bytes)
BODY_ERRORS = (400, 408, 413, 415, 500, 503)
LENGTH = "Inference-Header-Content-Length"
DTYPE = Parameter(
    "query",
    "dtype",
    "The type of the tensor in application/octet-stream: n x 784 uint8, 0 to 255, or n x 784 "
    "little-endian float32, 0 to 1. The content type's parameter `dtype` has the same meaning.",
    {"enum": ["uint8", "float32"], "default": "uint8"},
)
JSON_LENGTH = Parameter(
    "header",
    LENGTH,
    "Length in bytes of the JSON at the start of the body, if a binary tensor follows it.",
    {"type": "integer", "minimum": 0},
)
NO_MODEL = "No model is loaded yet."


@lru_cache(1)
def _write_openapi() -> bytes:
    return msgspec.json.encode(describe(ROUTES))


def _send_openapi(_: Request, __: Context) -> Response:
    return Response(200, JSON, _write_openapi())


def _text(status: int, text: str) -> dict[int, tuple[str, dict[str, type]]]:
    return {status: (text, {"text/plain": str})}


def _page(template: str, folder: str, name: str, summary: str) -> Route:
    """Return the route of a page, or of the files in its folder."""
    types = {"text/html": str}
    if "<" in template:
        types |= {"text/javascript": str, "text/css": str, "image/svg+xml": str}
    responses = {
        200: ("The file.", types),
        304: ("Not modified since the ETag in If-None-Match.", NO_CONTENT),
    }
    errors = (404,) if "<" in template else ()
    operation = Operation("Pages", name, summary, responses, errors)
    return Route("GET", template, operation, send_page(folder))


def _protocol_routes(suffix: str, template: str) -> tuple[Route, ...]:
    """Return the Open Inference Protocol's routes of a model, or of one of its versions."""
    tag, errors = "Open Inference Protocol", (404, 500, 503)
    write_error, error_content = open_inference.write_error, {JSON: schemas.InferenceError}
    inference = Operation(
        tag,
        f"infer{suffix}",
        "Classify a tensor of images",
        {
            200: (
                "The requested outputs; all of them if the request names none. If one of them is "
                "binary, its bytes follow the JSON, whose length is in the header.",
                {JSON: schemas.InferenceResponse, OCTETS: bytes},
            )
        },
        (*BODY_ERRORS, 404),
        "One input `image` of FP32, [n, 784], 0 to 1; outputs `probabilities` FP32 [n, 10] and "
        "`prediction` INT64 [n]. With the binary tensor data extension the tensor's bytes "
        "(little-endian) follow the JSON, whose length is in the header.",
        {JSON: schemas.InferenceRequest, OCTETS: bytes},
        (JSON_LENGTH,),
        {LENGTH: "Length in bytes of the JSON before the tensors; absent if none is binary."},
    )
    description = Operation(
        tag,
        f"model{suffix}Metadata",
        "Describe the model's inputs and outputs",
        returns(schemas.ModelMetadata, "The description."),
        errors,
    )
    readiness = Operation(
        tag,
        f"model{suffix}Ready",
        "Return whether the model is ready",
        returns(schemas.ModelReady, "The model is ready.")
        | returns(schemas.ModelReady, NO_MODEL, 503),
        (404, 500),
    )
    return tuple(
        Route(
            method,
            template + path,
            operation,
            handle,
            is_fast=Request.is_small,
            write_error=write_error,
            error_content=error_content,
        )
        for method, path, operation, handle in (
            ("GET", "", description, open_inference.describe_model),
            ("GET", "/ready", readiness, open_inference.report_model_ready),
            ("POST", "/infer", inference, open_inference.handle),
        )
    )


ROUTES = (
    Route(
        "POST",
        "/predict",
        Operation(
            "Digits",
            "predict",
            "Classify one image or several",
            {
                200: (
                    "One prediction for one image; `predictions`, in the order of the images, for "
                    "a list. With `Accept: application/octet-stream` the probabilities as "
                    "little-endian float32, n x 10; with `Accept: application/x-npy` the same as a "
                    ".npy file.",
                    {JSON: schemas.Predicted, OCTETS: bytes, NPY: bytes},
                )
            },
            (*BODY_ERRORS, 422),
            "Pixels are 0 (background) to 1 (ink), row by row. Picture files are converted to "
            "MNIST's form first: centred, light ink on black.",
            {JSON: schemas.OneOrMany, predict.FORM: schemas.Form}
            | PICTURES
            | {OCTETS: bytes, NPY: bytes},
            (DTYPE,),
        ),
        predict.handle_predict,
        predict.check_predict,
        predict.is_fast,
    ),
    Route(
        "POST",
        "/digit",
        Operation(
            "Digits",
            "readDigit",
            "Convert a picture to the network's input",
            returns(schemas.Digit, "The image, as /predict takes it."),
            (*BODY_ERRORS, 422),
            "A picture without a digit is an error.",
            PICTURES | {OCTETS: bytes},
        ),
        predict.handle_digit,
        predict.check_digit,
    ),
    Route(
        "GET",
        "/health",
        Operation(
            "State",
            "health",
            "Return whether a model is loaded",
            returns(schemas.Health, "A model is loaded.") | returns(schemas.Health, NO_MODEL, 503),
        ),
        state.report_health,
    ),
    Route(
        "GET",
        "/model",
        Operation(
            "State",
            "model",
            "Describe the active version",
            returns(schemas.ModelDescription, "The active version."),
            (500, 503),
        ),
        state.describe_active_model,
    ),
    Route(
        "GET",
        "/metrics",
        Operation(
            "State",
            "metrics",
            "Metrics for Prometheus",
            _text(200, "The sums over all workers."),
        ),
        state.export_metrics,
    ),
    Route(
        "GET",
        "/v2",
        Operation(
            "Open Inference Protocol",
            "server",
            "Describe the server",
            returns(schemas.ServerMetadata, "The description."),
        ),
        open_inference.describe_server,
        write_error=open_inference.write_error,
    ),
    Route(
        "GET",
        "/v2/health/live",
        Operation(
            "Open Inference Protocol",
            "live",
            "Return whether the server is alive",
            returns(schemas.Live, "The server is alive."),
        ),
        open_inference.report_live,
        write_error=open_inference.write_error,
    ),
    Route(
        "GET",
        "/v2/health/ready",
        Operation(
            "Open Inference Protocol",
            "ready",
            "Return whether the server is ready",
            returns(schemas.Ready, "The server is ready.") | returns(schemas.Ready, NO_MODEL, 503),
        ),
        open_inference.report_ready,
        write_error=open_inference.write_error,
    ),
    *_protocol_routes("", "/v2/models/<name>"),
    *_protocol_routes("Version", "/v2/models/<name>/versions/<version>"),
    Route(
        "POST",
        "/invocations",
        Operation(
            "MLflow scoring",
            "invocations",
            "Classify images",
            returns(schemas.ScoringResponse, "The probabilities of each image."),
            BODY_ERRORS,
            "The JSON has exactly one of the four keys. In a data frame, rows are images and "
            "columns are matched by position; a CSV starts with a header row.",
            {JSON: schemas.Scoring, mlflow_scoring.CSV: str},
        ),
        mlflow_scoring.handle,
        mlflow_scoring.check,
        Request.is_small,
        mlflow_scoring.write_error,
        MappingProxyType({JSON: schemas.ScoringError}),
    ),
    Route(
        "GET",
        "/ping",
        Operation(
            "MLflow scoring",
            "ping",
            "Return whether a model is loaded",
            _text(200, "A model is loaded; the body is an empty line.") | _text(503, NO_MODEL),
        ),
        state.ping,
    ),
    Route(
        "GET",
        "/version",
        Operation(
            "MLflow scoring",
            "version",
            "Return MLflow's version",
            _text(200, "The version, such as 3.17.2."),
        ),
        state.report_version,
    ),
    _page("/", "page", "page", "The page for drawing a digit"),
    _page("/page/<file>", "page", "pageFile", "A file of the page"),
    _page("/docs", "docs", "docs", "The API reference as a page"),
    _page("/docs/<file>", "docs", "docsFile", "A file of the page"),
    Route(
        "GET",
        "/openapi.json",
        Operation(
            "Pages",
            "openapi",
            "The API reference as OpenAPI",
            {200: ("The description.", {JSON: dict})},
        ),
        _send_openapi,
    ),
)
