"""Working days, by the calendar on the ledger that the manager maintains.

A year's calendar names the holidays that fall on weekdays and the weekend days on which offices work
(make-up days). Without a calendar for the year, counting raises an error: peers must not guess.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import ClassVar

from pydantic import field_validator, model_validator

from pyfabric.chaincode import ContractError
from pyfabric_municipal.records import Count, Record
from pyfabric_municipal.timestamps import beijing_day, end_of_day, parse_date

_SATURDAY = 5


class YearCalendar(Record):
    """One year's exceptions to Monday-to-Friday, each `YYYY-MM-DD`, sorted."""

    KIND: ClassVar[str] = "calendar"

    year: Count
    holidays: tuple[str, ...] = ()
    make_up_days: tuple[str, ...] = ()

    def key(self) -> tuple[str, ...]:
        return (f"{self.year:04}",)

    @field_validator("holidays", "make_up_days")
    @classmethod
    def _sorted(cls, days: tuple[str, ...]) -> tuple[str, ...]:
        if list(days) != sorted(set(days)):
            raise ContractError("calendar days must be sorted and each named once")
        return days

    @model_validator(mode="after")
    def _consistent(self) -> "YearCalendar":
        for text in self.holidays + self.make_up_days:
            if parse_date(text).year != self.year:
                raise ContractError(f"calendar of {self.year}: {text} is in another year")
        for text in self.make_up_days:
            if parse_date(text).weekday() < _SATURDAY:
                raise ContractError(f"calendar of {self.year}: make-up day {text} is a weekday")
        if both := sorted(set(self.holidays) & set(self.make_up_days)):
            raise ContractError(
                f"calendar of {self.year}: {both[0]} is a holiday and a make-up day"
            )
        return self

    def is_working_day(self, day: date) -> bool:
        """Return whether offices work on that day of this year."""
        text = day.isoformat()
        if text in self.make_up_days:
            return True
        return day.weekday() < _SATURDAY and text not in self.holidays


def due_after(received: str, days: int, calendar: Callable[[int], YearCalendar]) -> str:
    """Return the end of the `days`-th working day after the day of `received`, in Beijing.

    `calendar` returns a year's calendar, or raises ContractError when the manager has not set it.
    """
    if days < 1:
        raise ContractError(f"a time limit of {days} working days is too short: use 1 or more")
    day = beijing_day(received)
    while days:
        day += timedelta(days=1)
        days -= calendar(day.year).is_working_day(day)
    return end_of_day(day)
