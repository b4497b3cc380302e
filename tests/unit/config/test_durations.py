"""Go's durations, read and written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import ConfigError
from pyfabric.messages.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "nanoseconds", "again"),
    [
        ("2s", 2_000_000_000, "2s"),
        ("750ms", 750_000_000, "750ms"),
        ("90s", 90_000_000_000, "1m30s"),
        ("1m30s", 90_000_000_000, "1m30s"),
        ("1h", 3_600_000_000_000, "1h0m0s"),
        ("1.5s", 1_500_000_000, "1.5s"),
        (".5s", 500_000_000, "500ms"),
        ("1.s", 1_000_000_000, "1s"),
        ("+3us", 3_000, "3µs"),
        ("3μs", 3_000, "3µs"),
        ("1500ns", 1_500, "1.5µs"),
        ("7ns", 7, "7ns"),
        ("0", 0, "0s"),
        ("0s", 0, "0s"),
        ("-0", 0, "0s"),
        ("1h0.5s", 3_600_500_000_000, "1h0m0.5s"),
    ],
)
def test_as_go_reads_and_writes(text: str, nanoseconds: int, again: str) -> None:
    assert parse_duration(text) == nanoseconds
    assert format_duration(nanoseconds) == again


def test_negative() -> None:
    assert parse_duration("-1.5s") == -1_500_000_000
    assert format_duration(-1_500_000_000) == "-1.5s"
    assert parse_duration("-9223372036854775808ns") == -(1 << 63)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", 'time: invalid duration ""'),
        ("-", 'time: invalid duration "-"'),
        ("soon", 'time: invalid duration "soon"'),
        ("500", 'time: missing unit in duration "500"'),
        ("1h5", 'time: missing unit in duration "1h5"'),
        ("s", 'time: invalid duration "s"'),
        (".s", 'time: invalid duration ".s"'),
        ("1.2.3s", 'time: missing unit in duration "1.2.3s"'),
        ("--1s", 'time: invalid duration "--1s"'),
        ("1s.", 'time: invalid duration "1s."'),
        ("1 s", 'time: unknown unit " s" in duration "1 s"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ("1s ", 'time: unknown unit "s " in duration "1s "'),
        ('1"s', 'time: unknown unit "\\"s" in duration "1\\"s"'),
        ("１s", 'time: invalid duration "\\xef\\xbc\\x91s"'),
        ("9999999h", 'time: invalid duration "9999999h"'),
        ("9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"'),
        ("99999999999999999999ns", 'time: invalid duration "99999999999999999999ns"'),
    ],
)
def test_what_go_refuses(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_duration(text)
    assert str(caught.value) == problem


@given(st.integers(0, 2**63 - 1))
def test_what_is_written_is_read_back(nanoseconds: int) -> None:
    assert parse_duration(format_duration(nanoseconds)) == nanoseconds
