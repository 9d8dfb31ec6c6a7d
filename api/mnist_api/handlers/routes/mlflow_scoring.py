"""The routes of `mlflow models serve`."""

from mnist_api.handlers import mlflow_scoring, state
from mnist_api.handlers.route import (
    BODY_ERRORS,
    NO_MODEL,
    Operation,
    Route,
    returns,
    returns_text,
)
from mnist_api.handlers.schemas.mlflow_scoring import Scoring, ScoringError, ScoringResponse
from mnist_api.http import JSON, Request

TAG = "MLflow scoring"

ROUTES = (
    Route(
        "POST",
        "/invocations",
        mlflow_scoring.handle,
        Operation(
            tag=TAG,
            id="invocations",
            summary="Classify images",
            description="The JSON has exactly one of the four keys. In a data frame, rows are "
            "images and columns are matched by position; a CSV starts with a header row.",
            accepts={JSON: Scoring, mlflow_scoring.CSV: str},
            responses=returns(ScoringResponse, "The probabilities of each image."),
            errors=BODY_ERRORS,
        ),
        check=mlflow_scoring.check,
        is_fast=Request.is_small,
        write_error=mlflow_scoring.write_error,
        error_content={JSON: ScoringError},
    ),
    Route(
        "GET",
        "/ping",
        state.ping,
        Operation(
            tag=TAG,
            id="ping",
            summary="Return whether a model is loaded",
            responses=returns_text("A model is loaded; the body is an empty line.")
            | returns_text(NO_MODEL, 503),
        ),
    ),
    Route(
        "GET",
        "/version",
        state.report_version,
        Operation(
            tag=TAG,
            id="version",
            summary="Return MLflow's version",
            responses=returns_text("The version, such as 3.17.2."),
        ),
    ),
)
