"""Output of a training on the terminal."""


def print_line(line: str) -> None:
    """Print a line and flush it, so that a pipe gets it at once."""
    print(line, flush=True)
