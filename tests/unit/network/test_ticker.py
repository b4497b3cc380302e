"""Who ticks which clock, when, and what a contract host is asked to run for it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_network.ticker import Problems, Ticked
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import Plan, make_plan

from pyfabric.errors import TopologyError
from tests.support.network.governed import DEPARTMENTS, governed_topology


def plan_of(folder: Path, *, ticking: bool) -> Plan:
    """Return the plan of the governed network."""
    topology = load_topology(governed_topology(folder, ticking=ticking))
    return make_plan(topology, folder, base_port=17000)


@given(st.integers(1, 20), st.integers(1, 3600), st.integers(0, 10**7))
def test_departments_tick_by_turns_in_the_first_half_of_a_slot(
    departments: int, length: int, number: int
) -> None:
    slot = number * length
    ticked = [
        Ticked(channel="c", chaincode="city", place=one, departments=departments)
        for one in range(departments)
    ]
    moments = [one.moment(slot, length) for one in ticked]
    assert min(moments) == slot
    assert max(moments) < slot + length / 2 or departments == 1
    assert len(set(moments)) == departments
    first = moments.index(slot)
    following = [one.moment(slot + length, length) for one in ticked]
    assert departments == 1 or following.index(slot + length) != first


def test_a_ticker_is_a_user_of_each_department_that_ticks_a_clock(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, ticking=True)
    for place, name in enumerate(DEPARTMENTS):
        department = plan.department(name)
        assert department.ticked == (("records", "city", place, len(DEPARTMENTS)),)
        assert department.users["ticker"].unit == "client"
        assert department.first_user == "governor"


def test_without_a_clock_there_is_no_ticker(tmp_path: Path) -> None:
    department = plan_of(tmp_path, ticking=False).department("Tax")
    assert department.ticked == ()
    assert "ticker" not in department.users


def test_the_name_of_the_ticker_is_taken(tmp_path: Path) -> None:
    file = governed_topology(tmp_path, ticking=True)
    file.write_text(file.read_text().replace("clerk: {}", "ticker: {}"))
    with pytest.raises(
        TopologyError, match="ticker: is made for every department that ticks a clock"
    ):
        load_topology(file)


def test_problems_of_channels_are_told_when_they_change() -> None:
    told: list[str | None] = []
    problems = Problems(told.append)
    problems.set("tax", None)
    problems.set("tax", "no peers")
    problems.set("tax", "no peers")
    problems.set("health", "denied")
    problems.set("tax", None)
    problems.set("health", None)
    assert told == [
        None,
        "channel tax: no peers",
        "channel tax: no peers; channel health: denied",
        "channel health: denied",
        None,
    ]
