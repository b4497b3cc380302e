"""The contract `Sharing`: from a request to a grant or a refusal, with time limits."""

from dataclasses import replace
from typing import Any

import pytest
from pyfabric_municipal.common.values.workdays import YearCalendar

from pyfabric.chaincode import ContractError
from tests.support.municipal.municipal import (
    CODE,
    ECON,
    GOVERNANCE,
    HAI,
    MKT,
    NOT_SHARED,
    UNCONDITIONAL,
    City,
    application,
    description,
    digest,
    moment,
    offer,
    terms,
)

OFF_PLATFORM = "102001/000003"
DAY1 = "2026-03-12T15:59:59Z"


def state(city: City, request: str) -> str:
    found: str = city.ask(ECON, "Sharing:request", request)["state"]
    return found


class TestApplying:
    def test_a_request_waits_for_the_manager(self, shared: City) -> None:
        request = shared.call(HAI, "Sharing:apply", application())
        record = shared.ask(MKT, "Sharing:request", request)
        assert (record["state"], record["user"], record["provider"]) == ("applied", HAI, MKT)
        assert (record["waiting_for"], record["due"]) == (ECON, "2026-03-13T15:59:59Z")
        name, payload = shared.last_event()
        assert name == "RequestApplied"
        assert payload == {
            "at": "2026-03-11T02:00:00Z",
            "by": HAI,
            "id": request,
            "provider": MKT,
            "state": "applied",
            "user": HAI,
            "waiting_for": ECON,
        }

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"resource": "102001/000009"}, "no resource 102001/000009"),
            ({"version": 2}, "is at version 1, not 2"),
            ({"version": 0}, "version: .* greater than or equal to 1"),
            ({"purpose": ""}, "purpose is empty"),
            ({"legal_basis": " "}, "legal_basis is empty"),
            ({"terms": terms(fields=["phone"])}, "has no field phone"),
            ({"terms": terms(fields=[])}, "terms.fields"),
            ({"terms": terms(fields=["uscc", "uscc"])}, "each named once"),
            ({"terms": terms(fields=["uscc", "entity_name"])}, "sorted"),
            ({"terms": terms(quota=0)}, "quota"),
            ({"terms": terms(quota=10.0)}, "quota"),
            ({"terms": terms(quota=True)}, "quota"),
            ({"terms": terms(quota="10")}, "quota"),
            ({"terms": terms(quota=2**53)}, "quota"),
            ({"terms": terms(scope_digest="all")}, "64 lower-case hexadecimal"),
            ({"terms": terms(valid_until="2026-03-11T02:00:00Z")}, "the term ended at"),
            ({"terms": terms(valid_until="2026-01-01T00:00:00Z")}, "before it begins"),
            ({"terms": terms(valid_until="2027-13-11T00:00:00Z")}, "no such time"),
            ({"service_item": "11110000MB9K20022C3370117002011"}, "not one of HaidianMSP"),
            ({"service_item": "31"}, "is not 31 characters"),
            ({"extra": 1}, "extra"),
        ],
    )
    def test_applications_that_are_refused(
        self, shared: City, changes: dict[str, Any], message: str
    ) -> None:
        before = shared.ledger.keys()
        with pytest.raises(ContractError, match=message):
            shared.call(HAI, "Sharing:apply", application(**changes))
        assert shared.ledger.keys() == before

    def test_an_own_service_item_is_taken(self, shared: City) -> None:
        item = "11110108MB9H30033U3370117002011"
        assert shared.call(HAI, "Sharing:apply", application(service_item=item))

    def test_no_request_for_what_is_not_shared(self, city: City) -> None:
        city.publish(share=NOT_SHARED)
        with pytest.raises(ContractError, match=f"{CODE} is not shared: 《中华人民共和国统计法》"):
            city.call(HAI, "Sharing:apply", application())

    def test_no_request_for_a_draft_or_for_ones_own(self, city: City) -> None:
        city.draft()
        with pytest.raises(ContractError, match="is draft, not published"):
            city.call(HAI, "Sharing:apply", application())
        city.take(MKT, "submit")
        city.take(ECON, "publish")
        with pytest.raises(ContractError, match="is the caller's own"):
            city.call(MKT, "Sharing:apply", application())

    def test_outsiders_are_refused(self, shared: City) -> None:
        with pytest.raises(ContractError, match="no department OutsideMSP"):
            shared.call("OutsideMSP", "Sharing:apply", application())


