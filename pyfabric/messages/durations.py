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
_PART: Final = re.compile(r"(\d*)(?:(\.)(\d*))?([^\d.]*)", re.ASCII)
_LIMIT: Final = 1 << 63


def parse_duration(text: str) -> int:
    """Return nanoseconds; raises ConfigError with Go's text for what Go does not read as a duration."""
    sign, rest = (text[0], text[1:]) if text[:1] in ("+", "-") else ("", text)
    if rest == "0":
        return 0
    invalid = ConfigError(f"time: invalid duration {_quoted(text)}")
    if not rest:
        raise invalid
    total = 0
    for whole, point, fraction, unit in _PART.findall(rest):
        if not (whole or point or unit):
            continue
        if not (whole or fraction):
            raise invalid
        if not unit:
            raise ConfigError(f"time: missing unit in duration {_quoted(text)}")
        if unit not in _UNITS:
            raise ConfigError(f"time: unknown unit {_quoted(unit)} in duration {_quoted(text)}")
        total += int(Decimal(f"{whole or 0}.{fraction or 0}") * _UNITS[unit])
    # Go also reads the one duration that has no positive counterpart.
    if total >= _LIMIT + (sign == "-"):
        raise invalid
    return -total if sign == "-" else total


def _quoted(text: str) -> str:
    """Quote a text as Go's package time quotes what it cannot read."""
    shown = (
        f"\\{character}"
        if character in '"\\'
        else character
        if " " <= character <= "~"
        else "".join(f"\\x{byte:02x}" for byte in character.encode())
        for character in text
    )
    return f'"{"".join(shown)}"'


def format_duration(nanoseconds: int) -> str:
    """Return a duration as Go prints it, e.g. 1m30s, 750ms, -1.5s."""
    if nanoseconds < 0:
        return f"-{format_duration(-nanoseconds)}"
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
