"""`make` on a composed stack, and what holds its commands at a chosen moment."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from support.processes import ROOT, wait_until
from support.stacks.compose import Stack

HELD = "trace_info"  # a table that backup, restore and collection need, and the stack does not
PSQL = ("exec", "-T", "postgres", "psql", "-U", "mlflow", "-d", "mlflow", "-tAc")


def environ(stack: Stack) -> dict[str, str]:
    """The variables with which Compose's own commands are about this stack."""
    stack.command()  # writes the file
    names = {"COMPOSE_PROJECT_NAME": stack.project, "COMPOSE_ENV_FILES": str(stack.env_file)}
    return stack.environ() | names


def make(stack: Stack, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `make`, with further variables."""
    return subprocess.run(
        ["make", "--silent", *arguments], cwd=ROOT, env=environ(stack) | variables, text=True,
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip


def do(stack: Stack, *arguments: str) -> str:
    """Run `make`, which must succeed; return its output."""
    done = make(stack, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def start(stack: Stack, *arguments: str) -> subprocess.Popen[str]:
    """Start `make` in a process group of its own."""
    return subprocess.Popen(
        ["make", "--silent", *arguments], cwd=ROOT, env=environ(stack), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip


def send(process: subprocess.Popen[str], number: int) -> None:
    """Signal `make` and all that it has started, as a terminal does."""
    os.killpg(process.pid, number)


def sql(stack: Stack, query: str) -> str:
    return stack.do(*PSQL, query).strip()


@contextmanager
def held_table(stack: Stack, table: str = HELD, mode: str = "ACCESS EXCLUSIVE") -> Iterator[None]:
    """Lock a table for the `with` block; with the mode SHARE others may read it."""
    lock = f"LOCK TABLE {table} IN {mode} MODE; SELECT pg_sleep(600)"
    query = "FROM pg_stat_activity WHERE query LIKE 'LOCK TABLE%' AND wait_event = 'PgSleep'"
    holder = stack.start(*PSQL, lock)
    wait_until(lambda: sql(stack, f"SELECT count(*) {query}") == "1")
    try:
        yield
    finally:
        sql(stack, f"SELECT pg_terminate_backend(pid) {query}")
        holder.communicate()


def wait_for_session(stack: Stack) -> None:
    """Wait until a session waits for the table."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    wait_until(lambda: sql(stack, query) != "0", 60)