class TestUnconditional:
    def test_the_managers_check_grants_it(self, city: City) -> None:
        city.publish(share=UNCONDITIONAL)
        request = city.call(HAI, "Sharing:apply", application())
        assert city.call(ECON, "Sharing:check", request) == "granted"
        grant = city.ask(HAI, "Sharing:granted", request)
        assert (grant["state"], grant["terms"]) == ("granted", terms())
        assert city.ask(ECON, "Sharing:request", request)["waiting_for"] is None

    def test_it_cannot_be_refused(self, city: City) -> None:
        city.publish(share=UNCONDITIONAL)
        request = city.call(HAI, "Sharing:apply", application())
        with pytest.raises(ContractError, match="shared unconditionally: it cannot be refused"):
            city.call(ECON, "Sharing:reject", request, "不同意")
        with pytest.raises(ContractError, match="is applied: refuse is possible only when checked"):
            city.call(MKT, "Sharing:refuse", request, "不同意")


class TestConditional:
    def test_the_check_passes_it_on(self, shared: City) -> None:
        request = shared.checked()
        record = shared.ask(HAI, "Sharing:request", request)
        assert (record["state"], record["waiting_for"]) == ("checked", MKT)
        assert record["due"] == "2026-03-18T15:59:59Z"

    def test_off_the_platform_the_provider_has_longer(self, city: City) -> None:
        city.publish(OFF_PLATFORM, on_platform=False)
        request = city.checked(OFF_PLATFORM)
        assert city.ask(HAI, "Sharing:request", request)["due"] == "2026-03-25T15:59:59Z"

    def test_granted_and_activated(self, shared: City) -> None:
        request = shared.checked()
        shared.call(MKT, "Sharing:grant", request, offer())
        assert shared.last_event()[0] == "RequestGranted"
        shared.call(HAI, "Sharing:activate", request)
        grant = shared.ask(ECON, "Sharing:granted", request)
        assert (grant["state"], grant["version"], grant["licence"]) == (
            "active",
            1,
            "限本次业务使用",
        )
        steps = [step["action"] for step in shared.ask(ECON, "Sharing:history", request)]
        assert steps == ["apply", "pass_on", "grant", "offer", "activate"]

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"fields": ["capital_fen", "uscc"]}, "field capital_fen was not asked for"),
            ({"quota": 101}, "quota 101 is above the 100 asked for"),
            ({"valid_until": "2028-01-01T00:00:00Z"}, "longer than the one asked for"),
            ({"valid_from": "2026-03-10T00:00:00Z"}, "longer than the one asked for"),
            ({"scope_digest": digest("more rows")}, "row scope is not the one asked for"),
        ],
    )
    def test_a_grant_adds_nothing_to_the_request(
        self, shared: City, changes: dict[str, Any], message: str
    ) -> None:
        request = shared.checked()
        with pytest.raises(ContractError, match=message):
            shared.call(MKT, "Sharing:grant", request, offer(**changes))
        assert state(shared, request) == "checked"

    def test_only_the_provider_grants(self, shared: City) -> None:
        request = shared.checked()
        for who in (HAI, ECON):
            with pytest.raises(ContractError, match=r"is for the provider \(MktSupMSP\)"):
                shared.call(who, "Sharing:grant", request, offer())

    def test_only_the_user_activates(self, shared: City) -> None:
        request = shared.checked()
        shared.call(MKT, "Sharing:grant", request, offer())
        with pytest.raises(ContractError, match=r"is for the user \(HaidianMSP\)"):
            shared.call(MKT, "Sharing:activate", request)

    def test_refused_with_a_reason(self, shared: City) -> None:
        request = shared.checked()
        with pytest.raises(ContractError, match=r"refuse of request .* needs a reason"):
            shared.call(MKT, "Sharing:refuse", request, "")
        shared.call(MKT, "Sharing:refuse", request, "与履职无关")
        record = shared.ask(HAI, "Sharing:request", request)
        assert (record["state"], record["reason"], record["due"]) == ("refused", "与履职无关", None)
        with pytest.raises(ContractError, match=f"no grant {request}"):
            shared.ask(HAI, "Sharing:granted", request)

    def test_a_reason_holds_no_personal_data(self, shared: City) -> None:
        request = shared.checked()
        with pytest.raises(ContractError, match="reason contains what looks like a resident ID"):
            shared.call(MKT, "Sharing:refuse", request, "11010519491231002X查无此人")

    def test_the_manager_rejects_what_is_not_in_order(self, shared: City) -> None:
        request = shared.call(HAI, "Sharing:apply", application())
        shared.call(ECON, "Sharing:reject", request, "依据不足")
        assert state(shared, request) == "refused"

    def test_withdrawn_by_the_user_alone(self, shared: City) -> None:
        request = shared.checked()
        with pytest.raises(ContractError, match="is for the user"):
            shared.call(MKT, "Sharing:withdraw", request)
        shared.call(HAI, "Sharing:withdraw", request)
        with pytest.raises(ContractError, match="is withdrawn: grant is possible only"):
            shared.call(MKT, "Sharing:grant", request, offer())

    def test_a_version_that_takes_something_needs_a_new_request(self, shared: City) -> None:
        request, other = shared.checked(), shared.checked(purpose="其他业务")
        shared.change(abstract="新")
        shared.call(MKT, "Sharing:grant", request, offer())
        shared.call(MKT, "Sharing:revoke", request, "撤回")
        shared.change(fields=description()["fields"][1:])
        with pytest.raises(ContractError, match="has no field uscc"):
            shared.call(MKT, "Sharing:grant", other, offer())


