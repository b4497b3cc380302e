"""The contract `Directory`: founding, duties, resources and their versions."""

from typing import Any

import pytest

from pyfabric.chaincode import ContractError
from tests.support.municipal.municipal import (
    CODE,
    DEADLINES,
    ECON,
    HAI,
    MKT,
    NOT_SHARED,
    UNCONDITIONAL,
    USCC,
    City,
    department,
    description,
    moment,
    social_credit_code,
)

OTHER = "102001/000002"


def fields(*names: str, **datums: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "title": name, "type": "string"}
        | ({"datum": datums[name]} if name in datums else {})
        for name in names
    ]


class TestFounding:
    def test_nothing_works_before_it(self) -> None:
        with pytest.raises(ContractError, match="not founded yet"):
            City().call(ECON, "Directory:set_calendar", {"year": 2026})

    def test_it_needs_every_department_it_names(self) -> None:
        city = City()
        parts = [department(msp_id) for msp_id in (ECON, MKT, HAI)]
        founding = city.call(ECON, "Directory:found", ECON, DEADLINES, parts)
        assert city.call(MKT, "Directory:confirm_founding", founding) is False
        with pytest.raises(ContractError, match="not founded yet"):
            city.ask(ECON, "Directory:settings")
        assert city.call(HAI, "Directory:confirm_founding", founding) is True
        settings = city.ask(HAI, "Directory:settings")
        assert settings == {"manager": ECON, "deadlines": DEADLINES}
        assert [each["msp_id"] for each in city.ask(MKT, "Directory:departments")] == [
            ECON,
            HAI,
            MKT,
        ]
        assert city.last_event()[0] == "DirectoryFounded"

    @pytest.mark.parametrize(
        ("who", "manager", "parts", "message"),
        [
            (ECON, ECON, [department(ECON)], "at least 2 departments"),
            (ECON, ECON, [department(ECON), department(ECON)], "two .* have the MSP id EconInfo"),
            (
                ECON,
                ECON,
                [department(ECON), department(MKT, uscc=USCC[ECON])],
                "have the social credit code",
            ),
            (
                ECON,
                HAI,
                [department(ECON), department(MKT)],
                r"manager \(HaidianMSP\) is not among",
            ),
            (HAI, ECON, [department(ECON), department(MKT)], "HaidianMSP is not among"),
            (
                ECON,
                ECON,
                [department(ECON, region="110103"), department(MKT)],
                "retired on 2010-07-01",
            ),
        ],
    )
    def test_proposals_that_are_refused(
        self, who: str, manager: str, parts: list[dict[str, Any]], message: str
    ) -> None:
        with pytest.raises(ContractError, match=message):
            City().call(who, "Directory:found", manager, DEADLINES, parts)

    @pytest.mark.parametrize("days", [0, -1, 2.0, "2", True, None])
    def test_time_limits_are_positive_integers(self, days: object) -> None:
        parts = [department(ECON), department(MKT)]
        with pytest.raises(ContractError, match="manager"):
            City().call(ECON, "Directory:found", ECON, DEADLINES | {"manager": days}, parts)

    def test_only_founders_confirm_and_once(self) -> None:
        city = City()
        parts = [department(ECON), department(MKT)]
        founding = city.call(ECON, "Directory:found", ECON, DEADLINES, parts)
        with pytest.raises(ContractError, match="HaidianMSP is not among the founding"):
            city.call(HAI, "Directory:confirm_founding", founding)
        with pytest.raises(ContractError, match="has confirmed this founding already"):
            city.call(ECON, "Directory:confirm_founding", founding)
        with pytest.raises(ContractError, match="no founding"):
            city.call(MKT, "Directory:confirm_founding", "0" * 64)

    def test_it_happens_once(self, city: City) -> None:
        parts = [department(MKT), department(HAI)]
        with pytest.raises(ContractError, match="founded already, its manager is EconInfoMSP"):
            city.call(MKT, "Directory:found", MKT, DEADLINES, parts)

    def test_the_legal_time_limits_are_parameters(self) -> None:
        city = City()
        legal = {
            "manager": 1,
            "provider_on_platform": 10,
            "provider_off_platform": 20,
            "notice": 20,
        }
        parts = [department(ECON), department(MKT)]
        founding = city.call(ECON, "Directory:found", ECON, legal, parts)
        city.call(MKT, "Directory:confirm_founding", founding)
        assert city.ask(ECON, "Directory:settings")["deadlines"] == legal


