"""A memory cgroup without swap, as a container has it; made by hand, of version 1 or 2."""

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def memory_cgroup(megabytes: int) -> Iterator[Path]:
    """Give the folder of a cgroup with that much memory; skip the test where none can be made."""
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
    """Return how many processes the kernel has killed for memory."""
    events = group / "memory.oom_control"
    events = events if events.exists() else group / "memory.events"
    lines = dict(line.split() for line in events.read_text().splitlines())
    return int(lines["oom_kill"])


def peak(group: Path) -> int:
    """Return the most memory that was charged, in bytes, 0 where the kernel does not say."""
    for name in ("memory.max_usage_in_bytes", "memory.peak"):
        if (group / name).exists():
            return int((group / name).read_text())
    return 0
