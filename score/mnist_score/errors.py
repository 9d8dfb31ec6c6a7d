"""The errors that end a run, and those that end one part."""

CHANGED = "it has changed while it was read"
AGAIN = "when it can, the same command goes on where it was."


class ScoreError(Exception):
    """The run can't begin or go on; the message says what to do."""


class PartError(Exception):
    """The images of a part can't be read; the message says why."""
