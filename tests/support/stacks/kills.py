"""Services that are killed at a chosen moment of their start.

Where the moment is short, the service's own program runs beside a loop that waits for the moment
and kills all of the container.
"""

from support.stacks.compose import Stack

KILLED = 137
KILL_AT_RENAME = """
import os, pathlib, sys, passwords
rename, names = pathlib.Path.rename, []
def rename_or_die(path, target):
    names.append(path.parent.name)
    names[-1] == sys.argv[1] and os.kill(os.getpid(), 9)
    return rename(path, target)
pathlib.Path.rename = rename_or_die
passwords.main([])
"""
KILL_AT_ROW = """
import os, psycopg2, subprocess, sys
os.environ["PGPASSFILE"] = os.environ["CREDENTIALS_FOLDER"] + "/pgpass"
server = subprocess.Popen([sys.executable, "start.py"])
while server.poll() is None:
    try:
        cursor = psycopg2.connect(os.environ["BACKEND_STORE_URI"].replace("+psycopg2", "")).cursor()
        cursor.execute("SELECT " + sys.argv[1])
        if cursor.rowcount:
            os.kill(-1, 9)
            os.kill(os.getpid(), 9)
    except (psycopg2.OperationalError, psycopg2.errors.UndefinedTable):
        pass
"""


def kill(stack: Stack, service: str, *command: str, entrypoint: str = "python") -> None:
    """Run a service with a command that kills it."""
    command = ("run", "--rm", "-T", f"--entrypoint={entrypoint}", service, *command)
    done = stack.run(*command)
    assert done.returncode == KILLED, done.stdout


def kill_when(stack: Stack, service: str, program: str, condition: str) -> None:
    """Run the program of a service, and kill all in its container when the condition is met."""
    script = (
        f"{program} & until {condition}; do kill -0 $! || exit 1; done; "
        f"kill -KILL -1; exit {KILLED}"
    )
    kill(stack, service, "-c", script, entrypoint="bash")


def kill_at(stack: Stack, service: str, script: str, command: str) -> None:
    """Run the shell script of a service, and kill it when it calls a command."""
    function = f"{command}() {{ kill -KILL $$; }}; export -f {command}"
    kill(stack, service, "-c", f"{function}; exec bash {script}", entrypoint="bash")
