"""Go's durations, read and written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.core.durations import format_duration, parse_duration
from pyfabric.errors import ConfigError


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


@pytest.mark.parametrize(
    "text", ["", "soon", "500", "1", "s", "1 s", "1d", "--1s", ".s", "1s ", "１s"]
)
def test_what_go_refuses(text: str) -> None:
    with pytest.raises(ConfigError, match="not a duration"):
        parse_duration(text)


def test_longer_than_go_can_hold() -> None:
    with pytest.raises(ConfigError, match="292 years"):
        parse_duration("9999999h")


@given(st.integers(0, 2**63 - 1))
def test_what_is_written_is_read_back(nanoseconds: int) -> None:
    assert parse_duration(format_duration(nanoseconds)) == nanoseconds
