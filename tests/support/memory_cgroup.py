"""A memory cgroup without swap, like a container's; version 1 or 2."""

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def memory_cgroup(megabytes: int) -> Iterator[Path]:
    """Create a cgroup with that much memory; skip the test if that is not possible."""
    is_first = (ROOT / "memory").is_dir()
    group = (ROOT / "memory" if is_first else ROOT) / f"mnist-api-{uuid.uuid4().hex[:8]}"
    limit = str(megabytes * 1024**2)
    try:
        group.mkdir()
        if is_first:
            (group / "memory.limit_in_bytes").write_text(limit)
            (group / "memory.swappiness").write_text("0")
        else:
            (group / "memory.max").write_text(limit)
            (group / "memory.swap.max").write_text("0")
    except OSError as error:
        with contextlib.suppress(OSError):
            group.rmdir()
        pytest.skip(f"no memory cgroup can be made here: {error}")
    try:
        yield group
    finally:
        group.rmdir()


def kills(group: Path) -> int:
    """Return how many processes the kernel has killed because memory was short."""
    events = group / "memory.oom_control"
    events = events if events.exists() else group / "memory.events"
    lines = dict(line.split() for line in events.read_text().splitlines())
    return int(lines["oom_kill"])


def peak(group: Path) -> int:
    """Return the peak memory in bytes, 0 if the kernel does not report it."""
    for name in ("memory.max_usage_in_bytes", "memory.peak"):
        if (group / name).exists():
            return int((group / name).read_text())
    return 0
