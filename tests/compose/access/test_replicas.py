"""Three replicas of the API behind the proxy, of which one is killed."""

import io
import re
import time
from contextlib import ExitStack
from functools import partial

import pytest
from PIL import Image, ImageDraw

from support.processes import wait_until
from support.stacks.compose import docker
from support.stacks.guarded import GuardedStack
from support.stacks.traffic import Traffic

CLIENTS = 8
LOST = r"prematurely closed connection|reset by peer\) while reading response header"


@pytest.fixture(scope="module")
def picture() -> bytes:
    """A one that takes a long time to decode, so that each replica always has requests."""
    image = Image.new("L", (3400, 3400), 255)
    ImageDraw.Draw(image).line((1700, 850, 1700, 2550), fill=0, width=260)
    file = io.BytesIO()
    image.save(file, "PNG")
    assert len(file.getvalue()) < 30_000
    return file.getvalue()


def test_a_replica_that_is_killed_loses_no_small_request(guarded: GuardedStack, picture: bytes):
    start = partial(guarded.do, "up", "--detach", "--wait", "--no-deps", "api", API_REPLICAS="3")
    start()
    killed, *others = guarded.do("ps", "--quiet", "api").split()
    assert len(others) == 2
    headers = guarded.bearer() | {"Content-Type": "image/png"}
    client = {"verify": guarded.tls(), "headers": headers, "timeout": 30}
    all_traffic = [Traffic(guarded.api_url, {"content": picture}, **client) for _ in range(CLIENTS)]
    with ExitStack() as clients:
        for traffic in all_traffic:
            clients.enter_context(traffic)
        wait_until(lambda: all(traffic.responses for traffic in all_traffic))
        wait_until(lambda: "/predict" in docker("logs", killed))  # the proxy knows it
        docker("exec", killed, "sh", "-c", "kill -STOP -1")
        time.sleep(2)  # in which it gets requests that it does not answer
        docker("kill", killed)
        time.sleep(2)
        docker("start", killed)
        start()
    assert re.search(LOST, guarded.do("logs", "proxy")), "it had no request"
