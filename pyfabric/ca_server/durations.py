"""Times that are so long from now, as Fabric CA's queries have them: "+30d", "-1h30m". Pure.

Source: lib/server/certificaterequest of Fabric CA 1.5.21, and ParseDuration of Go's package time.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

_UNITS: Final[Mapping[str, timedelta]] = {
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
    "us": timedelta(microseconds=1),
    "ns": timedelta(0),
}
_DAYS: Final = re.compile(r"([+-])\D*(\d+).*d", re.ASCII)
_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]*)", re.ASCII)
_LONGEST: Final = timedelta(days=366 * 292)
"""As long as a duration of Go can be, in whole years."""


def read_duration(text: str) -> timedelta:
    """Return a duration with its sign; days count 24 hours. Raises ValueError with Fabric CA's text."""
    lower = text.lower()
    if lower.endswith("y"):
        raise ValueError(f"Invalid time format, year (y) is not supported, please check: {lower}")
    if lower.endswith("d"):
        days = _DAYS.fullmatch(lower)
        if days is None:
            raise ValueError(
                f"Invalid time format, integer values required for duration, please check: {lower}"
            )
        lower = f"{days[1]}{24 * int(days[2])}h"
    amount, rest = timedelta(), lower[1:]
    while part := _PART.match(rest):
        amount += _amount(part[1], part[2], lower)
        rest = rest[part.end() :]
    if rest or not lower[1:] or amount > _LONGEST:
        raise _invalid(f'invalid duration "{lower}"')
    return -amount if lower[0] == "-" else amount


def _amount(number: str, unit: str, text: str) -> timedelta:
    if not unit and text[1:] != "0":
        raise _invalid(f'missing unit in duration "{text}"')
    if unit and unit not in _UNITS:
        raise _invalid(f'unknown unit "{unit}" in duration "{text}"')
    try:
        return float(number) * _UNITS[unit or "h"]
    except OverflowError as error:
        raise _invalid(f'invalid duration "{text}"') from error


def _invalid(problem: str) -> ValueError:
    return ValueError(f"Failed to parse duration: time: {problem}")