class TestDepartments:
    def test_the_manager_admits_more(self, city: City) -> None:
        more = {
            "msp_id": "TaxMSP",
            "uscc": social_credit_code("11110000", "MB9T4004"),
            "name": "税务",
            "region": "110000",
        }
        city.call(ECON, "Directory:admit", more)
        assert "TaxMSP" in [each["msp_id"] for each in city.ask(HAI, "Directory:departments")]
        with pytest.raises(ContractError, match="department TaxMSP exists already"):
            city.call(
                ECON, "Directory:admit", more | {"uscc": social_credit_code("11110000", "MB9T5005")}
            )

    def test_others_do_not(self, city: City) -> None:
        with pytest.raises(ContractError, match=r"only the manager \(EconInfoMSP\)"):
            city.call(MKT, "Directory:admit", department(HAI))
        with pytest.raises(ContractError, match="only the manager"):
            city.call(MKT, "Directory:set_calendar", {"year": 2026})

    def test_one_social_credit_code_is_one_department(self, city: City) -> None:
        with pytest.raises(ContractError, match=f"{USCC[MKT]} is the code of MktSupMSP already"):
            city.call(ECON, "Directory:admit", department(MKT, msp_id="OtherMSP"))

    def test_a_channel_member_outside_the_directory_can_do_nothing(self, city: City) -> None:
        with pytest.raises(ContractError, match="no department OutsideMSP"):
            city.call("OutsideMSP", "Directory:draft", [description()])


class TestDuties:
    def test_one_duty_has_one_owner(self, city: City) -> None:
        assert city.ask(HAI, "Directory:duty", "MKTSUP-001")["owner"] == MKT
        claim = {"code": "MKTSUP-001", "title": "登记", "basis": "三定规定"}
        with pytest.raises(ContractError, match="MKTSUP-001 is owned by MktSupMSP: one duty, one"):
            city.call(HAI, "Directory:claim_duties", [claim])

    def test_batches_are_bounded(self, city: City) -> None:
        claims = [{"code": f"HAIDIAN-{n:03}", "title": "t", "basis": "b"} for n in range(100, 121)]
        with pytest.raises(ContractError, match="21 duties in one transaction: use 1 to 20"):
            city.call(HAI, "Directory:claim_duties", claims)
        with pytest.raises(ContractError, match="0 duties in one transaction: use 1 to 20"):
            city.call(HAI, "Directory:claim_duties", [])
        city.call(HAI, "Directory:claim_duties", claims[:20])

    def test_a_batch_names_each_once(self, city: City) -> None:
        claim = {"code": "HAIDIAN-100", "title": "t", "basis": "b"}
        with pytest.raises(ContractError, match="HAIDIAN-100 is named twice"):
            city.call(HAI, "Directory:claim_duties", [claim, claim])


