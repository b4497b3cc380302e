"""Durations of command lines: a number and a unit."""

import re
from datetime import timedelta
from typing import Final

import typer

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION: Final = re.compile(r"(\d{1,6})([smhd])")


def duration(text: str) -> timedelta:
    """Return what a text such as 90d, 12h, 30m or 10s means; raises BadParameter."""
    found = read_duration(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no duration: write 90d, 12h, 30m or 10s")
    return found


def read_duration(text: str) -> timedelta | None:
    """Return what a text such as 90d means; None if it is no duration."""
    found = _DURATION.fullmatch(text)
    return None if found is None else timedelta(**{_UNITS[found[2]]: int(found[1])})
