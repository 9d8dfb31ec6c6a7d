"""The routes of the API's own protocol."""

from mnist_api.handlers import predict, request_images
from mnist_api.handlers.route import BODY_ERRORS, Operation, Parameter, Route, returns
from mnist_api.handlers.schemas.digits import Digit, Form, OneOrMany, Predicted
from mnist_api.http import DIGIT_SCORE, JSON, NPY, OCTETS
from mnist_api.problems import MEDIA_TYPE, PictureProblem

TAG = "Digits"
PICTURES = dict.fromkeys((*request_images.PICTURES, *request_images.ALIASES), bytes)
DTYPE = Parameter(
    place="query",
    name="dtype",
    description="The type of the tensor in application/octet-stream: n x 784 uint8, 0 to 255, or "
    "n x 784 little-endian float32, 0 to 1. The content type's parameter `dtype` has the same "
    "meaning. Without either, a body that begins like a PNG, JPEG, WebP or .npy file is read as "
    "one, and one that begins like another known file is refused; a BMP is not recognized, since "
    "its two bytes could be pixels.",
    schema={"enum": ["uint8", "float32"], "default": "uint8"},
)
ALL = Parameter(
    place="query",
    name="all",
    description="Whether every digit of a picture is read, line by line from left to right, "
    "instead of refusing a picture with several. The response is `predictions`, each with its "
    "`box`: x, y, width and height in pixels of the picture, after it is turned upright by its "
    "EXIF. One picture in a request; for numbers, each of which is one image, it changes nothing.",
    schema={"type": "boolean", "default": False},
)
STEPS = Parameter(
    place="query",
    name="steps",
    description="Whether the response has `steps`: small PNGs, as data URLs, of the picture's "
    "contrast with its background, of what was found in it, and of the 28 x 28 pixels. If the "
    "picture is refused, the error has those until then.",
    schema={"type": "boolean", "default": False},
)

ROUTES = (
    Route(
        "POST",
        "/predict",
        predict.handle_predict,
        Operation(
            tag=TAG,
            id="predict",
            summary="Classify one image or several",
            description="Pixels are 0 (background) to 1 (ink), row by row. Picture files are "
            "converted to MNIST's form first: centred, light ink on black. In JSON, a picture is "
            "a data URL, as a canvas's `toDataURL()` returns it. A picture with no digit or with "
            "several is an error, which says what was seen. JSON is UTF-8, with or without a "
            "byte order mark.",
            parameters=(DTYPE, ALL),
            accepts={JSON: OneOrMany, request_images.FORM: Form}
            | PICTURES
            | {OCTETS: bytes, NPY: bytes},
            responses={
                200: (
                    "One prediction for one image; `predictions`, in the order of the images, for "
                    "a list; those of a picture's digits with `?all=true`. With "
                    "`Accept: application/octet-stream` the probabilities as "
                    "little-endian float32, n x 10; with `Accept: application/x-npy` the same as a "
                    ".npy file.",
                    {JSON: Predicted, OCTETS: bytes, NPY: bytes},
                )
            },
            response_headers={
                DIGIT_SCORE: "How much one image is like the digit that it was read as, 0 to 1; "
                "below 0.5 it is not. Versions of earlier releases have no score."
            },
            errors=(*BODY_ERRORS, 422),
        ),
        check=predict.check_predict,
        is_fast=predict.is_fast,
    ),
    Route(
        "POST",
        "/digit",
        predict.handle_digit,
        Operation(
            tag=TAG,
            id="readDigit",
            summary="Convert a picture to the network's input",
            description="A picture without a digit, or with several, is an error.",
            parameters=(STEPS,),
            accepts=PICTURES | {OCTETS: bytes},
            responses=returns(Digit, "The image, as /predict takes it."),
            errors=(*BODY_ERRORS, 422),
        ),
        check=predict.check_digit,
        error_content={MEDIA_TYPE: PictureProblem},
    ),
)
