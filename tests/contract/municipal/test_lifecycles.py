"""Life cycle tables: every state can be reached, and every row is for its roles only."""

from typing import Any

import pytest
from pyfabric_municipal.directory.description import Description
from pyfabric_municipal.directory.records import Resource
from pyfabric_municipal.grants import GRANT_LIFECYCLE
from pyfabric_municipal.lifecycle import MANAGER, NEW, PROVIDER, USER, Actor, Lifecycle, Transition
from pyfabric_municipal.receipts import RECEIPT_LIFECYCLE
from pyfabric_municipal.records import Tracked
from pyfabric_municipal.reports import REPORT_LIFECYCLE
from pyfabric_municipal.requests import REQUEST_LIFECYCLE, Application, Request, RequestFacts

from pyfabric.chaincode import ContractError
from tests.support.municipal.municipal import CODE, ECON, HAI, MKT, USCC, application, description

TABLES: dict[str, Lifecycle[Any, Any]] = {
    "request": REQUEST_LIFECYCLE,
    "grant": GRANT_LIFECYCLE,
    "receipt": RECEIPT_LIFECYCLE,
    "report": REPORT_LIFECYCLE,
}
FINAL = {
    "request": {"granted", "withdrawn"},
    "grant": {"expired", "revoked", "exhausted"},
    "receipt": {"confirmed", "disputed"},
    "report": {"corrected", "rejected"},
}
MSP_OF = {
    MANAGER: "ManagerMSP",
    PROVIDER: "ProviderMSP",
    USER: "UserMSP",
}
AT = "2026-03-11T02:00:00Z"


class Thing(Tracked):
    """A record with all roles."""

    KIND = "thing"

    def key(self) -> tuple[str, ...]:
        return ("1",)

    def parties(self) -> dict[str, str]:
        return {role: msp_id for role, msp_id in MSP_OF.items() if role != MANAGER}


def thing(state: str) -> Thing:
    return Thing(state=state, updated=AT, updated_by="UserMSP")


def unguarded(row: Transition[Any, Any]) -> Lifecycle[Thing, None]:
    return Lifecycle(Transition(row.action, row.sources, row.target, row.by, (), row.needs_reason))


ROWS = [
    pytest.param(row, id=f"{name}-{row.action}")
    for name, table in TABLES.items()
    for row in table.transitions.values()
]


@pytest.mark.parametrize("name", TABLES)
def test_every_state_is_reached_and_left_unless_final(name: str) -> None:
    rows = TABLES[name].transitions.values()
    reached = {NEW}
    while more := {
        row.target for row in rows if reached & set(row.sources) and row.target not in reached
    }:
        reached |= more
    left = {source for row in rows for source in row.sources}
    assert left <= reached
    assert reached - left == FINAL[name]


@pytest.mark.parametrize("row", ROWS)
def test_only_its_roles_may_take_a_step(row: Transition[Any, Any]) -> None:
    table = unguarded(row)
    for role, msp_id in (*MSP_OF.items(), ("nobody", "OtherMSP")):
        actor = Actor(msp_id, AT, MSP_OF[MANAGER])
        if role in row.by:
            after = table.apply(thing(row.sources[0]), row.action, actor, None, "reason")
            assert (after.state, after.updated_by) == (row.target, msp_id)
        else:
            with pytest.raises(ContractError, match=f"is for the .* caller is of {msp_id}"):
                table.apply(thing(row.sources[0]), row.action, actor, None, "reason")


@pytest.mark.parametrize("row", ROWS)
def test_a_step_is_possible_in_its_states_only(row: Transition[Any, Any]) -> None:
    actor = Actor(MSP_OF[row.by[0]], AT, MSP_OF[MANAGER])
    with pytest.raises(ContractError, match=f"thing 1 is elsewhere: {row.action} is possible only"):
        unguarded(row).apply(thing("elsewhere"), row.action, actor, None, "reason")


@pytest.mark.parametrize("row", ROWS)
def test_reasons_are_asked_for_where_the_table_says(row: Transition[Any, Any]) -> None:
    actor = Actor(MSP_OF[row.by[0]], AT, MSP_OF[MANAGER])
    if not row.needs_reason:
        assert unguarded(row).apply(thing(row.sources[0]), row.action, actor, None)
        return
    for reason in ("", "  "):
        with pytest.raises(ContractError, match="needs a reason"):
            unguarded(row).apply(thing(row.sources[0]), row.action, actor, None, reason)


def test_a_step_may_not_be_older_than_the_last() -> None:
    row = Transition[Thing, None]("go", ("a",), "b", (USER,))
    early = Actor("UserMSP", "2026-03-11T01:59:59Z", "ManagerMSP")
    with pytest.raises(ContractError, match="last changed at 2026-03-11T02:00:00Z"):
        Lifecycle(row).apply(thing("a"), "go", early, None)


def test_the_table_itself_keeps_the_provider_in_and_terms_named() -> None:
    """Check steps that the contract never makes: the table refuses them too."""
    known = Description.model_validate(description())
    resource = Resource(
        state="published",
        updated=AT,
        updated_by=MKT,
        id=CODE,
        revision=3,
        schema_version=1,
        meets=1,
        provider=MKT,
        version=1,
        promised_since=1,
        field_since=dict.fromkeys(known.field_names(), 1),
        description=known,
        schema_digest=known.schema_digest(),
    )
    request = Request(
        state="applied",
        updated=AT,
        updated_by=HAI,
        id="r",
        application=Application.model_validate(application()),
        user=HAI,
        provider=MKT,
        applied=AT,
    )
    facts = RequestFacts(AT, resource, USCC[HAI])
    manager, provider = Actor(ECON, AT, ECON), Actor(MKT, AT, ECON)
    with pytest.raises(ContractError, match="not shared unconditionally: its provider decides"):
        REQUEST_LIFECYCLE.apply(request, "grant_open", manager, facts)
    checked = REQUEST_LIFECYCLE.apply(request, "pass_on", manager, facts)
    with pytest.raises(ContractError, match="no terms are named"):
        REQUEST_LIFECYCLE.apply(checked, "grant", provider, facts)


def test_two_rows_of_one_action_are_refused() -> None:
    row = Transition[Thing, None]("go", ("a",), "b", (USER,))
    with pytest.raises(ValueError, match="one action"):
        Lifecycle(row, row)
