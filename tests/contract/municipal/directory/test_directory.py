"""The contract `Directory`: duties, resources, their versions, and what users keep of them."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pyfabric_municipal.common.governance import Department
from pyfabric_municipal.common.values.workdays import YearCalendar

from pyfabric.chaincode import ContractError
from pyfabric.chaincode.testing import TestLedger
from pyfabric.rules.state.rwset import decode_read_write_set
from tests.support.municipal.municipal import (
    CODE,
    CONTRACTS,
    ECON,
    GOVERNANCE,
    HAI,
    MKT,
    NOT_SHARED,
    START,
    UNCONDITIONAL,
    USCC,
    USERS,
    City,
    description,
    moment,
    offer,
)

OTHER = "102001/000002"
CLAIM = {"id": "MKTSUP-001", "title": "登记", "basis": "三定规定"}


def fields(*names: str, **datums: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "title": name, "type": "string"}
        | ({"datum": datums[name]} if name in datums else {})
        for name in names
    ]


class TestGovernment:
    """Departments, roles, calendars and limits are the city's: the directory asks it, and keeps none of its own."""

    def test_without_the_city_nothing_works(self) -> None:
        ledger = TestLedger(CONTRACTS, now=START)
        with pytest.raises(
            ContractError, match="every endorsing peer of the channel needs it"
        ) as no:
            ledger.submit("Directory:claim_duties", "file", [CLAIM], as_=USERS[MKT])
        assert no.value.code == "city.unreachable"

    @pytest.mark.parametrize("state", ["merged", "left", None])
    def test_only_departments_of_the_register_act(self, city: City, state: str | None) -> None:
        others = tuple(one for one in GOVERNANCE.departments if one.msp_id != MKT)
        gone = Department(MKT, USCC[MKT], MKT, "110000", state or "", HAI)
        city.governance = replace(GOVERNANCE, departments=(*others, *([gone] if state else [])))
        for who in (MKT, "OutsideMSP"):
            with pytest.raises(ContractError, match=r"draft .* is for member") as no:
                city.draft(who)
            assert no.value.code == "role"

    def test_a_successor_provides_what_a_merged_department_did(self, shared: City) -> None:
        others = tuple(one for one in GOVERNANCE.departments if one.msp_id != MKT)
        gone = Department(MKT, USCC[MKT], MKT, "110000", "merged", HAI)
        shared.governance = replace(GOVERNANCE, departments=(*others, gone))
        shared.call(HAI, "Directory:suspend", CODE, "机构改革")
        assert shared.resource()["state"] == "suspended"

    def test_the_limits_are_the_citys_parameters(self, city: City) -> None:
        legal = {**GOVERNANCE.parameters, ("directory", "manager-days"): 1}
        city.governance = replace(GOVERNANCE, parameters=legal)
        city.draft()
        city.take(MKT, "submit")
        (party,) = city.resource()["waiting"][0]["parties"]
        assert party == {"name": ECON, "due": "2026-03-12T15:59:59Z", "left": 0, "latest": None}

    def test_a_missing_parameter_is_named(self, city: City) -> None:
        city.governance = replace(GOVERNANCE, parameters={})
        city.draft()
        with pytest.raises(ContractError, match="manager-days of directory is not set") as no:
            city.take(MKT, "submit")
        assert no.value.code == "city.no-parameter"

    def test_a_year_without_calendar_promises_nothing(self, city: City) -> None:
        city.draft()
        city.ledger.now = moment("2028-01-03T02:00:00Z")
        with pytest.raises(ContractError, match="there is no calendar of 2028"):
            city.take(MKT, "submit")
        more = (*GOVERNANCE.calendars, YearCalendar(year=2028))
        city.governance = replace(GOVERNANCE, calendars=more)
        city.take(MKT, "submit")


