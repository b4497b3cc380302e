"""Bills from their numbers to their reimbursement: the scenario of FACTS §C S2, and each bad input of §6."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_municipal.bills.amounts import Item
from pyfabric_municipal.bills.contract import Bills
from pyfabric_municipal.bills.founding import founding_items
from pyfabric_municipal.bills.records import Bill, Range, Reimbursement
from pyfabric_municipal.catalogue import bundled_calendars
from pyfabric_municipal.common.testing.stage import Stage, certificate, salt_of
from pyfabric_municipal.common.values.bills import (
    normalise_bill_key,
    normalise_book_key,
    require_check_code,
)
from pyfabric_municipal.departments import Department

from pyfabric.chaincode import ContractError
from tests.support.municipal.bills_story import (
    BILL,
    CONTENT,
    COPY,
    FACE,
    FOUNDATION,
    HOSPITAL,
    INSURER,
    INVOICE,
    MANY,
    MEDICAL,
    MEDINS,
    OTHER,
    PEOPLE,
    RANGE,
    RECEIPT,
    RED,
    SPARE,
    STORY,
    TOTAL,
    VOID,
    award,
    bill,
    claim,
    shown,
)
from tests.support.municipal.governed import ALL, Governed

DAY = 86_400
VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "domain.json").read_text())


@pytest.fixture
def stage() -> Stage:
    """Provide a ledger on which nothing has been done."""
    return Stage(STORY)


def ask(stage: Stage, function: str, *arguments: object, **transient: Any) -> Any:
    """Evaluate a query of the contract, as Finance's clerk."""
    given = {name: json.dumps(value).encode() for name, value in transient.items()}
    answer = stage.ledger.evaluate(
        f"Bills:{function}", *arguments, as_=certificate(PEOPLE["finance"]), transient=given
    )
    return json.loads(answer)


def refused(stage: Stage, step: str, **changes: Any) -> ContractError:
    """Return the refusal of a step."""
    with pytest.raises(ContractError) as caught:
        stage.take(step, **changes)
    return caught.value


def state(stage: Stage, key: str = BILL) -> str:
    """Return the state in which a bill counts."""
    found: str = ask(stage, "read", "bill", key)["state"]
    return found


def denials(stage: Stage, code: str) -> list[dict[str, Any]]:
    """Return the recorded refusals by a rule."""
    found: list[dict[str, Any]] = ask(stage, "listed", "denial", "code", [code], 50, "")["items"]
    return found


class TestOutpatientBill:
    """FACTS §C S2: an outpatient bill is reimbursed once by each of two payers' roles."""

    def test_two_roles_share_the_bill_and_nothing_is_left(self, stage: Stage) -> None:
        stage.reach("adjudicate#rest")
        assert state(stage) == "settled"
        held = stage.records(Reimbursement)
        assert {(one.role, one.payer, one.state) for one in held} == {
            ("basic", MEDINS, "adjudicated"),
            ("supplementary", INSURER, "adjudicated"),
        }
        assert ask(stage, "disclosed", "reimbursement", "CI-1", "award")["value"] == {
            "amounts": {BILL: 526_314}
        }

    def test_a_second_claim_in_a_role_is_recorded_with_who_and_which_rule(
        self, stage: Stage
    ) -> None:
        stage.reach("pay")
        outcome = stage.take("submit", record_id="MI-2")
        assert outcome["denied"] == "bills.reimbursed-already"
        (found,) = denials(stage, "bills.reimbursed-already")
        assert (found["by"]["staff"], found["by"]["party"]) == ("6001", "AuditMSP")
        assert found["facts"]["value"] == f"{BILL}/basic"
        assert found["facts"]["holder"] == "reimbursement MI-1"
        by_bill = ask(stage, "listed", "denial", "fact", [f"{BILL}/basic"], 10, "")["items"]
        assert by_bill == [found]

    def test_one_fen_over_the_total_is_recorded_as_denied(self, stage: Stage) -> None:
        stage.reach("lock#rest")
        outcome = stage.take("adjudicate#rest", private=award(526_315))
        assert outcome["denied"] == "bills.award-too-much"
        assert stage.take("adjudicate#rest")["denied"] == ""
        assert denials(stage, "bills.award-too-much")[0]["facts"] == {"bill": BILL}

    def test_a_locked_bill_is_not_reversed(self, stage: Stage) -> None:
        stage.reach("lock")
        assert refused(stage, "reverse").code == "state"

    def test_the_forged_amount_is_not_the_committed_one(self, stage: Stage) -> None:
        stage.reach("issue")
        forged = shown(total=10_526_314)
        assert stage.take("submit", private=forged)["denied"] == "bills.face-differs"
        wrong_code = {"shown": {"faces": {BILL: FACE | {"check": "25a133"}}}}
        assert stage.take("submit", private=wrong_code)["denied"] == "bills.face-differs"
        published = json.dumps(denials(stage, "bills.face-differs"))
        assert "10526314" not in published
        assert "25a133" not in published

    def test_consent_that_is_taken_back_frees_the_bill(self, stage: Stage) -> None:
        stage.reach("lock")
        stage.take("withdraw")
        assert state(stage) == "issued"
        assert refused(stage, "adjudicate").code == "state"
        assert stage.take("submit", record_id="MI-2")["denied"] == ""

    def test_another_key_than_the_holders_locks_nothing(self, stage: Stage) -> None:
        stage.reach("issue")
        assert stage.take("submit", signer="ben")["denied"] == "signature-wrong"
        assert state(stage) == "issued"

    def test_a_replayed_unlock_is_refused(self, stage: Stage) -> None:
        stage.reach("lock")
        stage.take("reject")
        assert refused(stage, "reject").code == "state"

    def test_only_the_lock_s_owner_enters_or_unlocks(self, stage: Stage) -> None:
        stage.reach("lock")
        for step in ("adjudicate", "reject"):
            assert refused(stage, step, by=PEOPLE["insurer"]).code == "role"
        assert ask(stage, "read", "bill", BILL)["claim"] == "MI-1"


