"""Time on the ledger: RFC 3339 in UTC with whole seconds, and Beijing's calendar day.

The time of a transaction is the timestamp of its proposal. It is the same on every peer but chosen by
the client, so a change must not be older than the one before. Canonical texts sort like their times.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated

from pydantic import AfterValidator

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values.kinds import Kind

TIMESTAMP = Kind("timestamp", "timestamp", "时间戳")
DAY = Kind("date", "date", "日期")
BEIJING = timezone(timedelta(hours=8))
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_ANY_OFFSET = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?"
    r"(Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def format_timestamp(moment: datetime) -> str:
    """Return a time as `2026-11-25T04:00:00Z`, without its fraction of a second."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def parse_timestamp(value: str) -> datetime:
    """Return the time of a canonical text; raises ContractError, also for month 13 and the like."""
    TIMESTAMP.require_match(
        _TIMESTAMP,
        value,
        "RFC 3339 in UTC such as 2026-11-25T04:00:00Z",
        "RFC 3339的UTC时间，如2026-11-25T04:00:00Z",
    )
    return _moment(value, value)


def require_timestamp(value: str) -> str:
    """Return `value` if it is a canonical timestamp."""
    parse_timestamp(value)
    return value


def normalise_timestamp(value: str) -> str:
    """Return the canonical timestamp of a time with any offset, such as an event's `…T12:00:00.5+08:00`.

    The fraction of a second is left out.
    """
    match = TIMESTAMP.require_match(
        _ANY_OFFSET,
        value,
        "RFC 3339 with an offset such as 2026-11-25T12:00:00+08:00",
        "带时差的RFC 3339时间，如2026-11-25T12:00:00+08:00",
    )
    return format_timestamp(_moment(match[1] + match[2], value))


def timestamp_of(seconds: int) -> str:
    """Return the canonical timestamp of a number of Unix seconds."""
    try:
        return format_timestamp(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise _no_such_time(str(seconds)) from error


def unix_seconds(timestamp: str) -> int:
    """Return the Unix seconds of a canonical timestamp."""
    return int(parse_timestamp(timestamp).timestamp())


def parse_date(value: str) -> date:
    """Return the date of a text `YYYY-MM-DD`."""
    DAY.require_match(_DATE, value, "YYYY-MM-DD", "YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise DAY.refusal(
            "none", value, "is wrong: there is no such day", "有误：没有这一天"
        ) from error


def require_date(value: str) -> str:
    """Return `value` if it is a date, `YYYY-MM-DD`."""
    parse_date(value)
    return value


def beijing_day(timestamp: str) -> date:
    """Return the date in Beijing (UTC+8, no daylight saving) at that time."""
    return parse_timestamp(timestamp).astimezone(BEIJING).date()


def start_of_day(day: date) -> str:
    """Return the first second of a day in Beijing."""
    return format_timestamp(datetime(day.year, day.month, day.day, tzinfo=BEIJING))


def end_of_day(day: date) -> str:
    """Return the last second of a day in Beijing."""
    last = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=BEIJING)
    return format_timestamp(last)


def add_days(timestamp: str, days: int) -> str:
    """Return the same time of day, `days` calendar days later."""
    return format_timestamp(parse_timestamp(timestamp) + timedelta(days=days))


def add_seconds(timestamp: str, seconds: int) -> str:
    """Return the time that many seconds later."""
    return format_timestamp(parse_timestamp(timestamp) + timedelta(seconds=seconds))


def add_months(day: date, months: int) -> date:
    """Return the same day `months` months later, or the last of that month if it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def require_not_before(what: str, now: str, last: str) -> None:
    """Refuse a transaction whose time is before the last change of its record."""
    if now < last:
        raise Kind("time", what, what).refusal(
            "too-old",
            None,
            f"was last changed at {last}: a transaction of {now} is too old; submit it with the current time",
            f"上次变更于{last}：时间为{now}的交易过旧，请以当前时间重新提交",
            last=last,
            now=now,
        )


def _moment(text: str, value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _no_such_time(value) from error


def _no_such_time(value: str) -> ContractError:
    return TIMESTAMP.refusal("none", value, "is wrong: there is no such time", "有误：没有这个时间")


Timestamp = Annotated[str, AfterValidator(require_timestamp), TIMESTAMP.described]
"""A time in UTC: `2026-11-25T04:00:00Z`."""

Day = Annotated[str, AfterValidator(require_date), DAY.described]
"""A day: `2026-11-25`."""
