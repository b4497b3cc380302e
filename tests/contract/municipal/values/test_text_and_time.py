"""Free text, timestamps and working days: what is refused, and how days are counted."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_municipal.catalogue import bundled_calendars
from pyfabric_municipal.common.values.text import MAX_TEXT, require_text
from pyfabric_municipal.common.values.timestamps import (
    add_days,
    beijing_day,
    end_of_day,
    format_timestamp,
    normalise_timestamp,
    parse_date,
    parse_timestamp,
    require_not_before,
    start_of_day,
    timestamp_of,
    unix_seconds,
)
from pyfabric_municipal.common.values.workdays import (
    YearCalendar,
    due_after,
    working_days_between,
)

from pyfabric.chaincode import ContractError

RESIDENT = json.loads((Path(__file__).parents[3] / "vectors" / "domain.json").read_text())[
    "resident_id"
]
CALENDARS = {calendar.year: calendar for calendar in bundled_calendars()}


def calendar_of(year: int) -> YearCalendar:
    if year not in CALENDARS:
        raise ContractError(f"there is no calendar of {year}")
    return CALENDARS[year]


@pytest.mark.parametrize("text", ["审核", "a b", "（全角）括号", "𠀀", "第3号〔2020〕", "é"])
def test_text_that_is_kept_as_it_is(text: str) -> None:
    assert require_text("reason", text) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "reason is empty"),
        (" \t", "reason is empty"),
        ("a ", "begins or ends with a space"),
        ("a\u200bb", "holds the invisible .*ZERO WIDTH SPACE"),
        ("a\u2066b", "invisible"),
        ("邉\U000e0100", "invisible"),
        ("a\u202eb", "RIGHT-TO-LEFT OVERRIDE"),
        ("a\nb", "invisible"),
        ("a\x00b", "invisible"),
        ("e\u0301", "normal form C"),
        ("x" * (MAX_TEXT + 1), "more than 2000"),
        ("电话13800138000", "mobile number"),
    ],
)
def test_text_that_is_refused(text: str, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        require_text("reason", text)


@pytest.mark.parametrize("resident", RESIDENT["valid"])
def test_resident_ids_never_enter_public_text(resident: str) -> None:
    with pytest.raises(ContractError, match="resident ID"):
        require_text("reason", f"查询{resident}的记录")


def test_a_number_that_only_looks_like_a_resident_id_may_stay() -> None:
    assert require_text("reason", "文件110105194912310021号")


@pytest.mark.parametrize(
    "text",
    [
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00+08:00",
        "2026-01-01T00:00:00.5Z",
        "2026-01-01 00:00:00Z",
        "２026-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z\n",
    ],
)
def test_timestamps_have_one_spelling(text: str) -> None:
    with pytest.raises(ContractError, match="timestamp"):
        parse_timestamp(text)


EAST = st.just(timezone(timedelta(hours=8)))


@given(st.datetimes(timezones=EAST).filter(lambda moment: 1 < moment.year < 9999))
def test_timestamps_come_back_without_their_fraction(moment: datetime) -> None:
    assert parse_timestamp(format_timestamp(moment)) == moment.replace(microsecond=0)


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_timestamps_sort_as_moments(one: datetime, other: datetime) -> None:
    texts = [format_timestamp(each) for each in (one, other)]
    whole = [each.replace(microsecond=0) for each in (one, other)]
    assert (texts[0] < texts[1]) == (whole[0] < whole[1])


@given(st.integers(-62_135_596_800, 253_402_300_799))
def test_unix_seconds_come_back(seconds: int) -> None:
    assert unix_seconds(timestamp_of(seconds)) == seconds


@pytest.mark.parametrize("seconds", [253_402_300_800, -62_135_596_801, 10**30])
def test_seconds_beyond_the_years_of_four_digits_are_refused(seconds: int) -> None:
    with pytest.raises(ContractError, match="there is no such time"):
        timestamp_of(seconds)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("2026-11-25T12:00:00+08:00", "2026-11-25T04:00:00Z"),
        ("2026-11-25T12:00:00.999-06:30", "2026-11-25T18:30:00Z"),
        ("2026-11-25T04:00:00Z", "2026-11-25T04:00:00Z"),
        ("2026-01-01T00:00:00+14:00", "2025-12-31T10:00:00Z"),
    ],
)
def test_times_with_an_offset(text: str, kept: str) -> None:
    assert normalise_timestamp(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-25T12:00:00",
        "2026-11-25T12:00:00+15:00",
        "2026-11-25T12:00:00+0800",
        "2026-02-30T12:00:00+08:00",
        "2026-11-25T12:00:00.1234567890Z",
        "0001-01-01T00:00:00+08:00",
    ],
)
def test_times_with_an_offset_that_are_refused(text: str) -> None:
    with pytest.raises(ContractError, match="timestamp"):
        normalise_timestamp(text)


@given(st.dates(date(2, 1, 1), date(9998, 1, 1)))
def test_a_day_in_beijing_has_a_first_and_a_last_second(day: date) -> None:
    first, last = start_of_day(day), end_of_day(day)
    assert unix_seconds(last) - unix_seconds(first) == 86_399
    assert beijing_day(first) == beijing_day(last) == day


def test_days_are_beijing_days() -> None:
    assert beijing_day("2026-03-11T15:59:59Z") == date(2026, 3, 11)
    assert beijing_day("2026-03-11T16:00:00Z") == date(2026, 3, 12)
    assert add_days("2026-02-28T16:00:00Z", 1) == "2026-03-01T16:00:00Z"


@pytest.mark.parametrize("text", ["2026-02-29", "20260101", "2026-1-1"])
def test_dates_have_one_spelling(text: str) -> None:
    with pytest.raises(ContractError, match="date"):
        parse_date(text)


def test_time_does_not_run_backwards() -> None:
    require_not_before("request", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
    with pytest.raises(ContractError, match="is too old"):
        require_not_before("request", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z")


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        ("2026-03-11T02:00:00Z", 1, "2026-03-12T15:59:59Z"),
        ("2026-03-12T02:00:00Z", 2, "2026-03-16T15:59:59Z"),
        # 16:30 UTC is the next day in Beijing.
        ("2026-03-11T16:30:00Z", 1, "2026-03-13T15:59:59Z"),
        # Spring Festival: Friday 13 February, then Saturday 14 is worked, 15 to 23 are not.
        ("2026-02-13T02:00:00Z", 2, "2026-02-24T15:59:59Z"),
        # National holiday: 20 September (Sunday) is worked before, 10 October (Saturday) after.
        ("2026-09-30T02:00:00Z", 3, "2026-10-10T15:59:59Z"),
        # Over the year's end.
        ("2026-12-31T02:00:00Z", 1, "2027-01-04T15:59:59Z"),
    ],
)
def test_due_dates(received: str, days: int, due: str) -> None:
    assert due_after(received, days, calendar_of) == due


def test_a_year_without_calendar_gives_no_due_date() -> None:
    with pytest.raises(ContractError, match="no calendar of 2028"):
        due_after("2027-12-31T02:00:00Z", 1, calendar_of)


def test_a_limit_of_no_days_is_refused() -> None:
    with pytest.raises(ContractError, match="0 working days, a limit that is too short"):
        due_after("2026-03-11T02:00:00Z", 0, calendar_of)


@given(st.dates(date(2026, 1, 1), date(2027, 6, 1)), st.integers(1, 40))
def test_between_receipt_and_due_lie_exactly_the_days(day: date, days: int) -> None:
    received = f"{day}T02:00:00Z"
    due = beijing_day(due_after(received, days, calendar_of))
    between = [day + timedelta(days=n) for n in range(1, (due - day).days + 1)]
    assert sum(calendar_of(each.year).is_working_day(each) for each in between) == days
    assert calendar_of(due.year).is_working_day(due)


@given(st.dates(date(2026, 1, 1), date(2027, 6, 1)), st.integers(1, 40))
def test_working_days_are_counted_as_they_are_due(day: date, days: int) -> None:
    due = beijing_day(due_after(f"{day}T02:00:00Z", days, calendar_of))
    assert working_days_between(day, due, calendar_of) == days
    assert working_days_between(due, day, calendar_of) == 0


@pytest.mark.parametrize(
    ("holidays", "make_up", "message"),
    [
        (["2027-01-01"], [], "2027-01-01 is in another year"),
        ([], ["2026-03-11"], "make-up day 2026-03-11 is a weekday"),
        (["2026-03-14"], ["2026-03-14"], "is a holiday and a make-up day"),
        (["2026-03-12", "2026-03-11"], [], "sorted"),
        (["2026-03-12", "2026-03-12"], [], "each named once"),
    ],
)
def test_calendars_that_are_refused(holidays: list[str], make_up: list[str], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        YearCalendar.model_validate({"year": 2026, "holidays": holidays, "make_up_days": make_up})
