"""The log: one JSON line an event, each with the id of the request it belongs to.

Of a request its method, the pattern of its path and its outcome are told, never an address as it
was sent, a header or a body: those may name a person.
"""

import logging
import sys

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars

log = logging.getLogger("fumin")
bound = bound_contextvars

_FIELDS = (
    merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure(level: int) -> None:
    """Send every logger of the process through one handler: JSON lines on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    log.setLevel(level)


def formatter() -> logging.Formatter:
    """A record as one line of JSON."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_FIELDS,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