class TestPublishing:
    def test_from_draft_to_published(self, city: City) -> None:
        city.call(MKT, "Directory:draft", [description()])
        assert city.ask(HAI, "Directory:resource", CODE)["state"] == "draft"
        assert city.ask(HAI, "Directory:holders", "uscc") == []
        city.call(MKT, "Directory:submit", [CODE])
        assert city.last_event() == (
            "ResourcesSubmitted",
            {"at": "2026-03-11T02:00:00Z", "by": MKT, "resources": [CODE], "duplicates": []},
        )
        city.call(ECON, "Directory:publish", [CODE])
        record = city.ask(HAI, "Directory:resource", CODE)
        assert (record["state"], record["version"], record["provider"]) == ("published", 1, MKT)
        assert city.ask(HAI, "Directory:resource_version", CODE, 1)["code"] == CODE
        steps = [step["action"] for step in city.ask(HAI, "Directory:history", CODE)]
        assert steps == ["draft", "submit", "publish"]

    def test_a_code_is_taken_once(self, shared: City) -> None:
        with pytest.raises(ContractError, match=f"{CODE} is taken by MktSupMSP"):
            shared.call(HAI, "Directory:draft", [description(CODE, HAI)])
        with pytest.raises(ContractError, match=f"{OTHER} is named twice"):
            shared.call(MKT, "Directory:draft", [description(OTHER), description(OTHER)])

    def test_a_batch_is_entered_whole_or_not_at_all(self, city: City) -> None:
        foreign = description(OTHER, duty="HAIDIAN-001")
        with pytest.raises(ContractError, match="owned by HaidianMSP, not by MktSupMSP"):
            city.call(MKT, "Directory:draft", [description(), foreign])
        with pytest.raises(ContractError, match=f"no resource {CODE}"):
            city.ask(MKT, "Directory:resource", CODE)

    def test_only_the_manager_publishes(self, city: City) -> None:
        city.call(MKT, "Directory:draft", [description()])
        city.call(MKT, "Directory:submit", [CODE])
        with pytest.raises(ContractError, match=r"publish .* is for the manager \(EconInfoMSP\)"):
            city.call(MKT, "Directory:publish", [CODE])

    def test_only_the_provider_submits(self, city: City) -> None:
        city.call(MKT, "Directory:draft", [description()])
        with pytest.raises(ContractError, match=r"is for the provider \(MktSupMSP\)"):
            city.call(HAI, "Directory:submit", [CODE])

    def test_no_step_is_skipped_or_repeated(self, city: City) -> None:
        city.call(MKT, "Directory:draft", [description()])
        with pytest.raises(
            ContractError, match="is draft: publish is possible only when submitted"
        ):
            city.call(ECON, "Directory:publish", [CODE])
        city.call(MKT, "Directory:submit", [CODE])
        city.call(ECON, "Directory:publish", [CODE])
        with pytest.raises(ContractError, match="is published: publish is possible only"):
            city.call(ECON, "Directory:publish", [CODE])

    def test_the_manager_may_send_back_and_the_provider_revise(self, city: City) -> None:
        city.call(MKT, "Directory:draft", [description()])
        city.call(MKT, "Directory:submit", [CODE])
        with pytest.raises(ContractError, match="needs a reason"):
            city.call(ECON, "Directory:send_back", CODE, "")
        city.call(ECON, "Directory:send_back", CODE, "摘要不完整")
        city.call(MKT, "Directory:revise", description(abstract="完整的摘要"))
        city.call(MKT, "Directory:submit", [CODE])
        city.call(ECON, "Directory:publish", [CODE])
        version = city.ask(HAI, "Directory:resource_version", CODE, 1)
        assert version["description"]["abstract"] == "完整的摘要"