class TestLocks:
    def test_anybody_opens_a_lock_that_is_due_and_it_counts_as_open_before(
        self, stage: Stage
    ) -> None:
        stage.reach("lock")
        assert refused(stage, "unlock", later=7 * DAY - 1).code == "not-due"
        assert state(stage) == "locked"
        stage.take("submit", record_id="MI-2", later=1)  # the first one's role has lapsed with it
        assert ask(stage, "read", "reimbursement", "MI-1")["state"] == "lapsed"
        assert stage.take("lock", record_id="MI-2")["state"] == "locked"
        steps = [one["step"] for one in ask(stage, "history", "bill", BILL)]
        assert steps == ["issue", "lock", "unlock", "lock"]

    def test_who_comes_too_late_for_a_lock_is_recorded(self, stage: Stage) -> None:
        stage.reach("lock")
        rest = claim("supplementary", INSURER)
        stage.take("submit", record_id="CI-2", arguments=rest)
        late = stage.take("lock", record_id="CI-2", by=PEOPLE["insurer"])
        assert late["denied"] == "state"
        assert denials(stage, "state")[0]["facts"]["id"] == BILL

    def test_one_holder_s_bills_are_locked_together_or_none(self, stage: Stage) -> None:
        stage.reach("issue")
        stage.reach("issue#second")
        both = {"arguments": claim("basic", MEDINS, BILL, SPARE), "private": shown(BILL, SPARE)}
        stage.take("submit", **both)
        rest = claim("supplementary", INSURER, SPARE)
        stage.take("submit", record_id="CI-2", arguments=rest, private=shown(SPARE))
        stage.take("lock", record_id="CI-2", by=PEOPLE["insurer"])
        assert stage.take("lock")["denied"] == "state"
        assert (state(stage), state(stage, SPARE)) == ("issued", "locked")
        stage.take("reject", record_id="CI-2", by=PEOPLE["insurer"])
        assert stage.take("lock")["state"] == "locked"
        assert (state(stage), state(stage, SPARE)) == ("locked", "locked")

    def test_two_payers_side_by_side_do_not_both_lock(self, stage: Stage) -> None:
        stage.reach("issue")
        stage.take("submit")
        rest = claim("supplementary", INSURER)
        stage.take("submit", record_id="CI-2", arguments=rest)
        endorsed = [
            stage.endorse("lock"),
            stage.endorse("lock", record_id="CI-2", by=PEOPLE["insurer"]),
        ]
        assert [code == 0 for code in stage.ledger.commit(endorsed)] == [True, False]

    def test_nothing_is_awarded_once_the_lock_is_over(self, stage: Stage) -> None:
        stage.reach("lock")
        said = refused(stage, "adjudicate", later=7 * DAY)
        assert (said.code, said.facts["state"]) == ("state", "lapsed")

    def test_locked_bills_are_listed_until_the_lock_is_over(self, stage: Stage) -> None:
        stage.reach("lock")
        locked = ("listed", "bill", "state", ["locked"], 10, "")
        assert [one["id"] for one in ask(stage, *locked)["items"]] == [BILL]
        stage.ledger.now = datetime(2026, 12, 3, tzinfo=UTC)
        assert ask(stage, *locked)["items"] == []

    def test_bills_that_lapsed_by_time_are_listed(self, stage: Stage) -> None:
        stage.reach("lock")
        assert ask(stage, "overdue", MEDINS, 10, "")["items"] == []
        stage.ledger.now = datetime(2026, 12, 3, tzinfo=UTC)
        late = ask(stage, "overdue", "-", 10, "")["items"]
        assert [(one["id"], one["claim"]) for one in late] == [(BILL, "MI-1")]


