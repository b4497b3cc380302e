"""What nobody's silence stops, and what the stronger side cannot take back."""

from dataclasses import replace
from typing import Any

import pytest
from pyfabric_municipal.common.testing.stage import Stage, certificate
from pyfabric_municipal.common.testing.stories import Person
from pyfabric_municipal.sharing.records import Grant, Receipt, Request

from pyfabric.chaincode import ContractError
from tests.support.municipal.sharing_story import (
    CODE,
    CONDITIONAL,
    ECON,
    FREE,
    GOV,
    GOVERNANCE,
    PEOPLE,
    RETYPED,
    STORY,
    UNCONDITIONAL,
    delivery,
    description,
    offer,
)

DAY = 86_400


@pytest.fixture
def stage() -> Stage:
    """Provide a ledger on which nothing has been done."""
    return Stage(STORY)


def refused(stage: Stage, name: str, **changes: Any) -> str:
    """Return the code of a step's refusal."""
    with pytest.raises(ContractError) as caught:
        stage.take(name, **changes)
    return caught.value.code


def change(stage: Stage, **changes: Any) -> None:
    """Publish a further version of the resource."""
    stage.take("Directory:change", arguments={"description": description(**changes)})


class TestSilence:
    def test_a_request_that_the_manager_never_looks_at_comes_to_the_provider(
        self, stage: Stage
    ) -> None:
        stage.reach("apply")
        stage.ids["check"] = stage.ids["apply"]
        assert stage.take("grant", later=4 * DAY)["state"] == "granted"

    def test_what_is_unconditional_is_taken_although_manager_and_provider_are_silent(
        self, stage: Stage
    ) -> None:
        stage.reach("apply#free")
        request = stage.ids["apply#free"]
        assert stage.take("take_open", record_id=request, later=4 * DAY)["state"] == "granted"

    def test_a_ruling_gives_the_grant_although_the_provider_is_silent(self, stage: Stage) -> None:
        stage.reach("check")
        stage.ids["refer"] = stage.ids["apply"]
        assert stage.take("rule_for", later=8 * DAY)["state"] == "arbitrated"
        assert stage.take("activate", record_id=stage.ids["apply"])["state"] == "active"

    def test_what_nobody_rules_on_is_filed_anew(self, stage: Stage) -> None:
        stage.reach("leave_unresolved")
        assert stage.take("refile")["state"] == "applied"

    def test_an_unconditional_request_outlives_a_new_version(self, stage: Stage) -> None:
        stage.reach("apply#free")
        newer = {"description": description(FREE, share=UNCONDITIONAL, title="登记基本信息")}
        stage.take("Directory:change", record_id=FREE, arguments=newer)
        assert stage.take("grant_open#free")["state"] == "granted"

    def test_a_request_for_what_has_changed_is_filed_under_the_new_version(
        self, stage: Stage
    ) -> None:
        stage.reach("apply")
        change(stage, fields=RETYPED)
        assert refused(stage, "check") == "sharing.resource-changed"
        stage.take("refile", arguments={"application": {"version": 2}})
        assert stage.take("check")["state"] == "checked"

    def test_a_grant_that_is_not_activated_outlives_a_new_version(self, stage: Stage) -> None:
        stage.reach("grant")
        change(stage, title="登记基本信息")
        assert stage.take("activate")["state"] == "active"

    def test_a_grant_whose_fields_have_changed_is_renewed_before_it_is_activated(
        self, stage: Stage
    ) -> None:
        stage.reach("grant")
        change(stage, fields=RETYPED)
        assert refused(stage, "activate") == "sharing.resource-changed"
        stage.ids["Directory:change#retype"] = CODE
        stage.reach("renew_unused")
        assert stage.take("activate")["state"] == "active"

    def test_a_report_that_nobody_answers_counts_as_a_fault(self, stage: Stage) -> None:
        stage.reach("escalate_error")
        report = stage.ids["raise_error"]
        taken = stage.take("correct_error", record_id=report, later=20 * DAY)
        assert taken["state"] == "corrected"

    def test_rows_of_a_contested_delivery_come_back_to_who_has_used_all(self, stage: Stage) -> None:
        stage.reach("exhaust")
        stage.take("contest")
        stage.take("concede")
        assert stage.record(Grant, stage.ids["grant"]).state == "active"
        again = stage.take("deliver", arguments={"delivery": delivery(3, revision=4)})
        assert again["state"] == "issued"


class TestTheStrongerSide:
    @pytest.mark.parametrize(
        ("step", "request_of"), [("grant_open", "apply"), ("rule_for", "apply")]
    )
    def test_the_provider_cannot_revoke_what_the_law_or_a_ruling_gave(
        self, stage: Stage, step: str, request_of: str
    ) -> None:
        stage.reach(step)
        grant = stage.ids[request_of]
        assert refused(stage, "revoke", record_id=grant) == "sharing.promised"
        manager = PEOPLE["manager"]
        assert stage.take("revoke", record_id=grant, by=manager)["state"] == "revoked"

    @pytest.mark.parametrize("before", ["apply", "check", "offer", "refuse", "dispute"])
    @pytest.mark.parametrize("ruling", ["rule_for", "rule_against"])
    def test_nobody_rules_who_was_not_asked(self, stage: Stage, before: str, ruling: str) -> None:
        stage.reach(before)
        assert refused(stage, ruling, record_id=stage.ids["apply"]) == "state"

    def test_a_compatible_change_stops_no_delivery(self, stage: Stage) -> None:
        stage.reach("lease_rows")
        change(stage, title="登记基本信息")
        assert stage.take("deliver")["state"] == "issued"

    def test_data_is_delivered_in_the_live_schema(self, stage: Stage) -> None:
        stage.reach("lease_rows")
        more = [*description()["fields"], {"name": "status", "title": "状态", "type": "code"}]
        change(stage, fields=more)
        assert refused(stage, "deliver") == "sharing.other-schema"

    def test_what_was_asked_for_does_not_grow_without_a_new_check(self, stage: Stage) -> None:
        stage.reach("check")
        wider = {"application": {"terms": {"fields": ["capital_fen", "uscc"]}}}
        assert stage.take("refile", arguments=wider)["state"] == "applied"
        assert refused(stage, "grant") == "state"


