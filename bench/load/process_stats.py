"""Statistics of a server's processes from /proc: memory, processor time, which are its workers."""

import os
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def find_child() -> int:
    """Return the pid of the only process that this one has started and not yet stopped."""
    own = str(os.getpid())
    (child,) = [pid for pid in _list_pids() if _read_stat(pid)[1:2] == [own]]
    return child


def find_processes(leader: int) -> dict[int, int]:
    """Return the processes of ``leader``'s session and their descendants: pid to parent's pid."""
    parents, sessions = {}, {}
    for pid in _list_pids():
        if fields := _read_stat(pid):
            parents[pid], sessions[pid] = int(fields[1]), int(fields[3])
    tree = {pid: parents[pid] for pid, session in sessions.items() if session == leader}
    found = set(tree)
    while found:
        found = {pid for pid, parent in parents.items() if parent in tree and pid not in tree}
        tree |= {pid: parents[pid] for pid in found}
    return tree


def find_workers(leader: int) -> list[int]:
    """Return the processes that have loaded ONNX Runtime and have no children."""
    tree = find_processes(leader)
    leaves = [pid for pid in tree if pid not in tree.values()]
    return [pid for pid in leaves if "onnxruntime" in _read(pid, "maps")]


def measure_pss(leader: int) -> float:
    """Return the memory (PSS) of all processes in MB; shared pages are counted once."""
    return sum(_read_pss(pid) for pid in find_processes(leader)) / 1000


def measure_cpu_seconds(pids: list[int]) -> list[float]:
    """Return the processor time that each running process has used so far."""
    stats = [fields for pid in pids if (fields := _read_stat(pid))]
    return [(int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND for fields in stats]


def _list_pids() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _read_stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third on, none for a process that has ended."""
    return _read(pid, "stat").rpartition(")")[2].split()


def _read_pss(pid: int) -> int:
    for line in _read(pid, "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def _read(pid: int, name: str) -> str:
    try:
        return Path("/proc", str(pid), name).read_text()
    except OSError:
        return ""
