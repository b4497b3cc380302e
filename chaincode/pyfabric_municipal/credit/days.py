"""Days in Beijing by the channel's clock, as the steps of credit count them."""

from datetime import date, timedelta
from typing import Any

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.values import beijing_day, start_of_day, timestamp_of


def today(call: Call[Any]) -> date:
    """Return the day of the proposal, whose time the channel's clock admits."""
    return beijing_day(timestamp_of(call.clock.proposal))


def has_come(call: Call[Any], day: date) -> bool:
    """Return whether a day has surely begun, by the channel's clock."""
    return call.is_due(start_of_day(day))


def end_of_publication(last: date) -> str:
    """Return the first moment after a last day."""
    return start_of_day(last + timedelta(days=1))
