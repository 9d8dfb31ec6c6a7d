"""Limits of pictures: memory by their pixels, time by their parts."""

import json
import subprocess
import sys
import time

import pytest

from mnist_api.imaging.memory_limit import limit_memory
from mnist_api.imaging.picture import read_picture
from mnist_api.imaging.picture_file import PictureError
from support.pictures.hostile import HONEST, HOSTILE, drawn, packed

pytestmark = pytest.mark.slow

MAX_MB = 125  # of a picture; the API's container has 512 for two workers and all they hold
MAX_SECONDS = 3  # of processor time, on a slow machine; half a second on a fast one
PROGRAM = """
import json, sys, time
from mnist_api.imaging.picture import read_picture
from mnist_api.imaging.picture_file import PictureError
def of(name):
    return int(next(line for line in open("/proc/self/status") if line.startswith(name)).split()[1])
content = sys.stdin.buffer.read()
before = of("VmRSS")
try:
    answer = "read" if read_picture(content).max() == 1 else "wrong"
except PictureError as error:
    answer = str(error)
print(json.dumps([(of("VmHWM") - before) // 1024, time.process_time(), answer]))
"""


def measure(content: bytes) -> tuple[int, float, str]:
    """Read ``content`` in a process; return its memory in MB, seconds and output."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=content, capture_output=True, check=True, timeout=60
    )
    megabytes, seconds, answer = json.loads(done.stdout)
    return megabytes, seconds, answer


@pytest.mark.parametrize(("content", "words"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_picture_takes_little_memory_and_time(content: bytes, words: str) -> None:
    megabytes, seconds, answer = measure(content)
    assert words in answer
    assert megabytes < MAX_MB
    assert seconds < MAX_SECONDS


@pytest.mark.parametrize("content", HONEST.values(), ids=HONEST)
def test_a_regular_picture_of_the_largest_size_is_read(content: bytes) -> None:
    megabytes, seconds, answer = measure(content)
    assert answer == "read" or "No digit" in answer  # the black one
    assert megabytes < MAX_MB
    assert seconds < MAX_SECONDS


def test_memory_is_limited_by_the_kernel_as_well() -> None:
    """The limit is removed afterwards. No free part of the heap is as large as these."""
    with pytest.raises(MemoryError), limit_memory(500_000_000):
        bytearray(600_000_000)
    with limit_memory(500_000_000):
        bytearray(400_000_000)
    bytearray(600_000_000)


def test_a_small_picture_of_many_specks_takes_no_longer_than_others() -> None:
    """With Pillow's filter, widening its strokes held the GIL for nearly a second."""
    dots = drawn("L", 100, 100)
    dots.paste(255, (0, 0, 100, 100))
    for place in range(0, 100, 2):
        for other in range(0, 100, 2):
            dots.putpixel((place, other), 0)
    begin = time.process_time()
    with pytest.raises(PictureError, match="digits"):
        read_picture(packed(dots, "PNG"))
    assert time.process_time() - begin < 0.4
