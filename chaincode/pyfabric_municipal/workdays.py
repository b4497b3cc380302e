"""Working days by the calendar that the manager keeps on the ledger, never by the wall clock.

A year's calendar names the holidays that fall on weekdays and the weekend days that are worked
(make-up days). A year without a calendar stops the count: guessing would give two due dates.
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
        """Whether offices work on that day of this year."""
        text = day.isoformat()
        if text in self.make_up_days:
            return True
        return day.weekday() < _SATURDAY and text not in self.holidays


def due_after(received: str, days: int, calendar: Callable[[int], YearCalendar]) -> str:
    """The end of the `days`-th working day after the day of `received`, in Beijing.

    `calendar` gives a year's calendar or raises ContractError when the manager has set none.
    """
    if days < 1:
        raise ContractError(f"a time limit of {days} working days is not a limit")
    day = beijing_day(received)
    while days:
        day += timedelta(days=1)
        days -= calendar(day.year).is_working_day(day)
    return end_of_day(day)
