"""Concurrent transactions: those that exclude each other conflict, others do not."""

import pytest

from pyfabric.chaincode import ContractError
from pyfabric.errors import ValidationCode
from tests.support.municipal.municipal import (
    CODE,
    ECON,
    HAI,
    MKT,
    USERS,
    City,
    application,
    description,
    offer,
)

VALID = ValidationCode.VALID
READ = ValidationCode.MVCC_READ_CONFLICT
PHANTOM = ValidationCode.PHANTOM_READ_CONFLICT


def together(city: City, *calls: tuple[object, ...]) -> list[ValidationCode]:
    """Endorse all calls (who, function, arguments…) on the same state, then commit them in order."""
    ran = [
        city.ledger.endorse(str(function), *arguments, as_=USERS[str(who)])
        for who, function, *arguments in calls
    ]
    return city.ledger.commit(ran)


def test_two_departments_claim_one_duty_at_once(city: City) -> None:
    claim = [{"id": "SHARED-001", "title": "t", "basis": "b"}]
    codes = together(
        city,
        (MKT, "Directory:claim_duties", "market", claim),
        (HAI, "Directory:claim_duties", "haidian", claim),
    )
    assert codes == [VALID, READ]
    assert city.ask(ECON, "Directory:read", "duty", "SHARED-001")["owner"] == MKT


def test_nothing_is_granted_while_its_resource_retires(shared: City) -> None:
    request = shared.checked()
    codes = together(
        shared,
        (MKT, "Sharing:grant", request, offer()),
        (MKT, "Directory:retire", CODE, "系统下线"),
    )
    assert codes == [VALID, PHANTOM]
    assert shared.resource()["state"] == "published"


def test_one_datum_submitted_by_two_departments_at_once_is_flagged(city: City) -> None:
    datum = [{"name": "a", "title": "a", "type": "string", "datum": "enterprise.address"}]
    other = "316001/000001"
    city.draft(MKT, description(CODE, MKT, fields=datum))
    city.draft(HAI, description(other, HAI, fields=datum))
    codes = together(
        city,
        (MKT, "Directory:submit", "market", [{"id": CODE}]),
        (HAI, "Directory:submit", "haidian", [{"id": other}]),
    )
    assert codes == [VALID, PHANTOM]
    city.take(HAI, "submit", other)
    assert city.resource(other)["duplicates"]


@pytest.mark.parametrize("number", [2, 10])
def test_independent_requests_do_not_collide(shared: City, number: int) -> None:
    calls = [(HAI, "Sharing:apply", application(purpose=f"业务{n}")) for n in range(number)]
    assert together(shared, *calls) == [VALID] * number


def test_deliveries_of_different_grants_do_not_collide(shared: City) -> None:
    grants = [shared.active(), shared.active()]
    calls = [(MKT, "Sharing:deliver", *shared.delivery(grant)) for grant in grants]
    assert together(shared, *calls) == [VALID, VALID]
    calls = [
        (MKT, "Directory:refresh", CODE, "2026-03-11T02:00:00Z", 5),
        (MKT, "Sharing:deliver", *shared.delivery(grants[0], "q2")),
    ]
    assert together(shared, *calls) == [VALID, VALID]


@pytest.mark.parametrize("place", [0, 4, 7], ids=["first", "between", "last"])
def test_an_emergency_hold_wins_against_activations_and_deliveries_at_once(
    shared: City, place: int
) -> None:
    active = shared.active()
    granted = [shared.checked() for _ in range(6)]
    for request in granted:
        shared.call(MKT, "Sharing:grant", request, offer())
    calls: list[tuple[object, ...]] = [(HAI, "Sharing:activate", request) for request in granted]
    calls.append((MKT, "Sharing:deliver", *shared.delivery(active)))
    calls.insert(place, (ECON, "Directory:hold", CODE, "紧急停用"))
    codes = together(shared, *calls)
    assert codes[place] == VALID
    delivered = codes[6 if place == 7 else 7]
    assert (delivered == VALID) == (place == 7)
    assert shared.resource()["state"] == "held"
    for grant in [request for request in granted if shared.grant(request)["state"] == "active"]:
        shared.call(MKT, "Sharing:lease_rows", grant, "w1", 10)
        with pytest.raises(ContractError, match="held"):
            shared.deliver(grant)
    with pytest.raises(ContractError, match="held"):
        shared.deliver(active, "q3")
