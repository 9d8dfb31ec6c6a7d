"""Creates Secrets of Kubernetes, each with a random password; one that exists is kept.

Arguments are their names. The account's token, the cluster's certificate and the namespace are
files in ACCOUNT.
"""

import json
import secrets
import ssl
import sys
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path

ACCOUNT = Path("/run/account")


def create_secret(name: str) -> bool:
    """Create the Secret ``name``; return whether it was missing. Raises urllib.error.URLError."""
    body = {"metadata": {"name": name}, "stringData": {"password": secrets.token_urlsafe(24)}}
    namespace = (ACCOUNT / "namespace").read_text()
    request = urllib.request.Request(
        f"https://kubernetes.default.svc/api/v1/namespaces/{namespace}/secrets",
        json.dumps(body).encode(),
        {
            "Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}",
            "Content-Type": "application/json",
        },
    )
    context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # some clusters' CA lacks an extension
    try:
        with urllib.request.urlopen(request, timeout=30, context=context):  # noqa: S310 # https
            return True
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.CONFLICT:
            return False
        raise


def main(names: list[str]) -> int:
    """Create what is missing and return the exit code."""
    for name in names:
        try:
            if create_secret(name):
                print(f"The Secret {name} has a new password.")
        except urllib.error.URLError as error:
            print(f"The Secret {name} could not be created: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