class TestDuties:
    def test_one_duty_has_one_owner(self, city: City) -> None:
        assert owner_of(city, "MKTSUP-001") == MKT
        with pytest.raises(
            ContractError, match="MKTSUP-001 exists already: it is of MktSupMSP"
        ) as no:
            city.claim(HAI, "MKTSUP-001")
        assert no.value.facts["holder"] == MKT

    def test_batches_are_bounded(self, city: City) -> None:
        codes = [f"HAIDIAN-{n}" for n in range(100, 201)]
        with pytest.raises(ContractError, match="at most 100 items"):
            city.claim(HAI, *codes)
        with pytest.raises(ContractError, match="at least 1 item"):
            city.claim(HAI)
        city.claim(HAI, *codes[:100])

    def test_a_batch_names_each_once(self, city: City) -> None:
        with pytest.raises(ContractError, match="row 2: duty HAIDIAN-100 exists already"):
            city.claim(HAI, "HAIDIAN-100", "HAIDIAN-100")

    def test_a_file_is_entered_once(self, city: City) -> None:
        rows = [{"id": "HAIDIAN-100", "title": "t", "basis": "b"}]
        city.call(HAI, "Directory:claim_duties", "file", rows)
        with pytest.raises(ContractError):
            city.call(HAI, "Directory:claim_duties", "file", rows)

    def test_a_duty_moves_with_its_resources_and_their_grants(self, shared: City) -> None:
        grant = shared.active()
        shared.call(MKT, "Directory:offer_duty", "MKTSUP-001", ECON)
        with pytest.raises(ContractError, match="is for successor"):
            shared.call(HAI, "Directory:accept_duty", "MKTSUP-001")
        shared.call(ECON, "Directory:accept_duty", "MKTSUP-001")
        with pytest.raises(ContractError, match="is for owner"):
            shared.call(MKT, "Directory:take_over", "MKTSUP-001", [CODE])
        shared.call(ECON, "Directory:take_over", "MKTSUP-001", ["102001/1"])
        found = shared.resource()
        assert (found["provider"], found["description"]["provider"]) == (ECON, USCC[ECON])
        assert (found["state"], found["version"]) == ("published", 1)
        later = description(abstract="新", provider=USCC[ECON])
        shared.call(ECON, "Directory:change", CODE, later)
        with pytest.raises(ContractError, match="is for provider"):
            shared.call(MKT, "Directory:suspend", CODE, "迁移")
        assert shared.grant(grant)["state"] == "active"

    def test_only_resources_of_the_duty_are_taken_over(self, shared: City) -> None:
        with pytest.raises(ContractError, match=f"{CODE} belongs to duty MKTSUP-001") as no:
            shared.call(HAI, "Directory:take_over", "HAIDIAN-001", [CODE])
        assert no.value.code == "directory.other-duty"

    def test_a_duty_that_two_claim_is_arbitrated(self, city: City) -> None:
        city.call(HAI, "Directory:dispute_duty", "MKTSUP-001", "区级三定规定")
        with pytest.raises(ContractError, match="must be of another department"):
            city.call(HAI, "Directory:rule_duty", "MKTSUP-001", HAI, "归本区")
        city.call(ECON, "Directory:rule_duty", "MKTSUP-001", HAI, "以区级规定为准")
        assert owner_of(city, "MKTSUP-001") == HAI


def owner_of(city: City, duty: str) -> Any:
    """Return the owner of a duty."""
    return city.ask(ECON, "Directory:read", "duty", duty)["owner"]


