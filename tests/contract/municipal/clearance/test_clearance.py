"""Deed tax and its clearances: what each sale owes, and how a clearance is used once and by whom it was meant for."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_municipal.clearance.rates import tax_on
from pyfabric_municipal.clearance.records import Assessment
from pyfabric_municipal.common.testing.stage import Stage, certificate
from pyfabric_municipal.common.testing.stories import Person

from pyfabric.chaincode import ContractError
from tests.support.municipal.clearance_story import (
    DAY,
    FINANCE,
    LAND,
    PARAMETERS,
    PEOPLE,
    REGISTER,
    RESERVED,
    STORY,
    TAX,
    WIFE,
    party,
    tax,
)

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "domain.json").read_text())
YUAN = 100
RATES = PARAMETERS["rates"]


@pytest.fixture
def stage() -> Stage:
    """Provide a ledger on which nothing has been done."""
    return Stage(STORY)


def refused(stage: Stage, name: str, **changes: Any) -> str:
    """Return the code of a step's refusal."""
    with pytest.raises(ContractError) as caught:
        stage.take(name, **changes)
    return caught.value.code


def number(stage: Stage) -> str:
    """Return the number of the clearance."""
    return stage.ids["issue"]


class TestRates:
    @pytest.mark.parametrize(
        ("use", "area", "homes", "rate"),
        [
            ("home", 14_000, 0, 100),
            ("home", 14_001, 0, 150),
            ("home", 14_000, 1, 100),
            ("home", 14_001, 1, 200),
            ("home", 9_000, 2, 300),
            ("other", 9_000, 0, 300),
        ],
    )
    def test_a_sale_has_the_first_rate_that_covers_it(
        self, use: Any, area: int, homes: int, rate: int
    ) -> None:
        assert tax_on(RATES, use, area, homes, 1_000_000 * YUAN).rate == rate

    @pytest.mark.parametrize(
        ("basis", "rate", "fen"),
        [(600_000_000, 100, 6_000_000), (49, 100, 0), (50, 100, 1), (33, 150, 0), (34, 150, 1)],
    )
    def test_half_a_fen_is_rounded_up(self, basis: int, rate: int, fen: int) -> None:
        assert tax_on([{"rate": rate}], "home", 1, 0, basis).fen == fen

    def test_a_table_without_a_last_row_is_not_applied(self) -> None:
        with pytest.raises(LookupError, match="last row"):
            tax_on([{"homes": 0, "rate": 100}], "other", 1, 0, 1)

    @given(st.integers(0, 10**12), st.integers(0, 5), st.integers(1, 10**6))
    def test_a_larger_basis_never_owes_less_and_another_home_never_saves(
        self, basis: int, homes: int, area: int
    ) -> None:
        owed = tax_on(RATES, "home", area, homes, basis)
        assert owed.fen <= tax_on(RATES, "home", area, homes, basis + 1).fen
        assert owed.fen <= tax_on(RATES, "home", area, homes + 1, basis).fen


class TestAssessing:
    @pytest.mark.parametrize("unit", VECTORS["real_estate_unit"]["valid"])
    def test_a_units_code_is_taken(self, stage: Stage, unit: str) -> None:
        assert stage.take("declare", arguments={"unit": unit})["state"] == "declared"

    @pytest.mark.parametrize("unit", VECTORS["real_estate_unit"]["invalid"])
    def test_what_is_no_units_code_is_refused(self, stage: Stage, unit: str) -> None:
        assert refused(stage, "declare", arguments={"unit": unit}).startswith("value.unit-code-")

    @pytest.mark.parametrize(
        "wrong",
        [
            tax(599_999_900),
            tax(rate=150),
            tax(homes=2),
            tax() | {"fen": 5_999_999},
            tax(600_000_000, 300, homes=0),
        ],
        ids=["basis below the price", "rate", "homes", "amount", "rate of others"],
    )
    def test_the_tax_follows_from_the_price_and_the_table(
        self, stage: Stage, wrong: dict[str, Any]
    ) -> None:
        assert refused(stage, "declare", private={"tax": wrong}) == "clearance.tax-wrong"

    def test_a_price_that_is_too_low_is_assessed_on_a_higher_basis(self, stage: Stage) -> None:
        stage.reach("declare")
        higher = tax(700_000_000)
        assert stage.take("assess", private={"tax": higher})["state"] == "assessed"
        assert refused(stage, "pay") == "clearance.payment-differs"
        paid = stage.take("pay", private={"payment": {"fen": higher["fen"]}})
        assert paid["state"] == "settled"

    def test_a_silent_office_has_the_declared_tax_paid(self, stage: Stage) -> None:
        stage.reach("declare")
        assert (
            stage.take("pay", later=10 * DAY, arguments={"paid": "2026-03-20T00:00:00Z"})["state"]
            == "settled"
        )
        steps = [one["step"] for one in ask(stage, "history", "assessment", stage.ids["declare"])]
        assert steps == ["declare", "deem", "pay"]

    def test_an_exempt_sale_needs_no_payment_for_its_clearance(self, stage: Stage) -> None:
        stage.reach("exempt")
        assert stage.take("issue")["state"] == "open"

    def test_a_buyer_declares_a_purchase_of_a_unit_once(self, stage: Stage) -> None:
        stage.reach("declare")
        again = {"buyers": [WIFE, party("brother")]}
        assert refused(stage, "declare", arguments=again) == "claimed"
        stage.take("withdraw")
        assert stage.take("declare", arguments=again)["state"] == "declared"

    def test_a_declaration_is_withdrawn_by_the_department_that_made_it(self, stage: Stage) -> None:
        stage.reach("declare")
        other = Person(TAX, {"role": "clerk", "staff": "2003"})
        assert refused(stage, "withdraw", by=other) == "role"

    def test_a_tax_that_nobody_paid_in_time_leaves_room_for_another_declaration(
        self, stage: Stage
    ) -> None:
        stage.reach("assess")
        assert stage.take("declare", later=60 * DAY)["state"] == "declared"

    def test_price_and_tax_are_for_the_two_departments_alone(self, stage: Stage) -> None:
        stage.reach("issue")
        record = stage.record(Assessment, stage.ids["declare"])
        assert not {"fen", "basis", "homes"} & set(record.model_dump())
        with pytest.raises(ContractError) as caught:
            stage.ledger.endorse(
                "Clearance:assess",
                stage.ids["declare"],
                as_=certificate(PEOPLE["officer"]),
                endorser=FINANCE,
                transient={"tax": json.dumps({"salt": "0" * 64, "value": tax()}).encode()},
            )
        assert caught.value.code


