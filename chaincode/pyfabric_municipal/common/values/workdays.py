"""Working days, by the calendar on the ledger that the manager maintains.

A year's calendar names the holidays that fall on weekdays and the weekend days on which offices work
(make-up days). Without a calendar for the year, counting raises an error: peers must not guess.
"""

from collections.abc import Callable
from datetime import date, timedelta

from pydantic import field_validator, model_validator

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values.kinds import Kind
from pyfabric_municipal.common.values.models import Model
from pyfabric_municipal.common.values.quantities import Count
from pyfabric_municipal.common.values.timestamps import beijing_day, end_of_day, parse_date

CALENDAR = Kind("calendar", "calendar", "工作日历")
_SATURDAY = 5


class YearCalendar(Model):
    """One year's exceptions to Monday-to-Friday, each `YYYY-MM-DD`, sorted."""

    year: Count
    holidays: tuple[str, ...] = ()
    make_up_days: tuple[str, ...] = ()

    @field_validator("holidays", "make_up_days")
    @classmethod
    def _sorted(cls, days: tuple[str, ...]) -> tuple[str, ...]:
        if list(days) != sorted(set(days)):
            raise CALENDAR.refusal(
                "order", None, "days must be sorted and each named once", "的日期须升序且不重复"
            )
        return days

    @model_validator(mode="after")
    def _consistent(self) -> "YearCalendar":
        for text in self.holidays + self.make_up_days:
            if parse_date(text).year != self.year:
                raise self._refusal("year", f"{text} is in another year", f"{text}不在该年")
        for text in self.make_up_days:
            if parse_date(text).weekday() < _SATURDAY:
                raise self._refusal(
                    "weekday", f"make-up day {text} is a weekday", f"调休上班日{text}不是周末"
                )
        if both := sorted(set(self.holidays) & set(self.make_up_days)):
            raise self._refusal(
                "both",
                f"{both[0]} is a holiday and a make-up day",
                f"{both[0]}既是假日又是调休上班日",
            )
        return self

    def _refusal(self, fault: str, text: str, zh: str) -> ContractError:
        return CALENDAR.refusal(fault, str(self.year), f"is wrong: {text}", f"有误：{zh}")

    def is_working_day(self, day: date) -> bool:
        """Return whether offices work on that day of this year."""
        text = day.isoformat()
        if text in self.make_up_days:
            return True
        return day.weekday() < _SATURDAY and text not in self.holidays


def due_after(received: str, days: int, calendar: Callable[[int], YearCalendar]) -> str:
    """Return the end of the `days`-th working day after the day of `received`, in Beijing.

    `calendar` returns a year's calendar, or raises ContractError where there is none.
    """
    if days < 1:
        raise CALENDAR.refusal(
            "limit",
            None,
            f"cannot count {days} working days, a limit that is too short: use 1 or more",
            f"无法计算{days}个工作日的期限：至少为1",
            days=days,
        )
    day = beijing_day(received)
    while days:
        day += timedelta(days=1)
        days -= calendar(day.year).is_working_day(day)
    return end_of_day(day)


def working_days_between(first: date, last: date, calendar: Callable[[int], YearCalendar]) -> int:
    """Return how many working days there are after `first`, up to and with `last`."""
    days = (first + timedelta(days=passed) for passed in range(1, (last - first).days + 1))
    return sum(calendar(day.year).is_working_day(day) for day in days)
