"""The error log: no client, registry or model can forge or hide an entry."""

import io
import logging
import runpy
from collections.abc import Iterator
from typing import Any

import pytest
from gunicorn.config import Config

from mnist_api.telemetry.error_log import (
    MAX_CHARACTERS,
    EscapingFormatter,
    GunicornLogger,
    configure_logging,
)
from support.servers.api import API

FORGERY = (
    '\n[2026-11-26 10:00:00 +0000] [1] [ERROR] forged\r\n\x1b[2J\x00\x9b\u202e\u2028{"id": "f"}'
)


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """Return a logger with the API's format, and its output."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(EscapingFormatter("[%(levelname)s] %(message)s"))
    logger = logging.getLogger("forged")
    logger.addHandler(handler)
    yield logger, written
    logger.removeHandler(handler)


def test_a_message_is_one_printable_line(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = log
    logger.error("POST %s failed", f"/v2/models/{FORGERY}")
    (line,) = written.getvalue().splitlines()
    assert line.startswith("[ERROR] POST /v2/models/\\n[2026")
    assert line.isprintable()


def test_no_line_of_a_traceback_looks_like_a_message(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, written = log
    try:
        raise ValueError(FORGERY)
    except ValueError:
        logger.exception("It failed")
    first, *trace = written.getvalue().splitlines()
    assert first == "[ERROR] It failed"
    assert trace[0] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") and line.isprintable() for line in trace)


def test_long_messages_are_truncated(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = log
    logger.error("a" * 100_000)
    assert len(written.getvalue()) < MAX_CHARACTERS + 50
    assert "100008 characters" in written.getvalue()


def test_gunicorn_logs_in_this_format() -> None:
    config = Config()
    config.set("errorlog", "-")
    handlers = GunicornLogger(config).error_log.handlers
    assert handlers
    assert all(isinstance(handler.formatter, EscapingFormatter) for handler in handlers)
    settings: dict[str, Any] = runpy.run_path(str(API / "gunicorn.conf.py"))
    assert settings["logger_class"] == f"{GunicornLogger.__module__}.{GunicornLogger.__name__}"


def test_a_process_that_has_a_handler_keeps_it() -> None:
    handlers = list(logging.getLogger().handlers)
    configure_logging()
    assert logging.getLogger().handlers == handlers
