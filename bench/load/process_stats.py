"""What Linux says of a server's processes: memory, processor time, and which are its workers."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def only_child() -> int:
    """Return the one process that this one has started and not yet stopped."""
    own = str(os.getpid())
    pids = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    (child,) = [pid for pid in pids if _stat(pid)[1:2] == [own]]
    return child


def tree_of(leader: int) -> dict[int, int]:
    """Return the processes of ``leader``'s session or descent, each with its parent."""
    parents, sessions = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            pid = int(folder.name)
            parents[pid], sessions[pid] = int(fields[1]), int(fields[3])
    tree = {pid: parents[pid] for pid, session in sessions.items() if session == leader}
    found = set(tree)
    while found:
        found = {pid for pid, parent in parents.items() if parent in tree and pid not in tree}
        tree |= {pid: parents[pid] for pid in found}
    return tree


def pss_of(tree: dict[int, int]) -> float:
    """Return the memory of all of them in MB; what is shared is counted once."""
    return sum(_pss(pid) for pid in tree) / 1000


def workers_of(tree: dict[int, int]) -> list[int]:
    """Return those that have the engine loaded and started no others."""
    leaves = [pid for pid in tree if pid not in tree.values()]
    return [pid for pid in leaves if "onnxruntime" in _read(pid, "maps")]


def seconds_of(pids: list[int]) -> list[float]:
    """Return the processor time each has used so far."""
    return [(int(f[11]) + int(f[12])) / TICKS for f in map(_stat, pids) if f]


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third on, none for a process that is gone."""
    return _read(pid, "stat").rpartition(")")[2].split()


def _pss(pid: int) -> int:
    for line in _read(pid, "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def _read(pid: int, name: str) -> str:
    try:
        return Path("/proc", str(pid), name).read_text()
    except OSError:
        return ""
