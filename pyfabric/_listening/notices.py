"""Log lines about what others do, at most one a kind a minute: nobody outside can fill the log."""

import logging
from collections.abc import Callable
from typing import Final

_SECONDS: Final = 60.0


class Notices:
    """Writes warnings; a kind that was written within the last minute is only counted."""

    def __init__(self, log: logging.Logger, now: Callable[[], float]) -> None:
        self._log = log
        self._now = now
        self._written: dict[str, float] = {}
        self._silent: dict[str, int] = {}

    def warn(self, kind: str, text: str) -> None:
        """Write a text, with how often its kind was left out since the last one."""
        now = self._now()
        if now - self._written.get(kind, -_SECONDS) < _SECONDS:
            self._silent[kind] = self._silent.get(kind, 0) + 1
            return
        self._written[kind] = now
        silent = self._silent.pop(kind, 0)
        more = f" ({silent} more like this were not logged)" if silent else ""
        self._log.warning("%s%s", text, more)

    def log_quietly(self, text: str) -> None:
        """Write a text at the level of debugging."""
        self._log.debug("%s", text)
