"""What security is for: decisions and denials, levels, keys that are lost, incidents, access in an emergency."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pyfabric_municipal.common.denials import Denial
from pyfabric_municipal.common.description import describe
from pyfabric_municipal.common.private import Blinded
from pyfabric_municipal.common.records import Fact
from pyfabric_municipal.common.roles import Appointed
from pyfabric_municipal.common.testing.stage import Stage, certificate
from pyfabric_municipal.common.testing.stories import Person
from pyfabric_municipal.security.classifications import Classification
from pyfabric_municipal.security.contract import Security
from pyfabric_municipal.security.decisions import ATTRIBUTES, Decision
from pyfabric_municipal.security.founding import founding_items
from pyfabric_municipal.security.keys import Key, Mark
from pyfabric_municipal.security.policies import Policy

from pyfabric.chaincode import ContractError
from pyfabric.errors import ValidationCode
from tests.support.municipal.security_story import (
    AUDIT,
    CODE,
    DAY,
    DETAILS,
    HAI,
    KEY,
    LATER_KEY,
    MKT,
    NEXT,
    NEXT_RULES,
    PEOPLE,
    POLICE,
    POLICY,
    SALT,
    STORY,
    SUBJECT,
    incident,
    policy,
    read,
)

PERMITTED, FORBIDDEN = "产业扶持资金审核", "统计分析"


@pytest.fixture
def stage() -> Stage:
    """Provide a ledger on which nothing has been done."""
    return Stage(STORY)


def ask(stage: Stage, function: str, *arguments: object, **at: Any) -> Any:
    """Evaluate a query of the contract."""
    who = certificate(PEOPLE["user"])
    return json.loads(stage.ledger.evaluate(f"Security:{function}", *arguments, as_=who, **at))


def listed(stage: Stage, kind: str, index: str, *values: str) -> list[Any]:
    """Return the ids that an index has under these values."""
    found = ask(stage, "listed", kind, index, list(values), 50, "")
    return [one["id"] for one in found["items"]]


def refused(stage: Stage, name: str, **changes: Any) -> str:
    """Return the code by which a step is refused."""
    with pytest.raises(ContractError) as caught:
        stage.take(name, **changes)
    return caught.value.code


class TestDecisions:
    def test_each_names_the_version_in_force_and_is_found_by_it(self, stage: Stage) -> None:
        stage.reach("decide")
        first = stage.ids["decide"]
        stage.reach("approve_policy#next")
        second = stage.take("decide", arguments={"purpose": FORBIDDEN})["id"]
        assert [stage.record(Decision, one).policy for one in (first, second)] == [POLICY, NEXT]
        assert listed(stage, "decision", "policy", POLICY) == [first]
        assert listed(stage, "decision", "subject", str(Blinded(**SUBJECT))) == sorted(
            [first, second]
        )
        assert [one["id"] for one in ask(stage, "related", "policy", NEXT)] == [second]
        assert stage.record(Policy, POLICY).state == "superseded"
        assert listed(stage, "policy", "in_force", "102001/important/none") == [NEXT]

    def test_one_under_a_version_that_is_superseded_meanwhile_is_invalid(
        self, stage: Stage
    ) -> None:
        stage.prepare("decide")
        stage.prepare("approve_policy#next")
        decided = stage.endorse("decide")
        approved = stage.endorse("approve_policy#next")
        codes = stage.ledger.commit([approved, decided])
        assert codes[0] == ValidationCode.VALID
        assert codes[1] != ValidationCode.VALID

    def test_a_denial_says_who_was_denied_what_by_which_version(self, stage: Stage) -> None:
        stage.prepare("decide")
        outcome = stage.take("decide", arguments={"purpose": FORBIDDEN})
        assert outcome["denied"] == "security.attribute-missing"
        denial = stage.record(Denial, outcome["id"])
        assert (denial.by.department, denial.by.staff) == (HAI, "4001")
        assert denial.facts == {
            "policy": POLICY,
            "attribute": "purpose",
            "resource": CODE,
            "subject": str(Blinded(**SUBJECT)),
        }
        for index, value in (("department", HAI), ("code", outcome["denied"]), ("fact", POLICY)):
            assert listed(stage, "denial", index, value) == [outcome["id"]]

    def test_an_attribute_that_nobody_knows_denies_whoever_has_it(self, stage: Stage) -> None:
        stage.prepare("decide")
        for first in ("classify#other", "approve_policy#unknown"):
            stage.reach(first)
        cleared = Person(HAI, {"role": "clerk", "clearance": "secret", "staff": "4001"})
        outcome = stage.take("decide", by=cleared, arguments={"resource": "102002/1"})
        assert outcome["denied"] == "security.unknown-attribute"

    @pytest.mark.parametrize(
        "who",
        [
            Person(HAI, {"role": "guest", "staff": "4001"}),
            Person(HAI, {"staff": "4001"}),
            Person(AUDIT, {"role": "clerk", "staff": "2001"}),
        ],
    )
    def test_each_attribute_counts(self, stage: Stage, who: Person) -> None:
        stage.prepare("decide")
        assert stage.take("decide", by=who)["denied"] == "security.attribute-missing"

    @pytest.mark.parametrize("value", ["*", "cl*", "%", "", "clerk clerk", "clerk\n"])
    def test_a_policy_has_no_wildcards(self, stage: Stage, value: str) -> None:
        words = policy(("role", [value]))
        assert refused(stage, "propose_policy", arguments=words) == "security.wildcard"

    def test_an_approval_of_one_version_is_none_of_another(self, stage: Stage) -> None:
        stage.reach("propose_policy#next")
        for name in ("approve_policy", "approve_policy#next"):
            stage.prepare(name)
        replayed = read(POLICY, NEXT_RULES)
        assert refused(stage, "approve_policy#next", arguments=replayed) == "security.other-version"

    def test_nobody_edits_the_log(self) -> None:
        logs = {Decision, Denial, Mark}
        assert all(issubclass(one, Fact) for one in logs)
        assert not {step.record for step in Security.STEPS.values() if not step.creates} & logs


class TestEmergencies:
    def test_broken_glass_permits_what_the_policy_does_not(self, stage: Stage) -> None:
        stage.prepare("decide")
        stage.reach("confirm_break_glass")
        glass = {"purpose": FORBIDDEN, "break_glass": stage.ids["break_glass"]}
        made = stage.take("decide", arguments=glass)
        assert made["denied"] == ""
        assert stage.record(Decision, made["id"]).policy == POLICY
        named = ask(stage, "related", "break-glass", stage.ids["break_glass"])
        assert [one["id"] for one in named] == [made["id"]]
        assert stage.take("decide", arguments=glass, later=DAY)["denied"]

    def test_it_is_open_for_one_resource_and_one_organisation(self, stage: Stage) -> None:
        stage.prepare("decide")
        stage.take("break_glass", arguments={"scope": "102001/000002"})
        other = stage.ids["break_glass"]
        stage.take("confirm_break_glass", record_id=other)
        glass = {"purpose": FORBIDDEN, "break_glass": other}
        assert stage.take("decide", arguments=glass)["denied"]
        stage.take("break_glass")
        stage.take("confirm_break_glass", record_id=stage.ids["break_glass"])
        glass["break_glass"] = stage.ids["break_glass"]
        assert stage.take("decide", by=PEOPLE["steward"], arguments=glass)["denied"]


class TestLevels:
    def test_a_lower_grade_counts_from_its_approval_on(self, stage: Stage) -> None:
        stage.prepare("decide")
        stage.reach("propose_lowering")
        before = stage.take("decide")["id"]
        assert stage.record(Decision, before).grade == "important/none"
        stage.take("lower_grade")
        assert stage.take("decide")["denied"] == "security.no-policy"
        assert listed(stage, "classification", "grade", "general") == [CODE]

    def test_personal_data_alone_makes_a_grade_lower(self, stage: Stage) -> None:
        stage.prepare("classify")
        sensitive = {"level": "general", "personal": "sensitive"}
        stage.take("classify", arguments={"grade": sensitive})
        mixed = {"grade": {"level": "core", "personal": "none"}}
        assert refused(stage, "raise_grade", arguments=mixed) == "security.not-raised"
        assert stage.take("propose_lowering", arguments=mixed)["state"] == "lowering"

    def test_raising_ends_the_proposal_to_lower(self, stage: Stage) -> None:
        stage.reach("propose_lowering")
        stage.take("raise_grade")
        found = stage.record(Classification, CODE)
        assert (str(found.grade), found.proposed) == ("core/none", None)
        assert refused(stage, "lower_grade") == "state"

    def test_general_data_is_approved_within_the_department(self, stage: Stage) -> None:
        stage.prepare("classify")
        general = {"level": "general", "personal": "sensitive"}
        stage.take("classify", arguments={"grade": general})
        stage.take("propose_lowering")
        assert stage.take("lower_grade", by=PEOPLE["colleague"])["state"] == "classified"


class TestKeys:
    def test_what_was_signed_since_then_is_marked_and_nothing_before(self, stage: Stage) -> None:
        stage.reach("decide")
        early = stage.ids["decide"]
        late = [stage.take("decide", later=3600)["id"] for _ in range(3)]
        for name in ("activate_key", "report_compromise"):
            stage.reach(name)
        key = stage.record(Key, KEY)
        assert key.compromised_since == "2026-03-11T01:30:00Z"
        found = ask(stage, "signed_with", KEY, key.compromised_since, 50, "")["items"]
        assert [one["id"] for one in found] == [early, *late]
        stage.take("mark_steps", arguments={"most": 3})
        assert len(stage.records(Mark)) == 3
        stage.take("mark_steps", arguments={"most": 3})
        assert sorted(one.record for one in stage.records(Mark)) == sorted([early, *late])
        assert refused(stage, "mark_steps") == "nothing-left"
        named = [one["kind"] for one in ask(stage, "related", "decision", late[0])]
        assert named == ["mark"]

    def test_an_earlier_time_marks_what_lies_between(self, stage: Stage) -> None:
        stage.reach("decide")
        early = stage.ids["decide"]
        late = stage.take("decide", later=7200)["id"]
        stage.prepare("report_compromise")
        stage.take("report_compromise", arguments={"since": "2026-03-11T03:00:00Z"})
        stage.take("mark_steps")
        assert [one.record for one in stage.records(Mark)] == [late]
        stage.take("find_compromise")
        stage.take("mark_steps")
        assert {one.record for one in stage.records(Mark)} == {early, late}

    def test_steps_in_other_contracts_of_the_chaincode_are_marked(self, stage: Stage) -> None:
        """Find the entry of the directory that a compromised key has signed."""
        stage.reach("Directory:enter")
        (entered,) = {
            key.split("\x00")[2]
            for key in stage.ledger.keys()  # noqa: SIM118 - a ledger is no mapping
            if key.startswith("\x00signed\x00")
        }
        mine = {"by": PEOPLE["provider"], "record_id": entered}
        stage.take("register_key", **mine)
        stage.take("activate_key", by=PEOPLE["colleague"], record_id=entered)
        stage.take("report_compromise", **mine)
        stage.take("mark_steps", record_id=entered)
        (mark,) = stage.records(Mark)
        assert (mark.of, mark.record) == ("resource", CODE)

    def test_an_owner_cannot_disown_what_was_signed_long_ago(self, stage: Stage) -> None:
        stage.reach("activate_key")
        late = {"later": 2 * DAY}
        assert refused(stage, "report_compromise", **late) == "security.compromised-since-late"
        assert stage.take("find_compromise")["state"] == "compromised"

    def test_a_replaced_key_counts_for_its_rotation(self, stage: Stage) -> None:
        stage.reach("activate_key#later")
        assert [stage.record(Key, one).state for one in (KEY, LATER_KEY)] == ["rotating", "active"]
        assert listed(stage, "key", "active", HAI) == [LATER_KEY]
        stage.ledger.now += timedelta(days=7)
        assert ask(stage, "read", "key", KEY)["state"] == "retired"
        assert refused(stage, "retire_key", record_id=LATER_KEY) == "security.last-active-key"

    @pytest.mark.parametrize(("seconds", "state"), [(-1, "active"), (0, "retired")])
    def test_a_key_ends_with_its_last_second(self, stage: Stage, seconds: int, state: str) -> None:
        stage.reach("activate_key")
        assert listed(stage, "key", "expiring") == [KEY]
        stage.ledger.now += timedelta(days=365, hours=-1, seconds=seconds)
        assert ask(stage, "read", "key", KEY)["state"] == state

    def test_a_compromise_is_recorded_although_no_other_key_is_active(self, stage: Stage) -> None:
        stage.reach("report_compromise")
        assert listed(stage, "key", "active", HAI) == []


class TestIncidents:
    def test_details_are_for_three_departments_alone(self, stage: Stage) -> None:
        stage.take("report_incident", by=PEOPLE["provider"])
        place = ("incident", stage.ids["report_incident"], "details")
        before = stage.ledger.keys()
        transient = {"details": json.dumps({"salt": SALT, "value": DETAILS}).encode()}
        for owner in (MKT, POLICE, AUDIT):
            stage.ledger.submit(
                "Security:disclose",
                *place,
                as_=certificate(PEOPLE["provider"]),
                transient=transient,
                endorser=owner,
            )
            assert ask(stage, "disclosed", *place, endorser=owner)["value"] == DETAILS
        assert stage.ledger.keys() == before
        with pytest.raises(ContractError) as elsewhere:
            ask(stage, "disclosed", *place, endorser=HAI)
        assert elsewhere.value.code == "private-elsewhere"
        public = b"".join(stage.ledger.state(key) or b"" for key in before)
        assert DETAILS["system"].encode() not in public

    @pytest.mark.parametrize(
        ("severity", "hours", "code"),
        [
            ("extreme", 2, "security.detected-late"),
            ("major", 2, "security.detected-late"),
            ("large", 2, ""),
            ("large", 5, "security.detected-late"),
            ("ordinary", 23, ""),
        ],
    )
    def test_each_severity_has_its_own_time_of_report(
        self, stage: Stage, severity: str, hours: int, code: str
    ) -> None:
        words = {"arguments": incident(severity=severity), "later": hours * 3600}
        if code:
            assert refused(stage, "report_incident", **words) == code
            words["arguments"] |= {"late_reason": "系统日志当日才可读取"}
            words["later"] = 0
        assert stage.take("report_incident", **words)["state"] == "open"

    def test_what_is_not_contained_or_reviewed_in_time_is_overdue(self, stage: Stage) -> None:
        stage.take("report_incident", by=PEOPLE["provider"])
        stage.ledger.now += timedelta(days=1)
        assert len(ask(stage, "overdue", MKT, 10, "")["items"]) == 1
        stage.take("contain", record_id=stage.ids["report_incident"])
        stage.ledger.now += timedelta(days=40)
        assert len(ask(stage, "overdue", AUDIT, 10, "")["items"]) == 1
        stage.take("close_incident", record_id=stage.ids["report_incident"])
        assert ask(stage, "overdue", AUDIT, 10, "")["items"] == []


def test_what_the_contract_asks_of_the_city_is_founded() -> None:
    found = [one["content"] for one in founding_items([], [])]
    asked = describe(Security)["parameters"]
    assert {one["name"] for one in found if one["kind"] == "parameter"} == set(asked)
    roles = {
        role.of.role
        for step in Security.STEPS.values()
        for role in step.by
        if isinstance(role.of, Appointed)
    }
    assert {one["name"] for one in found if one["kind"] == "role"} == roles
    assert [one["name"] for one in found if one["kind"] == "codes"] == [ATTRIBUTES]