class TestVersions:
    def test_a_change_keeps_the_old_version(self, shared: City) -> None:
        later = description(fields=fields("uscc", "entity_name", "status"))
        assert shared.call(MKT, "Directory:change", later) == 2
        assert shared.ask(HAI, "Directory:resource", CODE)["version"] == 2
        names = [
            [each["name"] for each in version["description"]["fields"]]
            for version in (
                shared.ask(HAI, "Directory:resource_version", CODE, number) for number in (1, 2)
            )
        ]
        assert names == [["uscc", "entity_name", "capital_fen"], ["uscc", "entity_name", "status"]]
        assert shared.ask(HAI, "Directory:holders", "capital_fen") == []
        assert [each["code"] for each in shared.ask(HAI, "Directory:holders", "status")] == [CODE]

    def test_a_change_must_change_something(self, shared: City) -> None:
        with pytest.raises(ContractError, match="is the same as the live one"):
            shared.call(MKT, "Directory:change", description())

    def test_only_the_provider_changes(self, shared: City) -> None:
        with pytest.raises(ContractError, match=r"is for the provider \(MktSupMSP\)"):
            shared.call(ECON, "Directory:change", description(abstract="x"))

    def test_without_grants_it_may_become_stricter_at_once(self, shared: City) -> None:
        assert shared.call(MKT, "Directory:change", description(share=NOT_SHARED)) == 2

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"fields": fields("entity_name")}, "removing or retyping field uscc"),
            (
                {
                    "fields": [
                        {"name": "uscc", "title": "t", "type": "integer"},
                        {"name": "entity_name", "title": "t", "type": "string"},
                    ]
                },
                "removing or retyping field uscc",
            ),
        ],
    )
    def test_live_grants_need_notice(
        self, shared: City, changes: dict[str, Any], message: str
    ) -> None:
        shared.active()
        with pytest.raises(ContractError, match=f"{message} while 1 grants are live needs notice"):
            shared.call(MKT, "Directory:change", description(**changes))
        until = shared.call(MKT, "Directory:give_notice", CODE, "数据项调整")
        assert until == "2026-03-25T15:59:59Z"
        assert shared.last_event()[1]["users"] == [HAI]
        shared.ledger.now = moment(until)
        with pytest.raises(ContractError, match="possible after the notice ends, 2026-03-25"):
            shared.call(MKT, "Directory:change", description(**changes))
        shared.ledger.now = moment("2026-03-25T16:00:00Z")
        assert shared.call(MKT, "Directory:change", description(**changes)) == 2

    def test_stricter_sharing_needs_notice_while_grants_live(self, city: City) -> None:
        city.publish(share=UNCONDITIONAL)
        request = city.checked()
        city.call(HAI, "Sharing:activate", request)
        with pytest.raises(ContractError, match="making it conditional while 1 grants are live"):
            city.call(MKT, "Directory:change", description())

    def test_additions_need_no_notice(self, shared: City) -> None:
        shared.active()
        more = fields("uscc", "entity_name", "status")
        more[0]["type"] = "code"
        assert shared.call(MKT, "Directory:change", description(fields=more)) == 2

    def test_what_is_not_shared_has_no_grants_notice_or_not(self, shared: City) -> None:
        grant = shared.active()
        until = shared.call(MKT, "Directory:give_notice", CODE, "停止共享")
        shared.ledger.now = moment(until.replace("15:59:59", "16:00:00"))
        with pytest.raises(ContractError, match=f"cannot become not_shared: grant {grant} is live"):
            shared.call(MKT, "Directory:change", description(share=NOT_SHARED))
        shared.call(MKT, "Sharing:revoke", grant, "停止共享")
        assert shared.call(MKT, "Directory:change", description(share=NOT_SHARED)) == 2


