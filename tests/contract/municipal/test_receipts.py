"""Receipts count only under a live grant; error reports are answered."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfabric.chaincode import ContractError
from tests.support.municipal.municipal import (
    CODE,
    ECON,
    HAI,
    MKT,
    City,
    description,
    digest,
    moment,
    offer,
    terms,
)


@pytest.fixture
def grant(shared: City) -> str:
    return shared.active()


def fault(right: str, **changes: Any) -> dict[str, Any]:
    return {
        "grant": right,
        "field": "uscc",
        "record_commitment": digest("keyed"),
        "evidence_digest": digest("evidence"),
        "description": "登记状态与年报不符",
    } | changes


class TestDelivering:
    def test_both_sign(self, shared: City, grant: str) -> None:
        receipt = shared.call(MKT, "Sharing:deliver", shared.delivery(grant))
        name, payload = shared.last_event()
        assert (name, payload["rows_left"]) == ("DataDelivered", 90)
        assert shared.ask(HAI, "Sharing:receipt", grant, receipt)["state"] == "issued"
        with pytest.raises(ContractError, match=r"confirm of .* is for the user \(HaidianMSP\)"):
            shared.call(MKT, "Sharing:confirm", grant, receipt)
        shared.call(HAI, "Sharing:confirm", grant, receipt)
        assert shared.ask(MKT, "Sharing:receipt", grant, receipt)["state"] == "confirmed"
        usage = {"grant": grant, "rows": 10, "receipts": 1, "last": "2026-03-11T02:00:00Z"}
        assert shared.ask(ECON, "Sharing:usage", grant) == usage

    def test_only_the_provider_delivers(self, shared: City, grant: str) -> None:
        for who in (HAI, ECON):
            with pytest.raises(ContractError, match=r"is for the provider \(MktSupMSP\)"):
                shared.call(who, "Sharing:deliver", shared.delivery(grant))

    def test_a_user_may_contest_instead_of_confirming(self, shared: City, grant: str) -> None:
        receipt = shared.call(MKT, "Sharing:deliver", shared.delivery(grant))
        shared.call(HAI, "Sharing:contest", grant, receipt, "结果为空")
        with pytest.raises(ContractError, match="is disputed: confirm is possible only"):
            shared.call(HAI, "Sharing:confirm", grant, receipt)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"grant": digest("none")}, "no grant"),
            ({"fields": ["capital_fen"]}, "does not give field capital_fen"),
            ({"fields": []}, "fields"),
            ({"fields": ["uscc", "uscc"]}, "each named once"),
            ({"rows": 101}, "101 rows are more than the 100 left"),
            ({"rows": 0}, "rows"),
            ({"rows": -5}, "rows"),
            ({"rows": 1.0}, "rows"),
            ({"grant_version": 2}, "is at version 1: a receipt of version 2 does not count"),
            ({"schema_digest": digest("other")}, "the delivered schema is not that of version 1"),
            ({"delivered": "2026-03-11T02:00:01Z"}, "is not between .* and now"),
            ({"delivered": "2026-03-11T01:59:59Z"}, "is not between .*, when the right began"),
            ({"delivered": "2026-03-11T02:00:00+00:00"}, "timestamp"),
            ({"result_digest": "x"}, "64 lower-case"),
        ],
    )
    def test_deliveries_that_are_refused(
        self, shared: City, grant: str, changes: dict[str, Any], message: str
    ) -> None:
        before = shared.ledger.keys()
        with pytest.raises(ContractError, match=message):
            shared.call(MKT, "Sharing:deliver", shared.delivery(grant, **changes))
        assert shared.ledger.keys() == before

    def test_a_receipt_is_not_replayed(self, shared: City, grant: str) -> None:
        shared.call(MKT, "Sharing:deliver", shared.delivery(grant))
        with pytest.raises(
            ContractError, match=r"was recorded by transaction [0-9a-f]{64} already"
        ):
            shared.call(MKT, "Sharing:deliver", shared.delivery(grant, result_digest=digest("x")))
        shared.call(MKT, "Sharing:deliver", shared.delivery(grant, "q2"))

    def test_the_quota_ends_the_grant(self, shared: City, grant: str) -> None:
        shared.call(MKT, "Sharing:deliver", shared.delivery(grant, "q1", rows=60))
        with pytest.raises(ContractError, match="41 rows are more than the 40 left"):
            shared.call(MKT, "Sharing:deliver", shared.delivery(grant, "q2", rows=41))
        shared.call(MKT, "Sharing:deliver", shared.delivery(grant, "q3", rows=40))
        assert shared.ask(HAI, "Sharing:granted", grant)["state"] == "exhausted"
        with pytest.raises(ContractError, match="is exhausted, not active"):
            shared.call(MKT, "Sharing:deliver", shared.delivery(grant, "q4", rows=1))


class TestLiveness:
    def test_not_before_the_user_accepted(self, shared: City) -> None:
        request = shared.checked()
        shared.call(MKT, "Sharing:grant", request, offer())
        with pytest.raises(ContractError, match="is granted, not active"):
            shared.call(MKT, "Sharing:deliver", shared.delivery(request))

    def test_not_before_the_term(self, shared: City) -> None:
        grant = shared.active(valid_from="2026-03-12T00:00:00Z")
        with pytest.raises(ContractError, match="begins at 2026-03-12T00:00:00Z"):
            shared.call(MKT, "Sharing:deliver", shared.delivery(grant))

    def test_not_from_the_end_of_the_term(self, shared: City, grant: str) -> None:
        shared.ledger.now = moment("2027-03-10T23:59:59Z")
        shared.call(MKT, "Sharing:deliver", shared.delivery(grant))
        shared.ledger.now = moment("2027-03-11T00:00:00Z")
        with pytest.raises(ContractError, match="expired at 2027-03-11T00:00:00Z"):
            shared.call(MKT, "Sharing:deliver", shared.delivery(grant, "q2"))

    def test_not_after_it_was_revoked(self, shared: City, grant: str) -> None:
        early = shared.delivery(grant)
        with pytest.raises(ContractError, match="needs a reason"):
            shared.call(MKT, "Sharing:revoke", grant, "")
        with pytest.raises(ContractError, match=r"is for the provider .* or the manager"):
            shared.call(HAI, "Sharing:revoke", grant, "不用了")
        shared.call(MKT, "Sharing:revoke", grant, "超范围使用")
        assert shared.ask(HAI, "Sharing:granted", grant)["version"] == 2
        for delivery in (early, shared.delivery(grant)):
            with pytest.raises(ContractError, match="is revoked, not active"):
                shared.call(MKT, "Sharing:deliver", delivery)
        with pytest.raises(ContractError, match="is revoked: activate is possible only"):
            shared.call(HAI, "Sharing:activate", grant)

    def test_not_while_the_resource_is_suspended(self, shared: City, grant: str) -> None:
        shared.call(ECON, "Directory:hold", CODE, "安全检查")
        with pytest.raises(ContractError, match="is held, not published"):
            shared.call(MKT, "Sharing:deliver", shared.delivery(grant))

    def test_a_version_that_takes_something_needs_renewal(self, shared: City, grant: str) -> None:
        old = shared.delivery(grant)
        retyped = [description()["fields"][0] | {"type": "string"}, *description()["fields"][1:]]
        shared.call(MKT, "Directory:give_notice", CODE, description(fields=retyped), "数据项调整")
        shared.ledger.now = moment("2026-03-25T16:00:00Z")
        shared.change(fields=retyped)
        with pytest.raises(ContractError, match=r"names version 1 .* is at 2 .*: renew the grant"):
            shared.call(MKT, "Sharing:deliver", old)
        assert shared.call(MKT, "Sharing:renew", grant) == 2
        with pytest.raises(ContractError, match="a receipt of version 1 does not count"):
            shared.call(MKT, "Sharing:deliver", old)
        with pytest.raises(ContractError, match="the delivered schema is not that of version 2"):
            shared.call(MKT, "Sharing:deliver", old | {"grant_version": 2})
        shared.call(MKT, "Sharing:deliver", shared.delivery(grant))
        with pytest.raises(ContractError, match="names the live version 2 already"):
            shared.call(MKT, "Sharing:renew", grant)

    def test_a_renewal_needs_all_its_fields(self, shared: City, grant: str) -> None:
        fields = description()["fields"][1:]
        shared.call(MKT, "Directory:give_notice", CODE, description(fields=fields), "数据项调整")
        shared.ledger.now = moment("2026-03-25T16:00:00Z")
        shared.change(fields=fields)
        with pytest.raises(ContractError, match="has no field uscc"):
            shared.call(MKT, "Sharing:renew", grant)

    def test_no_renewal_while_the_resource_is_suspended(self, shared: City, grant: str) -> None:
        shared.call(MKT, "Directory:suspend", CODE, "系统迁移")
        with pytest.raises(ContractError, match="is suspended, not published"):
            shared.call(MKT, "Sharing:renew", grant)

    def test_no_activation_after_the_term(self, shared: City) -> None:
        request = shared.checked()
        shared.call(MKT, "Sharing:grant", request, offer())
        shared.ledger.now = moment("2027-03-11T00:00:00Z")
        with pytest.raises(ContractError, match="expired at 2027-03-11T00:00:00Z"):
            shared.call(HAI, "Sharing:activate", request)
        shared.call(ECON, "Sharing:expire", request)

    def test_expiry_is_closed_by_anyone_of_the_three_but_not_early(
        self, shared: City, grant: str
    ) -> None:
        with pytest.raises(ContractError, match="is valid until 2027-03-11T00:00:00Z"):
            shared.call(HAI, "Sharing:expire", grant)
        shared.ledger.now = moment("2027-03-11T00:00:00Z")
        shared.call(HAI, "Sharing:expire", grant)
        assert shared.ask(ECON, "Sharing:granted", grant)["state"] == "expired"

    def test_expiring_within_days(self, shared: City, grant: str) -> None:
        assert shared.ask(HAI, "Sharing:expiring", 30) == []
        shared.ledger.now = moment("2027-02-09T00:00:00Z")
        assert [each["id"] for each in shared.ask(HAI, "Sharing:expiring", 30)] == [grant]
        assert shared.ask(HAI, "Sharing:expiring", 29) == []
        shared.ledger.now = moment("2027-03-11T00:00:00Z")
        assert shared.ask(HAI, "Sharing:expiring", 30) == []

    def test_time_does_not_run_back_to_when_it_was_live(self, shared: City, grant: str) -> None:
        shared.ledger.now = moment("2026-03-12T02:00:00Z")
        shared.call(MKT, "Sharing:deliver", shared.delivery(grant))
        shared.ledger.now = moment("2026-03-12T01:59:59Z")
        with pytest.raises(ContractError, match=r"the use of grant .* is too old"):
            shared.call(MKT, "Sharing:deliver", shared.delivery(grant, "q2"))
        shared.ledger.now = moment("2026-03-11T01:59:59Z")
        with pytest.raises(ContractError, match=r"grant .* was last changed at .* is too old"):
            shared.call(MKT, "Sharing:deliver", shared.delivery(grant, "q2"))


class TestReports:
    def test_raised_accepted_corrected(self, shared: City, grant: str) -> None:
        report = shared.call(HAI, "Sharing:raise_error", fault(grant))
        name, payload = shared.last_event()
        assert (name, payload["users"], payload["resource"]) == ("ErrorRaised", [HAI], CODE)
        record = shared.ask(MKT, "Sharing:report", report)
        assert (record["waiting_for"], record["due"]) == (MKT, "2026-03-18T15:59:59Z")
        with pytest.raises(
            ContractError, match="is raised: correct is possible only when accepted"
        ):
            shared.call(MKT, "Sharing:correct_error", report, digest("fixed"))
        shared.call(MKT, "Sharing:accept_error", report)
        shared.call(MKT, "Sharing:correct_error", report, digest("fixed"))
        record = shared.ask(MKT, "Sharing:report", report)
        assert (record["state"], record["due"]) == ("corrected", None)
        assert record["correction_digest"] == digest("fixed")

    def test_rejected_with_a_reason_by_the_provider(self, shared: City, grant: str) -> None:
        report = shared.call(HAI, "Sharing:raise_error", fault(grant))
        with pytest.raises(ContractError, match="is for the provider"):
            shared.call(HAI, "Sharing:reject_error", report, "无误")
        with pytest.raises(ContractError, match="needs a reason"):
            shared.call(MKT, "Sharing:reject_error", report, "")
        shared.call(MKT, "Sharing:reject_error", report, "数据无误")
        assert shared.ask(HAI, "Sharing:report", report)["reason"] == "数据无误"

    def test_an_unanswered_report_is_overdue(self, shared: City, grant: str) -> None:
        report = shared.call(HAI, "Sharing:raise_error", fault(grant))
        shared.ledger.now = moment("2026-03-19T02:00:00Z")
        assert shared.ask(ECON, "Sharing:overdue") == [
            {"department": MKT, "due": "2026-03-18T15:59:59Z", "kind": "report", "id": report}
        ]

    @pytest.mark.parametrize(
        ("who", "changes", "message"),
        [
            (MKT, {}, r"raise of .* is for the user \(HaidianMSP\)"),
            (HAI, {"field": "capital_fen"}, "does not give field capital_fen"),
            (HAI, {"record_commitment": "110105"}, "64 lower-case"),
            (HAI, {"description": "张某11010519491231002X"}, "resident ID"),
            (HAI, {"grant": digest("none")}, "no grant"),
        ],
    )
    def test_reports_that_are_refused(
        self, shared: City, grant: str, who: str, changes: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ContractError, match=message):
            shared.call(who, "Sharing:raise_error", fault(grant, **changes))

    def test_no_report_under_a_revoked_grant(self, shared: City, grant: str) -> None:
        shared.call(MKT, "Sharing:revoke", grant, "超范围使用")
        with pytest.raises(ContractError, match="is not in force"):
            shared.call(HAI, "Sharing:raise_error", fault(grant))


@settings(max_examples=20)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_what_is_used_never_exceeds_the_quota(amounts: list[int]) -> None:
    city = City()
    city.found()
    city.publish()
    grant = city.active()
    used = 0
    for number, rows in enumerate(amounts):
        delivery = city.delivery(grant, f"q{number}", rows=rows)
        if used + rows <= 100 and used < 100:
            city.call(MKT, "Sharing:deliver", delivery)
            used += rows
        else:
            with pytest.raises(ContractError, match=r"rows are more than|is exhausted"):
                city.call(MKT, "Sharing:deliver", delivery)
        assert city.ask(HAI, "Sharing:usage", grant)["rows"] == used
    receipts = city.ask(HAI, "Sharing:receipts", grant)
    assert sum(each["delivery"]["rows"] for each in receipts) == used
    assert city.ask(HAI, "Sharing:granted", grant)["state"] == (
        "exhausted" if used == 100 else "active"
    )


def test_state_is_canonical_json_without_floats(shared: City, grant: str) -> None:
    shared.call(MKT, "Sharing:deliver", shared.delivery(grant))
    keys = shared.ledger.keys()
    records = [shared.ledger.state(key) for key in keys]
    for value in records:
        assert value is not None
        parsed = json.loads(value, parse_float=pytest.fail)
        again = json.dumps(parsed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert again.encode() == value
    assert terms()["scope_digest"].encode() in b"".join(value or b"" for value in records)
