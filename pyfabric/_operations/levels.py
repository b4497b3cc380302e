"""The levels of a process's loggers, told as a logging specification of Fabric.

    [<logger>[,<logger>…]=]<level>[:[<logger>[,<logger>…]=]<level>…]

Source: flogging of fabric-lib-go; texts are those. Loggers are those of Python's logging, each with all
below it; a level without a logger is that of all others. Left out: a name with a final dot, which in
Fabric means that logger alone.
"""

import logging
import re
from typing import Final

from pyfabric.errors import ConfigError

_LEVELS: Final = {
    "payload": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "dpanic": logging.CRITICAL,
    "panic": logging.CRITICAL,
    "fatal": logging.CRITICAL,
}
_SYNONYMS: Final = {"warning": "warn", "notice": "info", "critical": "error"}
_NAMES: Final = {
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warn",
    logging.ERROR: "error",
    logging.CRITICAL: "fatal",
}
_LOGGER: Final = re.compile(r"[A-Za-z0-9_#:-]+(\.[A-Za-z0-9_#:-]+)*")


class Levels:
    """The levels that are set in this process; the nodes of one process share it."""

    def __init__(self) -> None:
        self._default = _NAMES.get(logging.getLogger().level, "info")
        self._loggers: dict[str, str] = {}

    @property
    def spec(self) -> str:
        """The specification in force."""
        loggers = [f"{name}={level}" for name, level in self._loggers.items()]
        return ":".join([*sorted(loggers), self._default])

    def activate(self, spec: str) -> None:
        """Set all levels anew; raises ConfigError, and then nothing has changed."""
        default, loggers = _parse(spec)
        for name in self._loggers.keys() - loggers.keys():
            logging.getLogger(name).setLevel(logging.NOTSET)
        for name, level in loggers.items():
            logging.getLogger(name).setLevel(_LEVELS[level])
        logging.getLogger().setLevel(_LEVELS[default])
        self._default, self._loggers = default, loggers


def _parse(spec: str) -> tuple[str, dict[str, str]]:
    default = "info"
    loggers: dict[str, str] = {}
    for field in spec.split(":"):
        names, separator, last = field.rpartition("=")
        if separator and not names:
            raise _wrong(spec, f"no logger specified in segment '{field}'")
        level = _level(last) if field else "info"
        if level is None or "=" in names:
            raise _wrong(spec, f"bad segment '{field}'")
        if not separator:
            default = level
            continue
        for name in names.split(","):
            if not _LOGGER.fullmatch(name):
                raise _wrong(spec, f"bad logger name '{name}'")
            loggers[name] = level
    return default, loggers


def _level(name: str) -> str | None:
    """Return the one name of a level, which Fabric takes in small or in capital letters."""
    small = name.lower()
    if name not in (small, small.upper()):
        return None
    level = _SYNONYMS.get(small, small)
    return level if level in _LEVELS else None


def _wrong(spec: str, reason: str) -> ConfigError:
    return ConfigError(f"invalid logging specification '{spec}': {reason}")
