"""A backup of the composed stack that is interrupted, and a collection."""

import signal
from pathlib import Path

from support.archives import read_contents
from support.stacks.compose import Stack, docker
from support.stacks.make import do, held_table, send, start, wait_for_session

CTRL_C, KILL_COMMAND, KILL_CONTAINER = "Ctrl-C", "kill -9 of the command", "kill of the container"


def interrupt(stack: Stack, how: str, *command: str) -> str:
    """Start a command, interrupt it when it reads the database, and return its output."""
    with held_table(stack):
        process = start(stack, *command)
        wait_for_session(stack)
        if how == KILL_CONTAINER:
            docker("kill", stack.do("ps", "--quiet", "mlflow-server").strip())
        else:
            send(process, signal.SIGINT if how == CTRL_C else signal.SIGKILL)
        output = process.communicate()[0]
        assert process.returncode != 0
    return output


def test_an_interrupted_backup_leaves_no_archive_and_the_next_one_succeeds(
    stack: Stack, tmp_path: Path
):
    archive = tmp_path / "archive.tar.gz"
    for how in (CTRL_C, KILL_COMMAND, KILL_CONTAINER):
        output = interrupt(stack, how, "backup", f"FILE={archive}")
        assert output.startswith(f"The composed stack to {archive}\n")
        assert "Traceback" not in output
        assert not archive.exists()
    stack.do("up", "--detach", "--wait", "mlflow-server")
    do(stack, "backup", f"FILE={archive}")
    assert "manifest.json" in read_contents(archive)


def test_ctrl_c_ends_a_collection_without_a_trace(stack: Stack):
    output = interrupt(stack, CTRL_C, "gc", "APPLY=1")
    assert output.startswith("The composed stack:\n")
    assert "Traceback" not in output
    assert "Removed" not in output