class TestEnding:
    def test_suspension_stops_and_resumes(self, shared: City) -> None:
        shared.call(MKT, "Directory:suspend", CODE, "系统迁移")
        with pytest.raises(ContractError, match="is suspended, not published"):
            shared.checked()
        shared.call(MKT, "Directory:resume", CODE)
        assert shared.checked()

    def test_retired_without_grants(self, shared: City) -> None:
        shared.call(MKT, "Directory:retire", CODE, "系统下线")
        assert shared.ask(HAI, "Directory:resource", CODE)["state"] == "retired"
        assert shared.ask(HAI, "Directory:holders", "uscc") == []
        assert shared.ask(HAI, "Directory:resource_version", CODE, 1)
        with pytest.raises(ContractError, match="is retired: resume is possible only"):
            shared.call(MKT, "Directory:resume", CODE)

    def test_with_live_grants_a_successor_is_needed(self, shared: City) -> None:
        shared.active()
        with pytest.raises(ContractError, match="1 live grants: name a successor"):
            shared.call(MKT, "Directory:retire", CODE, "合并")
        shared.publish(OTHER)
        shared.call(MKT, "Directory:retire", CODE, "合并", OTHER)
        assert shared.ask(HAI, "Directory:resource", CODE)["successor"] == OTHER

    def test_a_successor_is_another_published_resource(self, shared: City) -> None:
        with pytest.raises(ContractError, match="is not another published resource"):
            shared.call(MKT, "Directory:retire", CODE, "合并", CODE)
        shared.call(MKT, "Directory:draft", [description(OTHER)])
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
        assert shared.ask(HAI, "Directory:holders", "capital_fen") == [holder]
        assert shared.ask(HAI, "Directory:holders", "capital") == []

    def test_what_may_be_used_without_asking(self, shared: City) -> None:
        shared.publish(OTHER, share=UNCONDITIONAL)
        assert [each["code"] for each in shared.ask(HAI, "Directory:usable")] == [OTHER]
        assert shared.ask(MKT, "Directory:usable") == []
        shared.call(MKT, "Directory:suspend", OTHER, "迁移")
        assert shared.ask(HAI, "Directory:usable") == []
        shared.call(MKT, "Directory:resume", OTHER)
        shared.call(MKT, "Directory:change", description(OTHER))
        assert shared.ask(HAI, "Directory:usable") == []

    def test_data_past_its_update_cycle(self, shared: City) -> None:
        shared.publish(OTHER, cycle="yearly")
        shared.ledger.now = moment("2026-04-11T02:00:00Z")
        assert shared.ask(HAI, "Directory:late") == []
        shared.ledger.now = moment("2026-04-11T02:00:01Z")
        (late,) = shared.ask(HAI, "Directory:late")
        assert (late["code"], late["expected_by"]) == (CODE, "2026-04-11T02:00:00Z")
        shared.call(MKT, "Directory:refresh", CODE, 1_000_000)
        assert shared.ask(HAI, "Directory:late") == []

    def test_an_update_is_not_older_than_the_last(self, shared: City) -> None:
        shared.ledger.now = moment("2026-03-11T01:59:59Z")
        with pytest.raises(ContractError, match=r"data of resource .* is too old"):
            shared.call(MKT, "Directory:refresh", CODE, 1)

    def test_only_the_provider_refreshes(self, shared: City) -> None:
        with pytest.raises(ContractError, match="is updated by MktSupMSP, not by HaidianMSP"):
            shared.call(HAI, "Directory:refresh", CODE, 1)

    def test_a_datum_collected_twice_is_flagged(self, city: City) -> None:
        datum = fields("address", address="enterprise.contact_address")
        city.publish(CODE, MKT, fields=datum)
        assert city.ask(ECON, "Directory:duplicates") == []
        city.publish("316001/000001", HAI, fields=datum)
        note = f"enterprise.contact_address: MktSupMSP {CODE}"
        assert city.ask(ECON, "Directory:resource", "316001/000001")["duplicates"] == [note]
        assert city.ask(ECON, "Directory:duplicates") == [
            {"datum": "enterprise.contact_address", "resources": [CODE, "316001/000001"]}
        ]
        later = description("316001/000001", HAI, fields=fields("address"))
        city.call(HAI, "Directory:change", later)
        assert city.ask(ECON, "Directory:duplicates") == []

    def test_the_flag_is_raised_when_submitted_and_taken_back(self, city: City) -> None:
        datum = fields("address", address="enterprise.contact_address")
        city.publish(CODE, MKT, fields=datum)
        city.call(HAI, "Directory:draft", [description("316001/000001", HAI, fields=datum)])
        city.call(HAI, "Directory:submit", ["316001/000001"])
        assert city.last_event()[1]["duplicates"] == [
            f"enterprise.contact_address: MktSupMSP {CODE}"
        ]
        city.call(ECON, "Directory:send_back", "316001/000001", "重复采集")
        assert city.ask(ECON, "Directory:duplicates") == []

    def test_pages_of_the_directory(self, city: City) -> None:
        codes = [f"102001/{n:06}" for n in range(1, 6)]
        city.call(MKT, "Directory:draft", [description(code) for code in codes])
        seen, bookmark = [], ""
        while True:
            page = city.ask(HAI, "Directory:resources", 2, bookmark)
            seen += [each["code"] for each in page["items"]]
            bookmark = page["bookmark"]
            if not bookmark:
                break
        assert seen == codes
        with pytest.raises(ContractError, match="less than or equal to 200"):
            city.ask(HAI, "Directory:resources", 201)
