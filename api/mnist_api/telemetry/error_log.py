"""The error log: one printable line for each message, whatever text it quotes."""

import logging

from gunicorn.glogging import Logger  # type: ignore[import-untyped] # it ships no types

MAX_CHARACTERS = 1000  # of a message, and of a line of a traceback
INDENT = "    "  # before each line of a traceback, so that none looks like a message


class EscapingFormatter(logging.Formatter):
    """Escapes characters that are not printable, line breaks included, and truncates long text."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 # logging's name
        """Return the line of a record without its traceback."""
        return _escape(super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802 # logging's name
        """Return the traceback, its lines indented."""
        lines = super().formatException(ei).splitlines()  # type: ignore[arg-type] # as logging's
        return "\n".join(INDENT + _escape(line) for line in lines)


class GunicornLogger(Logger):  # type: ignore[misc] # as above
    """gunicorn's logger with this format."""

    def setup(self, cfg: object) -> None:
        """Make the handlers, again at each reload of the configuration."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(_make_formatter())


def configure_logging() -> None:
    """Log to standard error like gunicorn, unless the process has a handler already."""
    handler = logging.StreamHandler()
    handler.setFormatter(_make_formatter())
    logging.basicConfig(handlers=[handler])
    logging.getLogger("mnist_api").setLevel(logging.INFO)


def _make_formatter() -> logging.Formatter:
    return EscapingFormatter(Logger.error_fmt, Logger.datefmt)


def _escape(text: str) -> str:
    if len(text) > MAX_CHARACTERS:
        text = f"{text[:MAX_CHARACTERS]}… ({len(text)} characters)"
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _escape_one(one) for one in text)


def _escape_one(character: str) -> str:
    return character.encode("unicode_escape").decode()
