"""Hostile versions where memory is short: no worker is killed."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.networks.dense import digit_network
from support.networks.hostile import hostile
from support.processes import wait_until
from support.registered_model import RegisteredModel
from support.servers.api import Api

pytestmark = pytest.mark.slow

SECONDS = 60  # wall clock, on a busy machine
GROUP = Path("/sys/fs/cgroup/memory")  # cgroup v1; with v2 the group is made beside our own


@pytest.fixture
def small_memory(tmp_path: Path) -> Iterator[Path]:
    """Create a memory cgroup of 512 MB without swap."""
    names = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes")
    root = GROUP
    if not root.is_dir():
        names, root = ("memory.max", "memory.swap.max"), Path("/sys/fs/cgroup")
    group = root / f"mnist-api-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / names[0]).write_text(str(512 * 1024**2))
    except OSError as error:
        if group.is_dir():
            group.rmdir()
        pytest.skip(f"no memory cgroup can be made: {error}")
    if (group / names[1]).exists():
        (group / names[1]).write_text("0" if "max" in names[1] else str(512 * 1024**2))
    yield group
    wait_until(lambda: not (group / "cgroup.procs").read_text())
    group.rmdir()


def test_in_512_mb_hostile_versions_kill_no_worker(
    start_api: Callable[..., Api], model: RegisteredModel, small_memory: Path
) -> None:
    model.register(digit_network(1))
    api = start_api(**model.settings()).wait_ready()
    wait_until(lambda: api.log().count("is active") == 2)
    workers = api.workers()
    for process in (api.process.pid, *workers):
        (small_memory / "cgroup.procs").write_text(str(process))
    for number, name in enumerate(("4 GB", "an outer sum", "many nodes"), 2):
        model.register(hostile(name))
        wait_until(
            lambda wanted=number: api.log().count(f"Version {wanted} is not activated") == 2,
            SECONDS,
        )
    assert api.all_predict(1)
    assert api.workers() == workers
    assert api.log().count("needs more than") >= 4
    api.stop()