class TestPublishing:
    def test_from_draft_to_published(self, city: City) -> None:
        city.draft()
        assert city.resource()["state"] == "draft"
        assert city.ask(HAI, "Directory:holders", "uscc")["items"] == []
        city.take(MKT, "submit")
        city.take(ECON, "publish")
        record = city.resource()
        assert (record["state"], record["version"], record["provider"]) == ("published", 1, MKT)
        assert record["published"] == "2026-03-11T02:00:00Z"
        assert version(city, 1)["description"]["code"] == CODE
        steps = city.ask(HAI, "Directory:history", "resource", CODE)
        assert [step["step"] for step in steps] == ["draft", "submit", "publish"]
        name, event = city.last_event()
        assert name == "resource.publish"
        assert [(one["kind"], one["id"]) for one in event["records"]] == [
            ("version", f"{CODE}@1"),
            ("freshness", CODE),
            ("resource", CODE),
            ("batch", "publish/file-6"),
        ]

    @pytest.mark.parametrize("written", ["102001/1", "102001/01", "102001/000001"])
    def test_a_code_has_one_spelling_and_is_taken_once(self, shared: City, written: str) -> None:
        row = {"id": written, "description": description(CODE, HAI)}
        with pytest.raises(ContractError, match=f"{CODE} exists already: it is of MktSupMSP"):
            shared.batch(HAI, "draft", row)
        assert shared.ask(HAI, "Directory:read", "resource", written)["id"] == CODE
        shared.call(MKT, "Directory:suspend", written, "迁移")

    def test_a_batch_names_each_resource_once(self, city: City) -> None:
        with pytest.raises(ContractError, match=f"row 2: resource {OTHER} exists already"):
            city.draft(MKT, description(OTHER), description(OTHER))

    def test_a_batch_is_entered_whole_or_not_at_all(self, city: City) -> None:
        foreign = description(OTHER, duty="HAIDIAN-001")
        with pytest.raises(ContractError, match=r"row 2: .*owned by HaidianMSP, not by MktSupMSP"):
            city.draft(MKT, description(), foreign)
        with pytest.raises(ContractError, match=f"no resource {CODE}"):
            city.resource()

    def test_only_the_manager_publishes(self, city: City) -> None:
        city.draft()
        city.take(MKT, "submit")
        with pytest.raises(ContractError, match=r"publish .* is for manager or deputy"):
            city.take(MKT, "publish")
        city.call(ECON, "Directory:send_back", CODE, "摘要不完整")
        with pytest.raises(ContractError, match="is for provider"):
            city.call(HAI, "Directory:revise", CODE, description(abstract="新"))

    def test_nobody_publishes_what_its_own_department_submitted(self, city: City) -> None:
        city.draft(ECON, description(CODE, ECON))
        city.take(ECON, "submit")
        with pytest.raises(ContractError, match="must be of another department") as no:
            city.take(ECON, "publish")
        assert no.value.code == "same-department"
        city.take(HAI, "publish")

    def test_a_manager_who_never_looks_is_replaced_by_the_deputy(self, city: City) -> None:
        city.draft()
        city.take(MKT, "submit")
        city.ledger.now = moment("2026-03-14T02:00:00Z")
        page = city.ask(MKT, "Directory:overdue", ECON, 10, "")
        assert [one["id"] for one in page["items"]] == [CODE]
        city.take(HAI, "publish")
        assert city.ask(MKT, "Directory:overdue", ECON, 10, "")["items"] == []

    def test_no_step_is_skipped_or_repeated(self, city: City) -> None:
        city.draft()
        with pytest.raises(
            ContractError, match="is draft: publish is possible only when submitted"
        ):
            city.take(ECON, "publish")
        city.take(MKT, "submit")
        city.take(ECON, "publish")
        with pytest.raises(ContractError, match="is published: publish is possible only"):
            city.take(ECON, "publish", CODE)

    def test_the_manager_may_send_back_and_the_provider_revise(self, city: City) -> None:
        city.draft()
        city.take(MKT, "submit")
        with pytest.raises(ContractError, match="needs a reason"):
            city.call(ECON, "Directory:send_back", CODE, "")
        city.call(ECON, "Directory:send_back", CODE, "摘要不完整")
        city.call(MKT, "Directory:revise", CODE, description(abstract="完整的摘要"))
        city.take(MKT, "submit")
        city.take(ECON, "publish")
        assert version(city, 1)["description"]["abstract"] == "完整的摘要"