class TestNegotiation:
    def test_narrower_terms_offered_and_accepted(self, shared: City) -> None:
        request = shared.checked()
        with pytest.raises(ContractError, match="is checked: accept is possible only"):
            shared.call(HAI, "Sharing:accept", request)
        shared.call(MKT, "Sharing:offer", request, offer(quota=10, fields=["uscc"]))
        assert state(shared, request) == "negotiating"
        shared.call(HAI, "Sharing:accept", request)
        grant = shared.ask(HAI, "Sharing:granted", request)
        assert grant["terms"] == terms(quota=10, fields=["uscc"])

    def test_a_dispute_without_offer_cannot_be_accepted(self, shared: City) -> None:
        request = shared.checked()
        shared.call(MKT, "Sharing:refuse", request, "与履职无关")
        shared.call(HAI, "Sharing:dispute", request, "属法定职责")
        assert shared.ask(HAI, "Sharing:request", request)["waiting_for"] == MKT
        with pytest.raises(ContractError, match="has offered no terms yet"):
            shared.call(HAI, "Sharing:accept", request)

    def test_arbitration_for_the_user_binds_the_provider(self, shared: City) -> None:
        request = shared.checked()
        shared.call(MKT, "Sharing:offer", request, offer(quota=1))
        shared.call(HAI, "Sharing:refer", request, "数量不足")
        assert shared.ask(HAI, "Sharing:request", request)["waiting_for"] == ECON
        ruled = offer(quota=50)
        with pytest.raises(ContractError, match="is for the manager"):
            shared.call(MKT, "Sharing:arbitrate", request, "同意", ruled)
        assert shared.call(ECON, "Sharing:arbitrate", request, "同意", ruled) == "arbitrated"
        with pytest.raises(ContractError, match="not those of the arbitration"):
            shared.call(MKT, "Sharing:grant", request, offer(quota=49))
        with pytest.raises(ContractError, match="is arbitrated: refuse is possible only"):
            shared.call(MKT, "Sharing:refuse", request, "仍不同意")
        shared.call(MKT, "Sharing:grant", request, ruled)
        assert state(shared, request) == "granted"

    def test_a_ruling_gives_no_more_than_was_asked_for(self, shared: City) -> None:
        request = shared.checked()
        shared.call(MKT, "Sharing:offer", request, offer(quota=1))
        with pytest.raises(ContractError, match="above the 100 asked for"):
            shared.call(ECON, "Sharing:arbitrate", request, "同意", offer(quota=200))

    def test_arbitration_against_the_user_is_final(self, shared: City) -> None:
        request = shared.checked()
        shared.call(MKT, "Sharing:refuse", request, "与履职无关")
        shared.call(HAI, "Sharing:dispute", request, "属法定职责")
        assert shared.call(ECON, "Sharing:arbitrate", request, "维持") == "refused"
        with pytest.raises(ContractError, match="was arbitrated: the ruling is final"):
            shared.call(HAI, "Sharing:dispute", request, "不服")

    def test_a_late_provider_brings_the_manager_in(self, shared: City) -> None:
        request = shared.checked()
        shared.ledger.now = moment("2026-03-18T15:59:59Z")
        with pytest.raises(ContractError, match="has time until 2026-03-18T15:59:59Z"):
            shared.call(HAI, "Sharing:escalate", request)
        shared.ledger.now = moment("2026-03-18T16:00:00Z")
        shared.call(HAI, "Sharing:escalate", request)
        record = shared.ask(ECON, "Sharing:request", request)
        assert (record["state"], record["waiting_for"]) == ("negotiating", ECON)


