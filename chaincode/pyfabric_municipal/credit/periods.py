"""Periods of queries: from a day to another one, at most a year."""

from datetime import date
from typing import Final

from pyfabric_municipal.common.refusals import Rule
from pyfabric_municipal.common.values import add_months, parse_date
from pyfabric_municipal.credit.decisions import CONTRACT

MOST_MONTHS: Final = 12

PERIOD = Rule(
    "period",
    "期间{since}至{until}无效：须为一年以内",
    "the period from {since} to {until} is not one of at most a year",
)


def months_of_period(since: str, until: str) -> list[str]:
    """Return the months that a period touches, as `YYYY-MM`; refuses one that is longer than a year."""
    first, last = parse_date(since), parse_date(until)
    if not first <= last < add_months(first, MOST_MONTHS):
        raise PERIOD.refusal({"since": since, "until": until}, contract=CONTRACT)
    start = date(first.year, first.month, 1)
    months = (add_months(start, number) for number in range(MOST_MONTHS + 1))
    return [f"{month:%Y-%m}" for month in months if month <= last]