class TestBothSides:
    @pytest.mark.parametrize(
        ("role", "step", "party"),
        [
            ("manager", "check", "user"),
            ("manager", "reject", "provider"),
            ("manager", "revoke", "user"),
            ("arbiter", "rule_for", "provider"),
            ("arbiter", "rule_against", "user"),
            ("arbiter", "undo_delivery", "user"),
            ("arbiter", "uphold_delivery", "provider"),
            ("arbiter", "uphold_error", "provider"),
            ("arbiter", "dismiss_error", "user"),
        ],
    )
    def test_no_party_decides_in_its_own_matter(self, role: str, step: str, party: str) -> None:
        """Also where the city's register gives it the role."""
        msp_id = PEOPLE[party].msp_id
        usual = GOVERNANCE.roles["sharing", role]
        stage = Stage(STORY, roles={role: (*usual, msp_id)})
        stage.prepare(step)
        acting = Person(msp_id, PEOPLE[role].attributes)
        assert refused(stage, step, by=acting) == "role"
        assert stage.take(step, later=0, by=PEOPLE[role])

    def test_the_successor_of_the_arbiter_does_not_rule_on_its_own_matter(self) -> None:
        merged = tuple(
            replace(one, state="merged", successor=PEOPLE["user"].msp_id)
            if one.msp_id == GOV
            else one
            for one in GOVERNANCE.departments
        )
        stage = Stage(replace(STORY, governance=replace(GOVERNANCE, departments=merged)))
        stage.prepare("rule_for")
        assert (
            refused(stage, "rule_for", by=Person(PEOPLE["user"].msp_id, {"staff": "9"})) == "role"
        )

    def test_a_resource_that_is_taken_over_has_a_new_provider_everywhere(
        self, stage: Stage
    ) -> None:
        stage.reach("deliver")
        heir = Person(ECON, {"staff": "3009"})
        stage.ledger.submit("Directory:take_over", CODE, as_=certificate(heir))
        assert refused(stage, "revoke") == "role"
        assert refused(stage, "lease_rows", arguments={"worker": "w9"}) == "role"
        assert stage.take("revoke", by=heir)["state"] == "revoked"


def test_what_a_stranger_files_is_refused(stage: Stage) -> None:
    stage.prepare("apply")
    assert refused(stage, "apply", by=PEOPLE["outsider"]) == "role"
    assert stage.records(Request) == []
    assert stage.records(Receipt) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"resource": "102001/000009"}, "no resource 102001/000009"),
        ({"version": 2}, "does not carry"),
        ({"version": 0}, "version"),
        ({"purpose": ""}, "purpose"),
        ({"legal_basis": " "}, "legal_basis"),
        ({"scope": "all"}, "64 lower-case"),
        ({"service_item": "31"}, "31 characters"),
        ({"extra": 1}, "extra"),
        ({"terms": {"fields": []}}, "fields"),
        ({"terms": {"fields": ["uscc", "uscc"]}}, "each named once"),
        ({"terms": {"fields": ["uscc", "entity_name"]}}, "sorted"),
        ({"terms": {"quota": 0}}, "quota"),
        ({"terms": {"quota": 10.0}}, "quota"),
        ({"terms": {"quota": True}}, "quota"),
        ({"terms": {"quota": "10"}}, "quota"),
        ({"terms": {"quota": 2**53}}, "quota"),
        ({"terms": {"valid_until": "2026-01-01T00:00:00Z"}}, "before it begins"),
        ({"terms": {"valid_until": "2027-13-11T00:00:00Z"}}, "no such time"),
    ],
    ids=str,
)
def test_applications_that_are_refused(stage: Stage, changes: dict[str, Any], said: str) -> None:
    stage.prepare("apply")
    with pytest.raises(ContractError, match=said):
        stage.take("apply", arguments={"application": changes})
    assert stage.records(Request) == []


@pytest.mark.parametrize(
    "narrower",
    [
        {"fields": ["capital_fen", "uscc"]},
        {"quota": 101},
        {"valid_until": "2028-01-01T00:00:00Z"},
        {"valid_from": "2026-03-10T00:00:00Z"},
    ],
    ids=str,
)
@pytest.mark.parametrize("step", ["grant", "offer", "rule_for"])
def test_nothing_is_given_that_was_not_asked_for(
    stage: Stage, step: str, narrower: dict[str, Any]
) -> None:
    stage.prepare(step)
    assert refused(stage, step, arguments={"offer": offer(**narrower)}) == "sharing.not-asked-for"


def test_a_reason_holds_no_personal_data(stage: Stage) -> None:
    stage.prepare("refuse")
    with pytest.raises(ContractError, match="looks like a resident ID"):
        stage.take("refuse", reason="11010519491231002X查无此人")


def test_a_department_that_shares_on_condition_again_has_to_renew(stage: Stage) -> None:
    """Refuse to activate what was open to all when it was granted, and is not open any more."""
    stage.reach("grant_open#free")
    grant = stage.ids["grant_open#free"]
    closed = {"description": description(FREE, share=CONDITIONAL)}
    stage.take("Directory:change", record_id=FREE, arguments=closed)
    assert refused(stage, "activate", record_id=grant) == "sharing.resource-changed"
