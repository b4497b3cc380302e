"""Which lines of logs are wanted: of which nodes, from which level and time on, and how many."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final


class LogLevel(StrEnum):
    """Levels of log records, the least severe first."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


# By the first four letters, to which Fabric may shorten them.
_RANKS: Final = {
    **dict.fromkeys(("DEBU", "PAYL"), 0),
    **dict.fromkeys(("INFO", "NOTI"), 1),
    **dict.fromkeys(("WARN",), 2),
    **dict.fromkeys(("ERRO", "CRIT", "DPAN", "PANI", "FATA"), 3),
}
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_RECORD: Final = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{3,6})\d*(?P<zone>Z| UTC|[+-]\d\d:\d\d)?"
    r"(?: [0-9a-f]{4,})? (?P<level>[A-Z]{4,8})\b"
)
_UTC: Final = frozenset({"Z", " UTC"})


@dataclass(frozen=True, slots=True)
class LogChoice:
    """`nodes` by name (none: all), `since` a time with its zone, at least `level`, the last `tail` lines of each."""

    nodes: tuple[str, ...] = ()
    tail: int | None = None
    since: datetime | None = None
    level: LogLevel | None = None

    def filter(self) -> Callable[[str], bool]:
        """Return a function that is given the lines of one log in order and returns whether each is wanted.

        A line that does not begin a record (of a traceback, or printed by a contract) belongs to the
        record before it. Before the first record, lines are wanted only without a level and a time.
        """
        wanted = self.level is None and self.since is None

        def is_wanted(line: str) -> bool:
            nonlocal wanted
            record = _RECORD.match(_COLOUR.sub("", line))
            rank = record and _RANKS.get(record["level"][:4])
            if record and rank is not None:
                recent = self.since is None or _time(record) >= self.since
                severe = self.level is None or rank >= list(LogLevel).index(self.level)
                wanted = recent and severe
            return wanted

        return is_wanted


def _time(record: re.Match[str]) -> datetime:
    """Return when a record was written; without a zone it is this machine's time."""
    found = datetime.fromisoformat(record["time"].replace(",", "."))
    zone = record["zone"]
    if zone in _UTC:
        return found.replace(tzinfo=UTC)
    if zone:
        return datetime.fromisoformat(f"{found.isoformat()}{zone}")
    return found.astimezone()
