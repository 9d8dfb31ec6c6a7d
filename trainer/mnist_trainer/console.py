"""What a training says while it goes on."""


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)
