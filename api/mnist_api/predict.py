"""The answer to POST /predict, the same through every door: decode, predict, encode."""

from mnist_api.decode import decode_image
from mnist_api.encode import encode_answer
from mnist_api.problems import ProblemError
from mnist_api.serving import Serving

JSON = "application/json"


def check_media_type(content_type: str) -> None:
    """Raise ProblemError (415) unless ``content_type``, "" where there is none, is JSON's."""
    if content_type == JSON or content_type.partition(";")[0].strip().lower() == JSON:
        return
    given = (
        f"The content type is {content_type[:100]}" if content_type else "There is no content type"
    )
    raise ProblemError(
        415, f"{given}, but {JSON} is needed: with curl, add -H 'Content-Type: {JSON}'."
    )


def answer_predict(body: bytes, serving: Serving) -> bytes:
    """Return the answer to the JSON ``body``. Raises ProblemError (400, 422, 503)."""
    images = decode_image(body)
    return encode_answer(serving.require().network.predict(images)[0])