class TestReversal:
    def test_a_part_is_reversed_and_the_rest_is_what_is_left(self, stage: Stage) -> None:
        stage.reach("reverse")
        assert (state(stage), state(stage, RED)) == ("issued", "red")
        stage.take("submit")
        stage.take("lock")
        most = TOTAL - 26_314
        assert stage.take("adjudicate", private=award(most + 1))["denied"]
        stage.take("adjudicate", private=award(most))
        assert state(stage) == "settled"

    def test_red_bills_together_are_not_more_than_the_bill(self, stage: Stage) -> None:
        stage.reach("reverse")
        red = {"record_id": "11060126-0001859400"}
        over = {"face": {"total": 26_314 - TOTAL - 1}}
        assert refused(stage, "reverse", private=over, **red).code == "bills.red-too-much"
        stage.take("reverse", private={"face": {"total": 26_314 - TOTAL}}, **red)
        assert state(stage) == "reversed"

    def test_what_a_payer_awarded_is_reversed_after_a_refund_only(self, stage: Stage) -> None:
        stage.reach("pay")
        whole = {"private": {"face": {"total": -TOTAL}}}
        assert refused(stage, "reverse", **whole).code == "bills.red-too-much"
        stage.take("refund")
        stage.take("reverse", **whole)
        assert state(stage) == "reversed"

    def test_a_settled_bill_is_not_reversed_and_a_refund_reopens_it(self, stage: Stage) -> None:
        stage.reach("adjudicate#rest")
        assert refused(stage, "reverse").code == "state"
        stage.take("refund", later=0)
        assert state(stage) == "issued"

    def test_a_refund_leaves_the_lock_of_another_payer(self, stage: Stage) -> None:
        stage.reach("lock#rest")
        stage.take("refund")
        found = ask(stage, "read", "bill", BILL)
        assert (found["state"], found["claim"]) == ("locked", "CI-1")

    def test_tax_reverses_invoices_alone(self, stage: Stage) -> None:
        stage.reach("issue")
        said = refused(stage, "register_red", arguments={"original": BILL})
        assert (said.code, said.facts["number"]) == ("bills.not-an-invoice", BILL)
        stage.reach("register_red")
        assert state(stage, INVOICE) == "reversed"


