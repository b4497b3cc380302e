"""Roles beyond what generated tests look at: successors of departments, and organisations without a peer."""

import json
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from pyfabric_municipal.common.contract import CityContract
from pyfabric_municipal.common.governance import Clock, Department, FixedGovernance, Governance
from pyfabric_municipal.common.records import NEW, Tracked
from pyfabric_municipal.common.roles import Appointed, MemberRole, Role
from pyfabric_municipal.common.steps import Changes, step
from pyfabric_municipal.common.testing.stage import Stage, certificate
from pyfabric_municipal.common.testing.stories import Person
from pyfabric_municipal.common.values import ResourceCode

from pyfabric.chaincode import Chaincode, Context, ContractError
from pyfabric.chaincode.testing import TestLedger
from tests.support.municipal.example_story import BANK, ECO, GOVERNANCE, HEALTH, PEOPLE, STORY


def merged(into: str) -> Stage:
    """Return a ledger on which the department Eco has become part of another one."""
    eco = Department(ECO, "", "Eco", "110000", state="merged", successor=into)
    return Stage(replace(STORY, governance=replace(GOVERNANCE, departments=(eco,))))


def test_the_successor_of_a_department_has_its_role() -> None:
    stage = merged("BureauMSP")
    stage.reach("apply")
    successor = Person("BureauMSP", {"role": "reviewer", "staff": "1007"})
    assert stage.take("agree", by=successor)["state"] == "review"
    assert stage.take("agree", by=PEOPLE["health"])["state"] == "granted"


def test_the_successor_of_a_department_takes_from_its_leases() -> None:
    stage = merged("BureauMSP")
    of_eco = Person(ECO, {"role": "clerk", "staff": "2005"})
    stage.reach("grant")
    stage.take("lease_rows", by=of_eco)
    delivery = {"of": ECO, "rows": 10}
    assert stage.take("deliver", arguments=delivery)["state"] == "written"
    with pytest.raises(ContractError) as refused:
        stage.take("deliver", record_id="D2", arguments={"of": HEALTH})
    assert refused.value.code == "not-successor"


def test_a_circle_of_successors_gives_nobody_the_role() -> None:
    stage = merged(ECO)
    stage.reach("apply")
    stranger = Person("BureauMSP", {"role": "reviewer", "staff": "1007"})
    with pytest.raises(ContractError) as refused:
        stage.take("agree", by=stranger)
    assert refused.value.code == "role"


@pytest.mark.parametrize(
    ("msp_id", "uscc"),
    [(HEALTH, BANK), ("BureauMSP", "91110108MA00C1D24K")],
    ids=["another CA", "an unknown organisation"],
)
def test_an_organisation_is_certified_by_the_ca_of_one_department(msp_id: str, uscc: str) -> None:
    banker = Person(msp_id, {"role": "loans", "staff": "9001", "uscc": uscc})
    with pytest.raises(ContractError) as refused:
        Stage(STORY).take("open_loan", by=banker)
    assert refused.value.code == "role"


def test_an_organisation_does_not_act_on_what_is_of_another() -> None:
    other = "91110108MA01ABCD5U"
    governance = replace(GOVERNANCE, certifiers={BANK: "BureauMSP", other: "BureauMSP"})
    stage = Stage(replace(STORY, governance=governance))
    stage.reach("open_loan")
    banker = Person("BureauMSP", {"role": "loans", "staff": "9002", "uscc": other})
    with pytest.raises(ContractError) as refused:
        stage.take("release", by=banker)
    assert refused.value.code == "role"


def test_the_steps_of_a_compromised_key_are_found_by_its_id() -> None:
    stage = Stage(STORY)
    stage.reach("object")
    who = certificate(PEOPLE["clerk"])
    history = json.loads(stage.ledger.evaluate("Example:history", "application", "A1", as_=who))
    key = history[0]["by"]["key"]

    def signed(since: str) -> list[str]:
        found = stage.ledger.evaluate("Example:signed_with", key, since, 10, "", as_=who)
        return [f"{one['kind']} {one['id']} {one['number']}" for one in json.loads(found)["items"]]

    assert signed("2026-03-11T02:00:00Z") == ["application A1 1"]
    assert signed("2026-03-11T02:00:01Z") == []


class Entry(Tracked):
    """A resource that a department enters, by its code."""

    KIND: ClassVar[str] = "entry"
    ID_TYPE: ClassVar[Any] = ResourceCode


class Register(CityContract):
    """A register whose manager the city's departments appoint."""

    name = "Register"
    RECORDS = (Entry,)

    def governance_of(self, ctx: Context) -> Governance:
        """Return two departments, of which Health manages the register; Bureau has left."""
        return FixedGovernance(
            now=Clock(0, 0),
            departments=(
                Department(ECO, "", "Eco", "110000"),
                Department(HEALTH, "", "Health", "110000"),
                Department("BureauMSP", "", "Bureau", "110000", state="left"),
            ),
            roles={("register", "manager"): (HEALTH,)},
        )

    @step(Entry, NEW, "entered", by=MemberRole("member", "成员部门"))
    def enter(self, call: Any) -> Changes:
        """Enter a resource."""

    @step(Entry, "entered", "published", by=Role("manager", "管理部门", Appointed("manager")))
    def publish(self, call: Any) -> Changes:
        """Publish a resource."""


@pytest.fixture
def register() -> TestLedger:
    """Provide an empty register."""
    return TestLedger(Chaincode([Register()]))


def staff(msp_id: str) -> Any:
    return certificate(Person(msp_id, {"staff": "1"}))


@pytest.mark.parametrize("msp_id", ["BureauMSP", "StrangerMSP"], ids=["left", "never registered"])
def test_only_departments_that_the_city_has_are_members(register: TestLedger, msp_id: str) -> None:
    with pytest.raises(ContractError) as refused:
        register.submit("enter", "102001/1", as_=staff(msp_id))
    assert refused.value.code == "role"
    register.submit("enter", "102001/1", as_=staff(ECO))


def test_who_is_appointed_in_the_citys_register_has_the_role(register: TestLedger) -> None:
    register.submit("enter", "102001/1", as_=staff(ECO))
    with pytest.raises(ContractError) as refused:
        register.submit("publish", "102001/1", as_=staff(ECO))
    assert refused.value.code == "role"
    register.submit("publish", "102001/1", as_=staff(HEALTH))


def test_an_id_has_one_spelling_in_steps_and_in_queries(register: TestLedger) -> None:
    register.submit("enter", "102001/1", as_=staff(ECO))
    for written in ("102001/1", "102001/01", "102001/000001"):
        with pytest.raises(ContractError) as refused:
            register.submit("enter", written, as_=staff(HEALTH))
        assert refused.value.code == "exists"
        assert refused.value.facts["holder"] == ECO
        found = json.loads(register.evaluate("read", "entry", written, as_=staff(ECO)))
        assert found["id"] == "102001/000001"
    with pytest.raises(ContractError):
        register.evaluate("read", "entry", "１02001/1", as_=staff(ECO))
