"""JPEGs as phones write them: with videos, depth maps and much metadata, before and after."""

import random
import threading
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from mnist_api.imaging.decoding.jpeg import strip_jpeg
from mnist_api.imaging.picture import read_picture
from mnist_api.imaging.picture_file import MAX_PARTS, MAX_SCANS, PictureError
from support.pictures.drawn import DIGITS, enlarged, packed
from support.pictures.hostile import exif, segment

INK = 255 - 255 * enlarged(DIGITS[0])
COLOUR = np.dstack([INK] * 3)
PLAIN = packed(COLOUR, "JPEG", quality=90)
PROGRESSIVE = packed(COLOUR, "JPEG", quality=90, progressive=True)
RESTARTS = packed(COLOUR, "JPEG", quality=90, restart_marker_blocks=4)
KINDS = {"plain": PLAIN, "progressive": PROGRESSIVE, "with restarts": RESTARTS}
VIDEO = b"\0\0\0\x18ftypmp42" + random.Random(6).randbytes(4_000_000)  # noqa: S311 # no secret
SCAN, END = b"\xff\xda", b"\xff\xd9"


def add(segments: bytes) -> Callable[[bytes], bytes]:
    return lambda jpeg: jpeg[:2] + segments + jpeg[2:]


ADDED: dict[str, Callable[[bytes], bytes]] = {
    "a video, as in a motion photo": lambda jpeg: jpeg + VIDEO,
    "a second picture, as in an MPO": lambda jpeg: jpeg + PLAIN + PROGRESSIVE,
    "a hundred pictures": lambda jpeg: jpeg + PROGRESSIVE * 100,
    "a table of scans": lambda jpeg: jpeg + SCAN * 1000,
    "8 MB of application data": add(segment(0xE2, b"ICC_PROFILE\0" + SCAN * 32_000) * 125),
    "XMP": add(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>" + END + SCAN * 100)),
    "a thumbnail": add(segment(0xE1, b"Exif\0\0" + exif(10, 100) + PLAIN[:60_000])),
    "a comment": add(segment(0xFE, END + SCAN * 40)),
    "fill bytes": lambda jpeg: jpeg[:-2] + b"\xff" * 100 + END,
}


def test_the_kinds_are_what_they_are_called() -> None:
    assert PLAIN.count(SCAN) == 1
    assert PROGRESSIVE.count(SCAN) > 5
    assert RESTARTS.count(b"\xff\xd0") > 5
    assert VIDEO.count(SCAN) > MAX_SCANS


@pytest.mark.parametrize("jpeg", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("change", ADDED.values(), ids=ADDED)
def test_what_is_added_to_a_picture_changes_nothing(
    jpeg: bytes, change: Callable[[bytes], bytes]
) -> None:
    np.testing.assert_array_equal(read_picture(change(jpeg)), read_picture(jpeg))


def test_a_video_may_follow_the_only_scan_without_an_end_of_the_picture() -> None:
    """As in Samsung's panoramas."""
    changed = PLAIN[:-2] + VIDEO
    np.testing.assert_array_equal(read_picture(changed), read_picture(PLAIN))


def test_segments_between_scans_are_skipped_by_their_length() -> None:
    place = PROGRESSIVE.rindex(SCAN)
    between = segment(0xFE, END + SCAN * 40)
    changed = PROGRESSIVE[:place] + between + PROGRESSIVE[place:]
    np.testing.assert_array_equal(read_picture(changed), read_picture(PROGRESSIVE))


def test_the_orientation_is_read_also_behind_xmp() -> None:
    turned = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    sideways = packed(np.rot90(COLOUR), "JPEG", quality=90)
    xmp = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")
    with_exif = add(xmp + segment(0xE1, b"Exif\0\0" + turned))(sideways)
    found = read_picture(with_exif)
    assert np.abs(found - read_picture(PLAIN)).mean() < 0.02
    assert np.abs(found - read_picture(sideways)).mean() > 0.1


LAST = PROGRESSIVE[PROGRESSIVE.rindex(SCAN) : -2]
HIDDEN = {
    "one after another": LAST * MAX_SCANS,
    "after restarts": b"".join(b"\xff\xd3" + LAST for _ in range(MAX_SCANS)),
    "after segments": (segment(0xE5, b"x") + LAST) * MAX_SCANS,
    "after fill bytes": (b"\xff\xff\xff" + LAST) * MAX_SCANS,
    "without data": LAST[: 2 + LAST[3]] * MAX_SCANS,
}


@pytest.mark.parametrize("scans", HIDDEN.values(), ids=HIDDEN)
def test_too_many_scans_are_refused_wherever_they_are(scans: bytes) -> None:
    with pytest.raises(PictureError, match=f"more than {MAX_SCANS} scans"):
        read_picture(PROGRESSIVE[:-2] + scans + END)


@pytest.mark.parametrize("marker", [b"\xff\x02", b"\xff\xbf", b"\xff\x01", b"\xff\xd8"])
def test_scans_after_what_is_no_segment_are_cut_off(marker: bytes) -> None:
    """libjpeg reads no length of a reserved marker, so that it could find scans in its segment."""
    changed = PROGRESSIVE[:-2] + (marker + b"\xff\xff" + LAST) * MAX_SCANS + END
    assert strip_jpeg(changed) == strip_jpeg(PROGRESSIVE)


def test_too_many_segments_between_scans_are_refused() -> None:
    segments = segment(0xE5, b"") * (MAX_PARTS + 1)
    with pytest.raises(PictureError, match="parts"):
        read_picture(PROGRESSIVE[:-2] + segments + END)


DENSE = {
    "stuffed bytes": b"\xff\x00" * 8_000_000,
    "fill bytes": b"\xff" * 16_000_000,
    "restarts": b"\xff\xd0" * 8_000_000,
    "reserved markers": b"\xff\x02" * 8_000_000,
}


@pytest.mark.parametrize("jpeg", [PLAIN, PROGRESSIVE], ids=["plain", "progressive"])
@pytest.mark.parametrize("data", DENSE.values(), ids=DENSE)
def test_16_mb_are_searched_in_bounded_time_while_other_threads_run(
    jpeg: bytes, data: bytes
) -> None:
    content, is_done = jpeg[:-2] + data + END, threading.Event()
    clock = time.pthread_getcpuclockid(threading.get_ident())  # of the search
    ticks = [time.clock_gettime(clock)]

    def tick() -> None:
        while not is_done.wait(0.001):
            ticks.append(time.clock_gettime(clock))

    ticking = threading.Thread(target=tick)
    ticking.start()
    begin = time.process_time()
    assert len(strip_jpeg(content).content) >= len(jpeg) - 1000
    seconds = time.process_time() - begin
    ticks.append(time.clock_gettime(clock))
    is_done.set()
    ticking.join()
    assert seconds < 3
    assert max(later - earlier for earlier, later in pairwise(ticks)) < 0.5