class TestNumbers:
    def test_ranges_never_overlap(self, stage: Stage) -> None:
        stage.reach("close")
        for first, last in ((RANGE, "0001859001"), ("11060126-0001850000", "0001859001")):
            said = refused(stage, "allot", record_id=first, arguments={"last": last})
            assert said.code in ("bills.numbers-allotted", "exists")
        beside = {"record_id": "11060126-0001860001", "arguments": {"last": "0001860001"}}
        assert stage.take("allot", **beside)["state"] == "open"

    def test_the_size_of_a_range(self, stage: Stage) -> None:
        first = "11060126-0000000001"
        assert refused(stage, "allot", record_id=first, arguments={"last": "0001000001"}).code == (
            "bills.range-size"
        )
        stage.take("allot", record_id=first, arguments={"last": "0001000000"})
        assert stage.record(Range, first).size == 1_000_000

    @pytest.mark.parametrize("by", ["hospital", "finance"])
    def test_a_voided_number_is_never_issued(self, stage: Stage, by: str) -> None:
        stage.reach("allot")
        stage.take("void", by=PEOPLE[by])
        assert refused(stage, "issue", record_id=VOID).code == "bills.number-voided"

    def test_issue_and_voiding_side_by_side(self, stage: Stage) -> None:
        stage.reach("allot")
        endorsed = [stage.endorse("issue", record_id=VOID), stage.endorse("void")]
        assert [code == 0 for code in stage.ledger.commit(endorsed)] == [True, False]

    def test_a_closed_range_issues_nothing(self, stage: Stage) -> None:
        stage.reach("close")
        assert refused(stage, "issue").code == "bills.not-in-range"

    def test_nobody_uses_the_range_of_another(self, stage: Stage) -> None:
        stage.reach("allot")
        assert refused(stage, "issue", by=PEOPLE["foundation"]).code == "bills.not-in-range"

    def test_bills_of_one_range_do_not_conflict(self, stage: Stage) -> None:
        stage.reach("allot")
        keys = [f"11060126-00018596{number:02}" for number in range(20)]
        endorsed = [stage.endorse("issue", record_id=key) for key in keys]
        assert set(stage.ledger.commit(endorsed)) == {0}

    def test_what_has_become_of_each_number(self, stage: Stage) -> None:
        stage.reach("exchange")
        stage.take("void")
        found = ask(stage, "numbers", RANGE, "0001859312", 3)
        assert [(one["number"], one["use"]) for one in found] == [
            (COPY, "paper"),
            (VOID, "voided"),
            ("11060126-0001859314", "unused"),
        ]
        last = ask(stage, "numbers", RANGE, "0001859999", 200)
        assert [one["number"][-4:] for one in last] == ["9999", "0000"]
        assert ask(stage, "numbers", RANGE, "0001859231", 1)[0]["use"] == "bill"

    def test_year_and_beijing_day(self, stage: Stage) -> None:
        stage.reach("allot")
        first_second = {"printed": {"issued": "2025-12-31T16:00:00Z"}}
        assert stage.take("issue", arguments=first_second)["state"] == "issued"