class TestVersions:
    def test_a_change_keeps_the_old_version(self, shared: City) -> None:
        assert shared.change(fields=fields("uscc", "entity_name", "status")) == 2
        names = [
            [each["name"] for each in version(shared, number)["description"]["fields"]]
            for number in (1, 2)
        ]
        assert names == [["uscc", "entity_name", "capital_fen"], ["uscc", "entity_name", "status"]]
        assert version(shared, 2)["previous"] == f"{CODE}@1"
        assert codes(shared, "holders", "capital_fen") == []
        assert codes(shared, "holders", "status") == [CODE]

    def test_a_change_must_change_something(self, shared: City) -> None:
        with pytest.raises(ContractError, match="is the same as the live one"):
            shared.change()

    def test_only_the_provider_changes(self, shared: City) -> None:
        with pytest.raises(ContractError, match="is for provider"):
            shared.call(ECON, "Directory:change", CODE, description(abstract="x"))

    def test_without_grants_it_may_become_stricter_at_once(self, shared: City) -> None:
        assert shared.change(share=NOT_SHARED) == 2

    @pytest.mark.parametrize(
        ("changes", "loss"),
        [
            ({"fields": fields("entity_name")}, "fields.uscc"),
            (
                {
                    "fields": [
                        {"name": "uscc", "title": "t", "type": "integer"},
                        {"name": "entity_name", "title": "t", "type": "string"},
                    ]
                },
                "fields.uscc",
            ),
        ],
    )
    @pytest.mark.parametrize("accepted", [True, False], ids=["active", "granted"])
    def test_grants_need_notice(
        self, shared: City, changes: dict[str, Any], loss: str, accepted: bool
    ) -> None:
        if accepted:
            shared.active()
        else:
            shared.call(MKT, "Sharing:grant", shared.checked(), offer())
        with pytest.raises(ContractError, match="give notice of this very version") as no:
            shared.change(**changes)
        assert no.value.facts == {"loss": loss, "grants": 1}
        until = give_notice(shared, **changes)
        assert until == "2026-03-25T15:59:59Z"
        shared.ledger.now = moment(until)
        with pytest.raises(ContractError, match="possible after the notice ends, 2026-03-25"):
            shared.change(**changes)
        shared.ledger.now = moment("2026-03-25T16:00:00Z")
        assert shared.change(**changes) == 2

    def test_a_notice_is_of_one_version_and_shows_it(self, shared: City) -> None:
        shared.active()
        give_notice(shared, fields=fields("entity_name"))
        (named,) = shared.ask(HAI, "Directory:related", "resource", CODE)[:1]
        told = shared.ask(HAI, "Directory:read", named["kind"], named["id"])
        assert [one["name"] for one in told["description"]["fields"]] == ["entity_name"]
        shared.ledger.now = moment("2026-03-25T16:00:00Z")
        with pytest.raises(ContractError) as no:
            shared.change(fields=fields("status"))
        assert no.value.code == "directory.no-notice"
        assert shared.change(fields=fields("entity_name")) == 2

    def test_a_notice_lapses(self, shared: City) -> None:
        shared.active()
        give_notice(shared, fields=fields("entity_name"))
        lapses = shared.resource()["notice"]["lapses"]
        shared.ledger.now = moment(lapses) + timedelta(seconds=1)
        with pytest.raises(ContractError, match=f"the notice lapsed at {lapses}") as no:
            shared.change(fields=fields("entity_name"))
        assert no.value.code == "directory.notice-lapsed"
        give_notice(shared, fields=fields("entity_name"))

    def test_a_notice_is_used_once(self, shared: City) -> None:
        shared.active()
        less = fields("entity_name")
        give_notice(shared, fields=less)
        shared.ledger.now = moment("2026-03-25T16:00:00Z")
        shared.change(fields=less)
        assert shared.resource()["notice"] is None

    def test_a_compatible_change_keeps_the_notice(self, shared: City) -> None:
        shared.active()
        give_notice(shared, fields=fields("entity_name"))
        shared.change(abstract="更正")
        shared.ledger.now = moment("2026-03-25T16:00:00Z")
        assert shared.change(fields=fields("entity_name")) == 3

    def test_stricter_sharing_needs_notice_while_there_are_grants(self, city: City) -> None:
        city.publish(share=UNCONDITIONAL)
        city.call(ECON, "Sharing:grant_open", city.apply())
        with pytest.raises(ContractError) as no:
            city.change()
        assert no.value.facts == {"loss": "share.type", "grants": 1}

    def test_additions_need_no_notice(self, shared: City) -> None:
        shared.active()
        more = fields("uscc", "entity_name", "status")
        more[0]["type"] = "code"
        assert shared.change(fields=more) == 2

    @pytest.mark.parametrize("accepted", [True, False], ids=["active", "granted"])
    def test_what_is_not_shared_has_no_grants_notice_or_not(
        self, shared: City, accepted: bool
    ) -> None:
        grant = shared.checked()
        shared.call(MKT, "Sharing:grant", grant, offer())
        if accepted:
            shared.call(HAI, "Sharing:activate", grant)
        give_notice(shared, share=NOT_SHARED)
        shared.ledger.now = moment("2026-03-25T16:00:00Z")
        with pytest.raises(ContractError, match=f"not_shared: grant {grant} is granted or active"):
            shared.change(share=NOT_SHARED)
        shared.call(MKT, "Sharing:revoke", grant, "停止共享")
        assert shared.change(share=NOT_SHARED) == 2


