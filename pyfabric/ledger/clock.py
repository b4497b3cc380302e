"""The clock of the nodes of a ledger process."""

from collections.abc import Callable
from datetime import datetime, timedelta


class Clock:
    """Follows `source` until it is set or moved: then it stands still until `run`.

    It decides what depends on the date (certificates that expire, how old a request is), never how long
    something takes.
    """

    def __init__(self, source: Callable[[], datetime]) -> None:
        self._source = source
        self._standing: datetime | None = None

    def now(self) -> datetime:
        """Return the time, with its zone."""
        return self._standing or self._source()

    def set(self, moment: datetime) -> None:
        """Stand still at a moment (with its zone)."""
        self._standing = moment

    def move(self, by: timedelta) -> None:
        """Stand still at a moment later (or earlier) than now."""
        self._standing = self.now() + by

    def run(self) -> None:
        """Follow the source again."""
        self._standing = None
