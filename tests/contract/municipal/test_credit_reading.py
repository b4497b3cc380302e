"""The contract `Sharing` reads the credit channel: for display, never for decisions."""

import json
from collections.abc import Sequence

import pytest

from pyfabric.chaincode import ContractError, Response, StateError
from tests.support.municipal.credit import FIRM, NUMBER, CreditChain
from tests.support.municipal.municipal import (
    ECON,
    HAI,
    MKT,
    City,
    offer,
)

NO_MEMBER = "Failed to get policy manager for channel [credit]"


class TwoChannels(City):
    """A city whose directory asks a credit chain; `asked` holds the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.credit = CreditChain()
        self.asked: list[Sequence[bytes]] = []
        self.member = True
        self.ledger = self.make_ledger(**{"credit/credit": self.answer})

    def answer(self, arguments: Sequence[bytes]) -> Response:
        self.asked.append(arguments)
        if not self.member:
            raise StateError(NO_MEMBER)
        function, *rest = [each.decode() for each in arguments]
        try:
            found = self.credit.ask(function.removeprefix("Credit:"), *rest)
        except ContractError as error:
            return Response(500, str(error), b"")
        return Response(200, "", json.dumps(found).encode())


@pytest.fixture
def city() -> TwoChannels:
    made = TwoChannels()
    made.found()
    made.publish()
    return made


def test_the_operators_penalties_as_read(city: TwoChannels) -> None:
    city.credit.published()
    request = city.apply(operator=FIRM)
    found = city.ask(MKT, "Sharing:operator_credit", request)
    assert (found["channel"], found["chaincode"]) == ("credit", "credit")
    answer = found["answer"]
    assert (answer["subject"], answer["day"]) == (FIRM, "2026-03-11")
    assert answer["read_at"] == answer["last_change"] == "2026-03-11T02:00:00Z"
    assert [each["decision"]["number"] for each in answer["penalties"]] == [NUMBER]


def test_a_department_outside_the_channel_hears_the_peers_words(city: TwoChannels) -> None:
    request = city.apply(operator=FIRM)
    city.member = False
    with pytest.raises(ContractError, match=r"INVOKE_CHAINCODE failed: .*channel \[credit\]"):
        city.ask(HAI, "Sharing:operator_credit", request)


def test_the_other_contracts_refusal_is_passed_on(city: TwoChannels) -> None:
    unknown = "91350200MA2YJ1XR9G"
    request = city.apply(operator=unknown)
    with pytest.raises(ContractError, match=f"there is no subject {unknown}"):
        city.ask(MKT, "Sharing:operator_credit", request)


def test_a_request_without_operator_has_nothing_to_show(city: TwoChannels) -> None:
    request = city.apply()
    with pytest.raises(ContractError, match="names no operator"):
        city.ask(MKT, "Sharing:operator_credit", request)
    with pytest.raises(ContractError, match="check character"):
        city.apply(operator="91110108MA01ABCD5A")


def test_no_step_depends_on_the_other_channel(city: TwoChannels) -> None:
    city.credit.published()
    request = city.apply(operator=FIRM)
    city.call(ECON, "Sharing:check", request)
    city.call(MKT, "Sharing:grant", request, offer())
    city.activate(request)
    city.deliver(request)
    assert city.asked == []
