"""What is written to the log: one line for each record, in plain text or as JSON, and no value of the city's data.

A log leaves the house more easily than a store: it goes to collectors, tickets and mails. So no formatter here writes
what a record could carry of data: messages of exceptions (only their type and where they arose), query values,
addresses of callers.
"""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import sys
import traceback
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

REQUESTS = "gridatlas.request"  # the logger of one line for each request
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
FORMS = ("text", "json")
# Of gunicorn: what follows is the address of a caller or of what was asked for.
_CUT = re.compile(
    r"^(Error handling request|Invalid request|Invalid HTTP request|Error processing SSL request|"
    r"Ignored premature client disconnection|Socket error processing request|Request .* cancelled)",
    re.DOTALL,
)
_FRAME = re.compile(r'^  File "(?P<file>[^"\n]+)", line (?P<line>\d+), in (?P<function>[\w<>.]+)', re.MULTILINE)
_KIND = re.compile(r"^(?P<kind>[A-Za-z_][\w.]*(?:Error|Exception|Warning|Interrupt|Exit))\b", re.MULTILINE)


def without_values(text: str) -> str:
    """Return of a child's words only where a fault arose and of which type it is; its message may hold data."""
    frames = [f"{found['file']}:{found['line']} {found['function']}" for found in _FRAME.finditer(text)]
    kinds = [found["kind"] for found in _KIND.finditer(text)]
    return "; ".join([*frames[-12:], *kinds[-1:]]) or f"{len(text)} characters, which are not written to the log"


class SafeFormatter(logging.Formatter):
    """A record as one line of plain text."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        facts = facts_of(record)
        request = f" request={facts['request']}" if "request" in facts else ""
        fault = f" fault={facts['fault']}" if "fault" in facts else ""
        return f"{facts['at']} {facts['level']} {facts['message']}{request}{fault}"


class JsonFormatter(logging.Formatter):
    """A record as one JSON object in one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return json.dumps(facts_of(record), ensure_ascii=False, default=str)


def facts_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return what may be said of a record: time, level, logger, message, request, and of a fault type and place."""
    facts: dict[str, Any] = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": _message(record),
    }
    if REQUEST_ID.get():
        facts["request"] = REQUEST_ID.get()
    facts |= getattr(record, "facts", {})
    if record.exc_info and record.exc_info[1] is not None:
        facts["fault"] = fault_of(record.exc_info[1], record.exc_info[2])
    return facts


def _message(record: logging.LogRecord) -> str:
    text = record.getMessage()
    cut = _CUT.match(text)
    return " ".join((cut[0] if cut else text).splitlines())


def fault_of(error: BaseException, trace: TracebackType | None) -> str:
    """Return the type of a fault and where it arose; of the system's and SQLite's faults also which one it is."""
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-12:]]
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    if isinstance(error, OSError) and error.strerror:
        kind += f" ({error.strerror})"
    elif isinstance(error, sqlite3.Error):
        kind += f" ({getattr(error, 'sqlite_errorname', 'unknown')})"
    return "; ".join([kind, *frames])


def config(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the configuration of `logging` that ATLAS_LOG and ATLAS_ACCESS_LOG ask for.

    Raises
    ------
    ValueError
        ATLAS_LOG is neither text nor json.
    """
    form = environ.get("ATLAS_LOG") or "text"
    if form not in FORMS:
        raise ValueError(f"ATLAS_LOG is {form!r}; it must be {' or '.join(FORMS)}")
    requests_to = environ.get("ATLAS_ACCESS_LOG") or ("" if form == "text" else "stderr")
    handlers: dict[str, Any] = {"all": {"class": "logging.StreamHandler", "formatter": "line", "stream": sys.stderr}}
    if requests_to == "-":
        handlers["requests"] = {"class": "logging.StreamHandler", "formatter": "line", "stream": sys.stdout}
    elif requests_to not in ("", "stderr"):
        # Opened anew when it was moved away, as logrotate does.
        handlers["requests"] = {
            "class": "logging.handlers.WatchedFileHandler", "formatter": "line", "filename": requests_to,
            "encoding": "utf-8", "delay": True,
        }  # fmt: skip
    to = ["requests"] if "requests" in handlers else ["all"]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": JsonFormatter if form == "json" else SafeFormatter}},
        "handlers": handlers,
        "root": {"level": "WARNING", "handlers": ["all"]},
        "loggers": {
            "gunicorn.error": {"level": "INFO", "handlers": ["all"], "propagate": False},
            REQUESTS: {"level": "INFO" if requests_to else "WARNING", "handlers": to, "propagate": False},
        },
    }


def words(parts: Iterable[object]) -> str:
    """Return parts of a line, told apart by one space."""
    return " ".join(str(part) for part in parts)