class TestUsingOnce:
    @pytest.mark.parametrize(
        ("differs", "value"),
        [
            ("unit", LAND),
            ("price", "0" * 64),
            ("sellers", [party("another")]),
            ("buyers", [WIFE]),
            ("buyers", [WIFE, party("another")]),
        ],
    )
    def test_a_clearance_is_for_its_own_sale(
        self, stage: Stage, differs: str, value: object
    ) -> None:
        stage.prepare("reserve")
        with pytest.raises(ContractError) as caught:
            stage.take("reserve", arguments={differs: value})
        assert (caught.value.code, caught.value.facts["differs"]) == (
            "clearance.other-sale",
            differs,
        )

    @pytest.mark.parametrize(
        "times",
        [
            {"answer_by": "2026-03-11T01:59:59Z"},
            {"answer_by": "2026-03-13T01:00:01Z"},
            {"deadline": "2026-03-25T02:00:01Z"},
        ],
        ids=["answer in the past", "answer too near the deadline", "deadline too far"],
    )
    def test_the_other_channel_answers_before_the_deadline(
        self, stage: Stage, times: dict[str, str]
    ) -> None:
        stage.prepare("reserve")
        changed = {"reservation": {**RESERVED["reservation"], **times}}
        assert refused(stage, "reserve", arguments=changed) == "clearance.reservation-times"

    def test_a_reservation_names_network_channel_case_and_department(self, stage: Stage) -> None:
        stage.reach("reserve")
        found = ask(stage, "view", "clearance", number(stage), "reservation")
        assert found["values"]["reserved_by"] == REGISTER
        assert found["values"]["reservation"] == RESERVED["reservation"]

    def test_a_second_case_waits_until_the_first_gives_the_clearance_back(
        self, stage: Stage
    ) -> None:
        stage.reach("reserve")
        assert refused(stage, "reserve") == "state"
        stage.take("release")
        assert stage.take("reserve")["state"] == "reserved"

    def test_a_clearance_that_was_used_is_used_for_good(self, stage: Stage) -> None:
        stage.reach("consume")
        for name in ("reserve", "consume", "release", "revoke"):
            assert refused(stage, name) == "state"
        assert stage.record(Assessment, stage.ids["declare"]).state == "closed"
        assert refused(stage, "issue", record_id="京税证2026-0002") == "clearance.not-settled"

    def test_whoever_is_late_finds_the_reservation_released(self, stage: Stage) -> None:
        """Refuse the outcome that comes after a time-out (FACTS §C, S1)."""
        stage.reach("reserve")
        assert refused(stage, "consume", later=2 * DAY) == "state"
        assert ask(stage, "read", "clearance", number(stage))["state"] == "open"

    def test_what_was_reserved_and_released_still_expires(self, stage: Stage) -> None:
        stage.reach("reserve")
        with pytest.raises(ContractError, match="is expired"):
            stage.take("revoke", later=200 * DAY)
        assert stage.take("issue", record_id="京税证2026-0002")["state"] == "open"

    def test_one_sale_has_one_clearance_at_a_time(self, stage: Stage) -> None:
        stage.reach("issue")
        assert refused(stage, "issue", record_id="京税证2026-0002") == "claimed"
        stage.take("revoke")
        assert stage.take("issue", record_id="京税证2026-0002")["state"] == "open"

    def test_a_refunded_sale_gets_no_clearance_and_can_be_declared_again(
        self, stage: Stage
    ) -> None:
        stage.reach("issue")
        assert refused(stage, "refund") == "clearance.clearance-in-use"
        stage.take("revoke")
        assert stage.take("refund")["state"] == "refunded"
        assert refused(stage, "issue", record_id="京税证2026-0002") == "clearance.not-settled"
        assert stage.take("declare")["state"] == "declared"

    def test_only_the_department_that_reserved_uses_or_releases(self, stage: Stage) -> None:
        stage.reach("reserve")
        other = Person(TAX, {"role": "registrar", "staff": "2009"})
        assert refused(stage, "consume", by=other) == "role"
        assert refused(stage, "release", by=other) == "role"

    def test_open_reservations_are_listed_by_who_holds_them(self, stage: Stage) -> None:
        stage.reach("reserve")
        page = ask(stage, "listed", "clearance", "reserver", [REGISTER], 10, "")
        assert [one["id"] for one in page["items"]] == [number(stage)]


def ask(stage: Stage, function: str, *arguments: object) -> Any:
    """Return what a query answers."""
    answer = stage.ledger.evaluate(
        f"Clearance:{function}", *arguments, as_=certificate(PEOPLE["registrar"])
    )
    return json.loads(answer)
