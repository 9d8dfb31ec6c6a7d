"""The latencies of bench/load/oha.py count from the intended starts."""

from pathlib import Path

import pytest

from bench.load.oha import read_latencies

HEAD = "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n"


def test_a_request_that_had_to_wait_for_its_start_has_that_latency(tmp_path: Path) -> None:
    """At 100 a second: the second one takes 30 ms, the third one, due at 20 ms, starts at 40."""
    rows = ((0.5, 0.001, 200), (0.51, 0.030, 200), (0.54, 0.001, 503))
    lines = "".join(f"{start},0,0,0,{took},9,{status}\n" for start, took, status in rows)
    file = tmp_path / "oha.csv"
    file.write_text(HEAD + lines)
    latencies, errors = read_latencies(file, 100)
    assert latencies == pytest.approx([1, 30, 21])
    assert errors == 1
