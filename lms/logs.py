"""Structured logs: one JSON object a line, for every logger in every process."""

import logging

import structlog


def formatter() -> logging.Formatter:
    """A formatter that turns both structlog's and the standard library's records into one JSON line."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(
            allow=("submission", "exercise", "credential", "task", "seconds", "status_code", "path")
        ),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
