"""The tracking server's requests to its neighbours, with the proxies of the environment."""

import subprocess
from collections.abc import Mapping

import pytest

from support.servers.tracking import FOLDER, PYTHON

pytestmark = pytest.mark.slow

ASK = """
import os, sys
from proxies import except_neighbours
os.environ.update(except_neighbours(os.environ, sys.argv[1]))
from botocore.utils import get_environ_proxies
print(*get_environ_proxies(sys.argv[1]))
"""
PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


def proxies_of(url: str, environ: Mapping[str, str]) -> str:
    """Return the kinds of proxies that boto3 uses for ``url``, as start.py sets the variables."""
    done = subprocess.run(
        [PYTHON, "-c", ASK, url],
        env={"PYTHONPATH": str(FOLDER), **dict.fromkeys(PROXIES, "http://127.0.0.1:9"), **environ},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize("excepted", ["", "theirs.example, .lan", "*"])
@pytest.mark.parametrize("url", ["http://minio:9000", "http://127.0.0.1:9000", "http://[::1]:9000"])
def test_a_store_nearby_is_reached_directly(url: str, excepted: str, name: str):
    assert proxies_of(url, {name: excepted}) == ""


def test_a_store_elsewhere_is_reached_by_the_proxy_unless_it_is_excepted():
    for url in ("https://s3.theirs.example", "https://10.0.0.7"):
        assert "https" in proxies_of(url, {})
        assert "https" in proxies_of(url, {"no_proxy": "others.example"})
    assert proxies_of("https://s3.theirs.example", {"no_proxy": "theirs.example"}) == ""
    assert proxies_of("https://s3.theirs.example", {"NO_PROXY": "*"}) == ""
