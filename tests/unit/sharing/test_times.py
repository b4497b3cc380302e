"""How far deadlines on two channels lie apart, and when used requests may be forgotten."""

import pytest

from pyfabric.sharing.times import deadline_margin, may_forget, require_margin


def test_deadlines_differ_by_an_hour_with_slots_of_a_minute() -> None:
    assert deadline_margin() == 3600
    assert deadline_margin(slot=10, ordering_allowance=5) == 105


def test_a_margin_is_demanded() -> None:
    require_margin(100, 3700, 3600)
    with pytest.raises(ValueError, match="lie 3599 s apart: at least 3600 s"):
        require_margin(101, 3700, 3600)


def test_a_used_request_is_kept_until_nothing_in_flight_can_use_it() -> None:
    assert not may_forget(not_after=1000, now=4600, margin=3600)
    assert may_forget(not_after=1000, now=4601, margin=3600)