class TestWhatGrantsKeep:
    def test_a_compatible_change_carries_them_over(self, shared: City) -> None:
        grant = shared.active()
        more = [*description()["fields"], *fields("status")]
        shared.change(fields=more)
        shared.change(fields=more, abstract="更正")
        shared.deliver(grant)

    def test_an_incompatible_one_stops_what_it_takes_until_the_provider_renews(
        self, shared: City
    ) -> None:
        kept, lost = shared.active(fields=["entity_name"]), shared.active()
        less = description()["fields"][1:]
        give_notice(shared, fields=less)
        shared.ledger.now = moment("2026-03-25T16:00:00Z")
        shared.change(fields=less)
        shared.deliver(kept, fields=["entity_name"])
        with pytest.raises(ContractError, match="nothing can be delivered under version 1"):
            shared.deliver(lost, fields=["uscc"])

    def test_a_field_that_comes_back_is_another_one(self, shared: City) -> None:
        grant = shared.active(fields=["uscc"])
        whole, less = description()["fields"], description()["fields"][1:]
        give_notice(shared, fields=less)
        shared.ledger.now = moment("2026-03-25T16:00:00Z")
        shared.change(fields=less)
        shared.change(fields=whole, abstract="恢复")
        with pytest.raises(ContractError, match="nothing can be delivered under version 1"):
            shared.deliver(grant)
        shared.call(MKT, "Sharing:renew", grant, ["uscc"])
        shared.deliver(grant)

    def test_a_grant_not_yet_accepted_is_carried_over_too(self, shared: City) -> None:
        grant = shared.checked()
        shared.call(MKT, "Sharing:grant", grant, offer())
        shared.change(abstract="更正")
        shared.call(HAI, "Sharing:activate", grant)

    def test_or_is_renewed_before_it_is_accepted(self, shared: City) -> None:
        grant = shared.checked()
        shared.call(MKT, "Sharing:grant", grant, offer())
        retyped = description()["fields"]
        retyped[0] = retyped[0] | {"type": "string"}
        give_notice(shared, fields=retyped)
        shared.ledger.now = moment("2026-03-25T16:00:00Z")
        shared.change(fields=retyped)
        with pytest.raises(ContractError, match="does not carry what was agreed"):
            shared.call(HAI, "Sharing:activate", grant)
        shared.call(MKT, "Sharing:renew_unused", grant, ["uscc"])
        assert shared.grant(grant)["state"] == "granted"
        shared.call(HAI, "Sharing:activate", grant)


class TestEnding:
    def test_suspension_stops_and_resumes(self, shared: City) -> None:
        shared.call(MKT, "Directory:suspend", CODE, "系统迁移")
        with pytest.raises(ContractError, match="is suspended at version 1"):
            shared.checked()
        shared.call(MKT, "Directory:resume", CODE)
        assert shared.checked()

    def test_what_the_manager_holds_its_provider_cannot_resume(self, shared: City) -> None:
        shared.call(MKT, "Directory:suspend", CODE, "系统迁移")
        with pytest.raises(ContractError, match="is for manager or deputy"):
            shared.call(MKT, "Directory:hold", CODE, "安全检查")
        shared.call(ECON, "Directory:hold", CODE, "安全检查")
        with pytest.raises(ContractError, match="is held: resume is possible only"):
            shared.call(MKT, "Directory:resume", CODE)
        with pytest.raises(ContractError, match="is for manager or deputy"):
            shared.call(MKT, "Directory:release", CODE, "已整改")
        with pytest.raises(ContractError, match="is held at version 1"):
            shared.checked()
        shared.call(HAI, "Directory:release", CODE, "已整改")
        assert shared.checked()

    def test_retired_without_grants(self, shared: City) -> None:
        shared.call(MKT, "Directory:retire", CODE, "系统下线")
        assert shared.resource()["state"] == "retired"
        assert codes(shared, "holders", "uscc") == []
        assert version(shared, 1)
        with pytest.raises(ContractError, match="is retired: resume is possible only"):
            shared.call(MKT, "Directory:resume", CODE)

    def test_with_live_grants_a_successor_is_needed(self, shared: City) -> None:
        shared.active()
        with pytest.raises(ContractError, match="1 grants are granted or active: name a successor"):
            shared.call(MKT, "Directory:retire", CODE, "合并")
        shared.publish(OTHER)
        shared.call(MKT, "Directory:retire", CODE, "合并", OTHER)
        assert shared.resource()["successor"] == OTHER

    def test_a_successor_is_another_published_resource(self, shared: City) -> None:
        with pytest.raises(ContractError, match="is not another published resource"):
            shared.call(MKT, "Directory:retire", CODE, "合并", CODE)
        shared.draft(MKT, description(OTHER))
        with pytest.raises(ContractError, match=f"successor {OTHER} is not another published"):
            shared.call(MKT, "Directory:retire", CODE, "合并", OTHER)
        with pytest.raises(ContractError, match="no resource 102001/000009"):
            shared.call(MKT, "Directory:retire", CODE, "合并", "102001/000009")

    def test_grants_past_their_term_hold_nothing_up(self, shared: City) -> None:
        shared.active()
        shared.ledger.now = moment("2027-03-11T00:00:00Z")
        shared.call(MKT, "Directory:retire", CODE, "系统下线")


