"""What a transaction knows of its channel: the clock's two comparisons, and the double that tests use."""

from datetime import date

import pytest
from pyfabric_municipal.common.governance import Clock, CodeList, FixedGovernance

from pyfabric.chaincode import ContractError


def test_a_moment_is_certain_only_once_a_slot_has_begun_after_it() -> None:
    clock = Clock(begun=120, proposal=170)
    assert clock.not_before(120)
    assert not clock.not_before(121)
    assert clock.not_after(170)
    assert not clock.not_after(169)


def test_a_gap_between_versions_of_a_code_list_refuses() -> None:
    old = CodeList("waste", 1, date(2016, 8, 1), date(2021, 1, 1), {"831-001-01": "old"})
    new = CodeList("waste", 2, date(2021, 2, 1), None, {"841-001-01": "new"})
    city = FixedGovernance(code_lists=(old, new))
    assert city.code_list("waste", date(2020, 12, 31)) is old
    assert city.code_list("waste", date(2025, 1, 1)) is new
    with pytest.raises(ContractError, match="waste has no version for 2021-01-31"):
        city.code_list("waste", date(2021, 1, 31))


def test_what_is_not_set_is_refused() -> None:
    city = FixedGovernance(parameters={("waste", "acceptance-days"): 5})
    assert city.parameter("waste", "acceptance-days") == 5
    with pytest.raises(ContractError, match="parameter tolerance of waste is not set"):
        city.parameter("waste", "tolerance")
    with pytest.raises(ContractError, match="no calendar of 2027"):
        city.calendar(2027)
