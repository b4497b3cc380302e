"""What a step asks of `city`: one call for all that its declaration names, with the results of the single queries."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from pyfabric_municipal.common.expecting import questions
from pyfabric_municipal.common.governance import Clock, Governance, city_of
from pyfabric_municipal.common.testing.stage import certificate
from pyfabric_municipal.common.values.workdays import YearCalendar
from pyfabric_municipal.funding.contract import Funding

from pyfabric.chaincode import (
    Chaincode,
    ClientIdentity,
    Context,
    Contract,
    ContractError,
    Response,
    query,
)
from pyfabric.chaincode.testing import TestLedger
from tests.support.municipal.example_story import BANK, PEOPLE, STORY
from tests.support.municipal.governed import CLERKS, Governed, item
from tests.support.municipal.municipal import ECON, MKT, START

EXPECTED = (
    ("clock",),
    ("parameter", "waste", "acceptance-days"),
    ("parameter", "waste", "tolerance"),
    ("role", "waste", "supervisor"),
    ("role", "waste", "nobody"),
    ("department", MKT),
    ("department", "NobodyMSP"),
    ("certifier", BANK),
    ("calendar", "2026"),
    ("code_list", "waste", "2026-03-11"),
)
Question = Callable[[Governance], Any]


class Asking:
    """A contract beside a governed channel, whose questions are counted."""

    def __init__(self) -> None:
        self.city = Governed()
        self.city.agree(
            item({"kind": "certifier", "uscc": BANK, "msp_id": MKT}),
            item(
                {"kind": "calendar", "calendar": YearCalendar(year=2026, holidays=()).model_dump()}
            ),
            item({"kind": "codes", "name": "waste", "since": "2021-01-01", "codes": {"a": "b"}}),
        )
        self.calls: list[str] = []
        self.refused: list[str] = []

    def ask(
        self, *questions: Question, expected: Sequence[tuple[str, ...]] = EXPECTED
    ) -> list[Any]:
        """Return what a step of the contract `waste` is answered that expects to ask this."""
        answers: list[Any] = []

        class Waste(Contract):
            @query
            def step(self, ctx: Context) -> None:
                city = city_of(ctx)
                city.expect(*expected)
                answers[:] = [one(city) for one in questions]

        ledger = TestLedger(
            Chaincode([Waste()]), callees={"city": self._answer}, now=self.city.now, guard=False
        )
        ledger.evaluate("step")
        return answers

    def _answer(self, arguments: Sequence[bytes]) -> Response:
        name, *given = (each.decode() for each in arguments)
        self.calls.append(name)
        try:
            found = self.city.ledger.evaluate(name, *given, as_=CLERKS[ECON])
        except ContractError as error:
            self.refused.append(error.code)
            return Response(500, str(error), b"")
        return Response(200, "", found)


@pytest.fixture
def asking() -> Asking:
    """Provide a contract beside a governed channel."""
    return Asking()


def test_what_a_step_expects_to_ask_is_one_call(asking: Asking) -> None:
    clock, days, roles, department, certifier, calendar, codes = asking.ask(
        lambda city: city.clock(),
        lambda city: city.parameter("waste", "acceptance-days"),
        lambda city: [city.role("waste", each) for each in ("supervisor", "nobody")],
        lambda city: city.department(MKT),
        lambda city: city.certifier(BANK),
        lambda city: city.calendar(2026),
        lambda city: city.code_list("waste", date(2026, 3, 11)),
    )
    assert asking.calls == ["answers"]
    assert (codes.codes, codes.since) == ({"a": "b"}, date(2021, 1, 1))
    assert (days, certifier, calendar.year, department.msp_id) == (5, MKT, 2026, MKT)
    assert roles == [tuple(sorted((ECON, MKT))), ()]
    assert clock == Clock(begun=asking.city.newest or 0, proposal=int(START.timestamp()))


def test_a_step_that_asks_nothing_calls_nothing(asking: Asking) -> None:
    asking.ask()
    assert asking.calls == []


def test_one_question_is_asked_as_it_is(asking: Asking) -> None:
    expected = [("certifier", BANK)]
    assert asking.ask(lambda city: city.certifier(BANK), expected=expected) == [MKT]
    assert asking.calls == ["certifier"]


def test_what_was_not_expected_is_asked_for_itself(asking: Asking) -> None:
    asking.ask(lambda city: city.certifier(BANK), lambda city: city.role("credit", "provider"))
    assert asking.calls == ["answers", "role"]


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (lambda city: city.parameter("waste", "tolerance"), "city.no-parameter"),
        (lambda city: city.clock(), "clock-stalled"),
    ],
)
def test_a_refusal_is_met_where_it_is_asked_for(
    asking: Asking, question: Question, code: str
) -> None:
    asking.city.pass_time(3600, ticking=False)  # the clock stands still
    found = asking.ask(lambda city: city.certifier(BANK), lambda city: city.department("NobodyMSP"))
    assert found == [MKT, None]
    with pytest.raises(ContractError) as refused:
        asking.ask(question)
    assert code in asking.refused
    assert str(refused.value)


def test_a_declaration_says_what_its_step_asks() -> None:
    def asked(step: str, person: str) -> list[tuple[str, ...]]:
        client = ClientIdentity(certificate(PEOPLE[person]).serialized())
        return list(questions(STORY.made().STEPS[step], "example", client, date(2026, 3, 11)))

    assert asked("apply", "clerk") == [
        ("parameter", "example", "applicant-key"),
        ("parameter", "example", "floors"),
        ("parameter", "example", "review_days"),
        ("calendar", "2026"),
    ]
    assert asked("redeem", "passer-by") == [("parameter", "city", "net"), ("clock",)]
    assert asked("open_loan", "banker") == [("certifier", BANK)]
    assert asked("weigh", "clerk") == [("parameter", "example", "late_seconds"), ("clock",)]
    assert asked("object", "health") == []


def test_a_guard_names_parameters_of_another_contract_and_appointed_roles() -> None:
    client = ClientIdentity(certificate(PEOPLE["passer-by"]).serialized())
    steps = Funding.STEPS
    found = list(questions(steps["apply"], "funding", client, date(2026, 3, 11)))
    assert ("parameter", "credit", "score-model") in found
    assert ("role", "funding", "funder") in found
