"""Text of others, as it is safe on a terminal and in a log: control characters are written escaped."""

import logging
import re
from types import TracebackType
from typing import Final, TextIO

# C0 but tab and newline, DEL and C1, line separators, marks that change the direction, lone surrogates.
_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)

_ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


def printable(text: str) -> str:
    r"""Return text whose control characters are written as JSON writes them (\u001b); lines are kept."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str) -> str:
    """Return printable text on one line: a newline in it is written as two characters."""
    return printable(text).replace("\n", "\\n")


class LogFormatter(logging.Formatter):
    """Writes each record on one line, whatever is in it, and the lines of a traceback below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line of a record."""
        return one_line(super().formatMessage(record))

    def formatException(self, ei: _ExceptionInfo) -> str:  # noqa: N802 - logging's name
        """Return the lines of a traceback, each indented, so that none looks like a record."""
        lines = printable(super().formatException(ei)).splitlines()
        return "\n".join(f"    {line}" for line in lines)


def log_to(stream: TextIO, *, level: int, form: str) -> None:
    """Send the log of this process to a stream, in this form."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LogFormatter(form))
    logging.basicConfig(level=level, handlers=[handler])
