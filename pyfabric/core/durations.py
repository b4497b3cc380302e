"""Durations as Go writes them in a channel configuration: 2s, 750ms, 1m30s.

Source: time.ParseDuration and Duration.String of Go's standard library.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from pyfabric.errors import ConfigError

SECOND: Final = 1_000_000_000
_UNITS: Final[Mapping[str, int]] = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_PART: Final = r"(\d{1,18}\.?\d{0,18}|\.\d{1,18})(ns|us|µs|μs|ms|s|m|h)"
_DURATION: Final = re.compile(rf"([+-]?)((?:{_PART})+)", re.ASCII)


def parse_duration(text: str) -> int:
    """Nanoseconds; raises ConfigError for what Go does not read as a duration."""
    match = _DURATION.fullmatch(text)
    if text in ("0", "+0", "-0"):
        return 0
    if match is None:
        raise ConfigError(
            f"{text!r} is not a duration: write a number with a unit, as in 2s or 750ms"
        )
    total = sum(
        int(Decimal(number) * _UNITS[unit])
        for number, unit in re.findall(_PART, match[2], re.ASCII)
    )
    if total >= 1 << 63:
        raise ConfigError(f"the duration {text!r} is longer than 292 years")
    return -total if match[1] == "-" else total


def format_duration(nanoseconds: int) -> str:
    """A duration of zero or more nanoseconds as Go prints it, e.g. 1m30s, 750ms, 1.5s."""
    for unit in ("ns", "µs", "ms"):
        if nanoseconds < 1_000 * _UNITS[unit]:
            return "0s" if nanoseconds == 0 else _number(nanoseconds, _UNITS[unit]) + unit
    minutes, rest = divmod(nanoseconds, 60 * SECOND)
    hours, minutes = divmod(minutes, 60)
    text = f"{_number(rest, SECOND)}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{hours}h{text}" if hours else text


def _number(nanoseconds: int, unit: int) -> str:
    return f"{Decimal(nanoseconds) / unit:f}" if nanoseconds else "0"
