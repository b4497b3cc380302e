"""Time on the ledger: RFC 3339 in UTC with whole seconds, and Beijing's calendar day.

The time of a transaction is the timestamp of its proposal. It is the same on every peer but chosen by
the client, so a change must not be older than the one before. Canonical texts sort like their times.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone

from pyfabric.chaincode import ContractError
from pyfabric_municipal.text import require_match

BEIJING = timezone(timedelta(hours=8))
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def format_timestamp(moment: datetime) -> str:
    """Return a time as `2026-11-25T04:00:00Z`, without its fraction of a second."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def parse_timestamp(value: str) -> datetime:
    """Return the time of a canonical text; raises ContractError, also for month 13 and the like."""
    require_match("timestamp", _TIMESTAMP, value, "RFC 3339 in UTC such as 2026-11-25T04:00:00Z")
    try:
        return datetime.fromisoformat(value[:-1]).replace(tzinfo=UTC)
    except ValueError as error:
        raise ContractError(f"timestamp {value!r}: there is no such time") from error


def require_timestamp(value: str) -> str:
    """Return `value` if it is a canonical timestamp."""
    parse_timestamp(value)
    return value


def parse_date(value: str) -> date:
    """Return the date of a text `YYYY-MM-DD`."""
    require_match("date", _DATE, value, "YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ContractError(f"date {value!r}: there is no such day") from error


def require_date(value: str) -> str:
    """Return `value` if it is a date, `YYYY-MM-DD`."""
    parse_date(value)
    return value


def beijing_day(timestamp: str) -> date:
    """Return the date in Beijing (UTC+8, no daylight saving) at that time."""
    return parse_timestamp(timestamp).astimezone(BEIJING).date()


def end_of_day(day: date) -> str:
    """Return the last second of a day in Beijing."""
    last = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=BEIJING)
    return format_timestamp(last)


def add_days(timestamp: str, days: int) -> str:
    """Return the same time of day, `days` calendar days later."""
    return format_timestamp(parse_timestamp(timestamp) + timedelta(days=days))


def add_months(day: date, months: int) -> date:
    """Return the same day `months` months later, or the last of that month if it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def require_not_before(what: str, now: str, last: str) -> None:
    """Refuse a transaction whose time is before the last change of its record."""
    if now < last:
        raise ContractError(
            f"{what} was last changed at {last}: a transaction of {now} is too old; submit it with the current time"
        )