class TestIssue:
    def test_many_bills_at_once_each_with_its_face(self, stage: Stage) -> None:
        stage.reach("allot")
        keys = [f"11060126-00018597{number:02}" for number in range(30)]
        _issue_many(stage, dict.fromkeys(keys, MEDICAL))
        assert {one.id for one in stage.records(Bill)} == set(keys)
        faces = {ask(stage, "disclosed", "bill", key, "face")["salt"] for key in keys}
        assert len(faces) == 30

    def test_one_faulty_bill_of_many_refuses_all(self, stage: Stage) -> None:
        stage.reach("allot")
        faulty = MEDICAL | {"face": FACE | {"total": TOTAL + 1}}
        with pytest.raises(ContractError) as caught:
            _issue_many(stage, {BILL: MEDICAL, MANY: faulty})
        assert (caught.value.code, caught.value.facts["row"]) == ("bills.items-total", 2)
        assert stage.records(Bill) == []

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"items": [{**CONTENT["items"][0], "amount": 0}]}, "transient"),
            ({"items": [{**CONTENT["items"][0], "quantity": "-1"}]}, "transient"),
            ({"items": [{**CONTENT["items"][0], "amount": 1.5}]}, "transient"),
            ({"items": []}, "transient"),
            ({"items": [{**CONTENT["items"][0], "price": "1263.15"}]}, "bills.item-amount"),
        ],
    )
    def test_items_that_are_refused(
        self, stage: Stage, changes: Mapping[str, Any], code: str
    ) -> None:
        stage.reach("allot")
        assert refused(stage, "issue", private={"content": changes}).code == code

    @pytest.mark.parametrize("total", [1_526_314.0, "15263.14", None])
    def test_totals_are_whole_fen(self, stage: Stage, total: object) -> None:
        stage.reach("allot")
        assert refused(stage, "issue", private={"face": {"total": total}}).code == "transient"

    def test_the_file_is_known_by_its_digest(self, stage: Stage) -> None:
        stage.reach("issue")
        assert ask(stage, "read", "bill", BILL)["file"] == "cd" * 32

    def test_a_refusal_never_shows_a_check_code(self, stage: Stage) -> None:
        stage.reach("allot")
        said = refused(stage, "issue", private={"face": {"check": "25A132X"}})
        assert said.code == "transient"
        assert "25A132X" not in f"{said} {said.facts} {said.zh}"

    def test_donation_receipts_are_not_reimbursed(self, stage: Stage) -> None:
        stage.reach("issue_receipt")
        of_receipt = {"arguments": claim("employer", INSURER, RECEIPT), "private": shown(RECEIPT)}
        stage.ids["issue"] = ""
        assert stage.take("submit", **of_receipt)["denied"] == "bills.payer-role"

    def test_an_employer_reimburses_an_invoice_without_a_check_code(self, stage: Stage) -> None:
        stage.reach("register")
        face = {"shown": {"faces": {INVOICE: {"total": TOTAL}}}}
        stage.ids["issue"] = ""
        call = stage.call("submit", arguments=claim("employer", INSURER, INVOICE))
        transient = {"shown": json.dumps({"salt": salt_of("shown"), "value": face["shown"]})}
        stage.ledger.submit(
            call.function,
            *call.arguments,
            as_=certificate(call.by),
            transient={name: one.encode() for name, one in transient.items()},
        )
        assert stage.take("lock", by=PEOPLE["insurer"])["state"] == "locked"

    def test_paper_and_bill_are_one(self, stage: Stage) -> None:
        stage.reach("exchange")
        for key in (BILL, COPY):
            found = ask(stage, "verify", key, "2026-11-25", face=FACE)
            assert found == {
                "state": "issued",
                "paper": COPY,
                "total": True,
                "check": True,
                "issued": True,
            }
        stage.take("submit")
        stage.take("lock")
        assert ask(stage, "verify", COPY, "2026-11-25", face=FACE)["state"] == "locked"
        again = {"record_id": "11060126-0001859777"}
        assert refused(stage, "exchange", **again).code == "state"

    @pytest.mark.parametrize(
        ("face", "day", "wrong"),
        [
            (FACE | {"total": 10_526_314}, "2026-11-25", "total"),
            (FACE | {"check": "000000"}, "2026-11-25", "check"),
            ({"total": TOTAL}, "2026-11-25", "check"),
            (FACE, "2026-11-24", "issued"),
        ],
    )
    def test_what_is_shown_otherwise_does_not_verify(
        self, stage: Stage, face: Mapping[str, Any], day: str, wrong: str
    ) -> None:
        stage.reach("issue")
        found = ask(stage, "verify", BILL, day, face=face)
        assert [name for name in ("total", "check", "issued") if not found[name]] == [wrong]

    def test_only_members_have_the_items(self, stage: Stage) -> None:
        stage.reach("issue")
        found = ask(stage, "disclosed", "bill", BILL, "content")["value"]
        assert [one["name"] for one in found["items"]] == ["化验费", "西药费"]
        for other in ("tax", "foundation"):
            with pytest.raises(ContractError, match="contents"):
                stage.ledger.evaluate(
                    "Bills:disclosed", "bill", BILL, "content", as_=certificate(PEOPLE[other])
                )


class TestQuestions:
    def test_my_unclaimed_bills(self, stage: Stage) -> None:
        stage.reach("issue")
        stage.take("issue#other")
        stage.take("issue#second")
        anna = stage.record(Bill, BILL).holder
        mine = ask(stage, "listed", "bill", "holder", [anna], 10, "")["items"]
        assert [one["id"] for one in mine] == [BILL, SPARE]
        assert OTHER not in json.dumps(mine)

    def test_red_rate_of_a_hospital(self, stage: Stage) -> None:
        stage.reach("reverse")
        stage.take("issue#second")
        assert ask(stage, "red_rate", HOSPITAL, "2026-11") == {
            "bills": 3,
            "red": 1,
            "per_thousand": 333,
        }
        assert ask(stage, "red_rate", HOSPITAL, "2026-12")["bills"] == 0

    def test_awards_that_are_not_paid_are_late_and_can_be_annulled(self, stage: Stage) -> None:
        stage.reach("fall_behind")
        assert ask(stage, "read", "reimbursement", "MI-1")["state"] == "unpaid"
        stage.take("annul")
        stage.take("submit", record_id="MI-2", later=0)
        assert stage.take("lock", record_id="MI-2")["state"] == "locked"

    def test_an_award_is_paid_late_rather_than_never(self, stage: Stage) -> None:
        stage.reach("fall_behind")
        assert stage.take("pay", later=0)["state"] == "paid"