class TestQueries:
    def test_who_holds_a_field(self, shared: City) -> None:
        holder = {
            "code": CODE,
            "title": "市场主体登记基本信息",
            "provider": MKT,
            "share": "conditional",
            "state": "published",
        }
        page = shared.ask(HAI, "Directory:holders", "capital_fen")
        assert page == {"items": [holder], "bookmark": ""}
        assert codes(shared, "holders", "capital") == []

    def test_what_may_be_used_without_asking(self, shared: City) -> None:
        shared.publish(OTHER, share=UNCONDITIONAL)
        assert codes(shared, "usable") == [OTHER]
        assert shared.ask(MKT, "Directory:usable")["items"] == []
        shared.call(MKT, "Directory:suspend", OTHER, "迁移")
        assert codes(shared, "usable") == []
        shared.call(MKT, "Directory:resume", OTHER)
        shared.change(OTHER)
        assert codes(shared, "usable") == []

    def test_data_past_its_update_cycle(self, shared: City) -> None:
        shared.publish(OTHER, cycle="yearly")
        shared.ledger.now = moment("2026-04-11T02:00:00Z")
        assert codes(shared, "late") == []
        shared.ledger.now = moment("2026-04-11T02:00:01Z")
        (late,) = shared.ask(HAI, "Directory:late")["items"]
        assert (late["code"], late["expected_by"]) == (CODE, "2026-04-11T02:00:00Z")
        shared.call(MKT, "Directory:refresh", CODE, "2026-04-11T01:00:00Z", 1_000_000)
        assert codes(shared, "late") == []

    def test_what_is_suspended_or_retired_is_not_late(self, shared: City) -> None:
        shared.publish(OTHER)
        shared.call(MKT, "Directory:suspend", CODE, "迁移")
        shared.call(MKT, "Directory:retire", OTHER, "下线")
        shared.ledger.now = moment("2026-05-11T02:00:01Z")
        assert codes(shared, "late") == []

    @pytest.mark.parametrize(
        ("at", "message"),
        [
            ("2026-03-11T01:59:59Z", "the data was updated at 2026-03-11T02:00:00Z already"),
            ("2026-03-11T02:00:01Z", "is after the channel's clock"),
        ],
    )
    def test_an_update_is_neither_older_than_the_last_nor_to_come(
        self, shared: City, at: str, message: str
    ) -> None:
        with pytest.raises(ContractError, match=message):
            shared.call(MKT, "Directory:refresh", CODE, at, 1)

    def test_only_the_provider_refreshes(self, shared: City) -> None:
        with pytest.raises(ContractError, match="is for provider"):
            shared.call(HAI, "Directory:refresh", CODE, "2026-03-11T02:00:00Z", 1)

    def test_a_datum_collected_twice_is_flagged(self, city: City) -> None:
        datum = fields("address", address="enterprise.contact_address")
        city.publish(CODE, MKT, fields=datum)
        assert twice(city) == []
        city.publish("316001/000001", HAI, fields=datum)
        note = f"enterprise.contact_address: MktSupMSP {CODE}"
        assert city.resource("316001/000001")["duplicates"] == [note]
        assert twice(city) == [
            {"datum": "enterprise.contact_address", "resources": [CODE, "316001/000001"]}
        ]
        city.change("316001/000001", HAI, fields=fields("address"))
        assert twice(city) == []

    def test_the_flag_is_raised_when_submitted_and_taken_back(self, city: City) -> None:
        datum = fields("address", address="enterprise.contact_address")
        city.publish(CODE, MKT, fields=datum)
        city.draft(HAI, description("316001/000001", HAI, fields=datum))
        city.take(HAI, "submit", "316001/000001")
        note = f"enterprise.contact_address: MktSupMSP {CODE}"
        assert city.resource("316001/000001")["duplicates"] == [note]
        city.call(ECON, "Directory:send_back", "316001/000001", "重复采集")
        assert city.resource("316001/000001")["duplicates"] == []
        assert twice(city) == []

    @pytest.mark.parametrize("size", [1, 2, 3])
    def test_each_datum_is_on_one_page(self, city: City, size: int) -> None:
        data = {name: f"enterprise.{name}" for name in ("address", "capital", "name")}
        for who, code in ((MKT, CODE), (HAI, "316001/000001")):
            city.publish(code, who, fields=fields(*data, **data))
        found = pages(city, "duplicates", size)
        assert [one["datum"] for one in found] == sorted(data.values())

    @pytest.mark.parametrize("size", [1, 2, 5])
    def test_pages_of_lists(self, city: City, size: int) -> None:
        every = [f"102001/{n:06}" for n in range(1, 6)]
        city.draft(MKT, *(description(code) for code in every))
        city.take(MKT, "submit", *every)
        city.take(ECON, "publish", *every)
        assert [one["code"] for one in pages(city, "holders", size, "uscc")] == every
        found = pages(city, "listed", size, "resource", "provider", [MKT])
        assert [one["id"] for one in found] == every
        city.ledger.now = moment("2026-04-12T02:00:00Z")
        assert [one["code"] for one in pages(city, "late", size)] == every
        with pytest.raises(ContractError, match="less than or equal to 200"):
            city.ask(HAI, "Directory:late", 201)

    @pytest.mark.parametrize(
        ("function", "arguments"), [("holders", ("uscc",)), ("late", ()), ("usable", ())]
    )
    def test_a_page_reads_no_more_than_its_resources(
        self, city: City, function: str, arguments: tuple[str, ...]
    ) -> None:
        every = [f"102001/{n:06}" for n in range(1, 13)]
        city.draft(MKT, *(description(code, share=UNCONDITIONAL) for code in every))
        city.take(MKT, "submit", *every)
        city.take(ECON, "publish", *every)
        city.ledger.now = moment("2026-04-12T02:00:00Z")
        asked = city.ledger.endorse(f"Directory:{function}", *arguments, 3, "", as_=USERS[HAI])
        assert len(json.loads(asked.result)["items"]) == 3
        found = decode_read_write_set(asked.read_write_set)
        (public,) = [one.public for one in found if one.namespace == "chaincode"]
        # A late resource is read beside its last update.
        ranges = [len(one.raw_reads.kv_reads) for one in public.range_queries_info]
        assert sum(ranges) <= 3
        assert len(public.reads) <= 2 * 3


def version(city: City, number: int) -> Any:
    """Return a version of the resource CODE."""
    return city.ask(HAI, "Directory:read", "version", f"{CODE}@{number}")


def give_notice(city: City, **changes: Any) -> str:
    """Announce a change of the resource CODE; returns until when the notice runs."""
    city.call(MKT, "Directory:give_notice", CODE, description(**changes), "数据项调整")
    until: str = city.last_event()[1]["notice"]["until"]
    return until


def codes(city: City, function: str, *arguments: str) -> list[str]:
    """Return the codes of a list's first page, as Haidian sees it."""
    page = city.ask(HAI, f"Directory:{function}", *arguments)
    return [one["code"] for one in page["items"]]


def twice(city: City) -> Any:
    """Return what is collected twice."""
    return city.ask(ECON, "Directory:duplicates")["items"]


def pages(city: City, function: str, size: int, *arguments: object) -> list[Any]:
    """Return all items of a list, page after page."""
    found, bookmark = [], ""
    while True:
        page = city.ask(HAI, f"Directory:{function}", *arguments, size, bookmark)
        found += page["items"]
        bookmark = page["bookmark"]
        if not bookmark:
            return found