class TestDeadlines:
    def test_overdue_answers_by_department(self, shared: City) -> None:
        request = shared.checked()
        other = shared.call(HAI, "Sharing:apply", application(purpose="另一业务"))
        assert shared.ask(HAI, "Sharing:overdue") == []
        shared.ledger.now = moment("2026-03-19T02:00:00Z")
        found = shared.ask(HAI, "Sharing:overdue")
        assert [(each["department"], each["id"]) for each in found] == [
            (ECON, other),
            (MKT, request),
        ]
        assert [each["id"] for each in shared.ask(HAI, "Sharing:overdue", MKT)] == [request]
        shared.call(MKT, "Sharing:refuse", request, "迟复")
        assert shared.ask(HAI, "Sharing:overdue", MKT) == []

    def test_holidays_and_make_up_days_count(self, shared: City) -> None:
        shared.ledger.now = moment("2026-09-30T02:00:00Z")
        request = shared.checked(terms=terms())
        record = shared.ask(HAI, "Sharing:request", request)
        # 1-7 October are holidays, Saturday the 10th is worked.
        assert record["due"] == "2026-10-13T15:59:59Z"

    def test_without_a_calendar_nothing_is_promised(self, shared: City) -> None:
        shared.ledger.now = moment("2028-01-03T02:00:00Z")
        late = terms(valid_until="2029-01-01T00:00:00Z")
        with pytest.raises(ContractError, match="there is no calendar of 2028: propose it"):
            shared.call(HAI, "Sharing:apply", application(terms=late))
        more = (*GOVERNANCE.calendars, YearCalendar(year=2028))
        shared.governance = replace(GOVERNANCE, calendars=more)
        assert shared.call(HAI, "Sharing:apply", application(terms=late))

    def test_a_transaction_from_before_the_last_step_is_refused(self, shared: City) -> None:
        request = shared.checked()
        shared.ledger.now = moment("2026-03-11T01:59:59Z")
        with pytest.raises(ContractError, match=r"was last changed at .* is too old"):
            shared.call(MKT, "Sharing:grant", request, offer())

    def test_refusals_per_department(self, shared: City) -> None:
        for purpose, answer in (("甲", "refuse"), ("乙", "grant"), ("丙", "grant"), ("丁", "")):
            request = shared.checked(purpose=purpose)
            if answer == "refuse":
                shared.call(MKT, "Sharing:refuse", request, "与履职无关")
            elif answer:
                shared.call(MKT, "Sharing:grant", request, offer())
        assert shared.ask(ECON, "Sharing:refusals") == [
            {"department": MKT, "answered": 3, "refused": 1, "per_thousand": 333}
        ]

    def test_pages_of_requests(self, shared: City) -> None:
        made = {shared.checked(purpose=f"业务{n}") for n in range(3)}
        first = shared.ask(ECON, "Sharing:requests", 2)
        second = shared.ask(ECON, "Sharing:requests", 2, first["bookmark"])
        assert {each["id"] for each in first["items"] + second["items"]} == made
        assert second["bookmark"] == ""
