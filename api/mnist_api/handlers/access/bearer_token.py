"""The token that requests must have, if the API has one."""

import hmac
import re
from collections.abc import Mapping
from pathlib import Path

from mnist_api.problems import ProblemError

VARIABLE = "API_TOKEN_FILE"


class BearerToken:
    """Checks the header Authorization against ``token``; without one, every request passes."""

    def __init__(self, token: bytes = b"") -> None:
        self._token = token

    def check(self, headers: Mapping[bytes, bytes]) -> None:
        """Raise ProblemError (401) unless ``headers`` hold the token."""
        if not self._token:
            return
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        is_same = hmac.compare_digest(given.strip(), self._token)  # in constant time
        if scheme.lower() != b"bearer" or not is_same:
            raise ProblemError(
                401,
                "This API needs a token: send the header 'Authorization: Bearer TOKEN' with the "
                f"one in the file that its setting {VARIABLE} names.",
                {"WWW-Authenticate": "Bearer"},
            )


NO_TOKEN = BearerToken()


def read_token(environ: Mapping[str, str]) -> BearerToken:
    """Read the file that API_TOKEN_FILE names. Raises ValueError, which shows no secret."""
    path = environ.get(VARIABLE)
    if not path:
        return NO_TOKEN
    try:
        token = Path(path).read_bytes().strip()
    except OSError as error:
        raise ValueError(f"{VARIABLE} is {path!r}, but {error.strerror}.") from None
    if not re.fullmatch(rb"[!-~]{16,256}", token):
        raise ValueError(
            f"{VARIABLE} is {path!r}, but must name a file with a token of 16 to 256 ASCII "
            "characters without white space, such as `openssl rand -hex 24` prints."
        )
    return BearerToken(token)