class TestFounding:
    def test_the_city_takes_what_founds_the_bills(self) -> None:
        governed = Governed(founded=False)
        departments = [
            Department(msp_id=one, uscc=code, name=one, region="110000")
            for one, code in zip(ALL, _USCC, strict=True)
        ]
        items = founding_items(
            departments,
            bundled_calendars(),
            roles={"supervisor": ALL[:1], "tax": ALL[1:2]},
            organisations={HOSPITAL: ALL[2], FOUNDATION: ALL[2]},
        )
        assert governed.propose(*items, by=ALL[0])
        named = {one["content"].get("name") for one in items}
        assert {"lock-seconds", "answer-days", "payment-days", "bill-kinds", "payer-roles"} <= named
        marks = [one["content"]["mark"] for one in items if one["content"]["kind"] == "parameter"]
        assert set(marks) == {"K"}

    def test_every_parameter_and_list_is_declared(self) -> None:
        asked = {
            name for one in Bills.STEPS.values() for each in one.guards for name in each.code_lists
        }
        assert asked == {"bill-kinds", "payer-roles"}


@pytest.mark.parametrize(("code", "number", "check"), VECTORS["fiscal_bill"]["valid"])
def test_a_fiscal_bill_of_the_vectors_is_a_key(code: str, number: str, check: str) -> None:
    assert normalise_book_key(f"{code} {number}") == normalise_bill_key(code + number)
    assert require_check_code(check) == check


@pytest.mark.parametrize(("code", "number", "_check"), VECTORS["fiscal_bill"]["invalid"])
def test_what_is_no_fiscal_bill_is_no_key(code: str, number: str, _check: str) -> None:
    with pytest.raises(ContractError):
        normalise_book_key(f"{code}-{number}")


@pytest.mark.parametrize("invoice", VECTORS["e_invoice_20"]["valid"])
def test_an_invoice_of_the_vectors_is_a_key(invoice: str) -> None:
    assert normalise_book_key(invoice) == invoice


@pytest.mark.parametrize(
    "text",
    [
        *VECTORS["e_invoice_20"]["invalid"],
        "0001859231",  # the last digits alone are many bills'
        "01859231",
        "110020313012345678-",
        "9900203130-12345678",
        "099002000111-12345678",
        "1100203130--12345678",
        "11060120-0001859231\n",
    ],
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(ContractError) as caught:
        normalise_book_key(text)
    assert caught.value.code.startswith("value.")


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("1100203130-12345678", "1100203130-12345678"),
        ("1100203130 12345678", "1100203130-12345678"),
        ("１１００２０３１３０－12345678", "1100203130-12345678"),
        ("011002000111-12345678", "011002000111-12345678"),
        ("24112000000012345678", "24112000000012345678"),
        ("110601200001859231", "11060120-0001859231"),
    ],
)
def test_each_kind_of_key_has_one_spelling(written: str, key: str) -> None:
    assert normalise_book_key(written) == key
    assert normalise_book_key(key) == key


def _decimal(places: int) -> Callable[[int], str]:
    return lambda value: f"{value // 10**places}.{value % 10**places:0{places}}"


@given(st.integers(0, 10**7).map(_decimal(3)), st.integers(0, 10**9).map(_decimal(4)))
def test_an_item_has_one_amount(quantity: str, price: str) -> None:
    thousandths = int(quantity.replace(".", "")) * int(price.replace(".", ""))
    amount = (2 * thousandths + 100_000) // 200_000  # 10^-7 yuan are 10^-5 fen
    for one in (amount - 1, amount, amount + 1):
        if one > 0:
            fields = {"item": "05", "name": "药", "unit": "盒", "amount": one}
            item = Item(quantity=quantity, price=price, **fields)
            assert item.is_exact() == (one == amount)


_USCC = ("11110000MB9E10013R", "11110000MB9K20022C", "11110108MB9H30033U")


def _issue_many(stage: Stage, private: Mapping[str, Mapping[str, Any]]) -> None:
    rows = [{"id": key, **bill()} for key in private]
    sealed = {
        name: {
            key: {"salt": salt_of(f"{name} {key}"), "value": one[name]}
            for key, one in private.items()
        }
        for name in ("face", "content")
    }
    stage.ledger.submit(
        "Bills:issue_many",
        "file-1",
        rows,
        as_=certificate(PEOPLE["hospital"]),
        transient={name: json.dumps(one).encode() for name, one in sealed.items()},
    )
