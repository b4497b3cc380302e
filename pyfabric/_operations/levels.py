"""Log levels of a process, as a logging specification of Fabric.

    [<logger>[,<logger>…]=]<level>[:[<logger>[,<logger>…]=]<level>…]

Source: flogging of fabric-lib-go; texts are the same. Loggers are Python's; the level of a logger is
that of all loggers below it, and a level without a logger is that of all others. Not supported: a name
with a final dot, which in Fabric means that logger alone.
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
    """The log levels of this process, which all its nodes share."""

    def __init__(self) -> None:
        self._default = _NAMES.get(logging.getLogger().level, "info")
        self._loggers: dict[str, str] = {}

    @property
    def spec(self) -> str:
        """The specification in force."""
        loggers = [f"{name}={level}" for name, level in self._loggers.items()]
        return ":".join([*sorted(loggers), self._default])

    def activate(self, spec: str) -> None:
        """Replace all levels; raises ConfigError if the specification is invalid, and then changes nothing."""
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
    """Return the level's name in lower case, or None; Fabric accepts lower and upper case, not mixed."""
    small = name.lower()
    if name not in (small, small.upper()):
        return None
    level = _SYNONYMS.get(small, small)
    return level if level in _LEVELS else None


def _wrong(spec: str, reason: str) -> ConfigError:
    return ConfigError(f"invalid logging specification '{spec}': {reason}")
