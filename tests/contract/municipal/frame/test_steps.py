"""What a step leaves behind, and what it refuses, beyond what each contract's generated tests look at."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar

import pytest
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from pydantic import ValidationError
from pyfabric_municipal.common.claimed_times import not_in_the_future
from pyfabric_municipal.common.contract import CityContract
from pyfabric_municipal.common.denials import Denial
from pyfabric_municipal.common.description import describe, lasting_collections
from pyfabric_municipal.common.diagrams import diagram
from pyfabric_municipal.common.private import Collection, Sealed
from pyfabric_municipal.common.records import NEW, Fact
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.roles import ANYBODY, OrganisationRole, Role
from pyfabric_municipal.common.steps import Mode, Target, Wait, step
from pyfabric_municipal.common.testing.cases import cases
from pyfabric_municipal.common.testing.publishing import check_endorsement, check_published
from pyfabric_municipal.common.testing.stage import Stage, certificate
from pyfabric_municipal.common.testing.stories import Person
from pyfabric_municipal.common.totals import Lease, Piece, Quota, total
from pyfabric_municipal.common.waiting import (
    Party,
    Until,
    Waiting,
    change_by_time,
    changes_by_time,
)

from pyfabric.chaincode import ContractError
from pyfabric.chaincode.invocation import Event
from pyfabric.messages.languages import summary
from pyfabric.rules.state.rwset import decode_read_write_set
from tests.support.municipal import example
from tests.support.municipal.example_story import BUREAU, ECO, HEALTH, PEOPLE, STORY, collection

DAY = 86_400


@pytest.fixture
def stage() -> Stage:
    """Provide a ledger on which nothing has been done."""
    return Stage(STORY)


def ask(stage: Stage, function: str, *arguments: object, by: str = "clerk") -> Any:
    """Evaluate a query of the example contract."""
    found = stage.ledger.evaluate(f"Example:{function}", *arguments, as_=certificate(PEOPLE[by]))
    return json.loads(found)


def refused(stage: Stage, name: str, **changes: Any) -> ContractError:
    """Return the refusal of a step."""
    with pytest.raises(ContractError) as caught:
        stage.take(name, **changes)
    return caught.value


def ask_metadata(stage: Stage) -> dict[str, Any]:
    """Return the metadata of the example's chaincode."""
    found: dict[str, Any] = json.loads(stage.ledger.evaluate("org.hyperledger.fabric:GetMetadata"))
    return found


def last_event(stage: Stage) -> dict[str, Any]:
    """Return the payload of the last committed event."""
    found: dict[str, Any] = json.loads(stage.ledger.events[-1].payload)
    return found


class TestWhatAStepLeaves:
    def test_the_history_names_department_staff_and_key(self, stage: Stage) -> None:
        stage.reach("object")
        applied, objected = ask(stage, "history", "application", "A1")
        assert (applied["step"], applied["by"]["department"]) == ("apply", BUREAU)
        assert (objected["by"]["staff"], objected["reason"]) == ("3001", "依法办理")
        assert len(objected["by"]["key"]) == 64 != applied["by"]["key"]

    def test_one_event_lists_every_record_that_a_step_changes(self, stage: Stage) -> None:
        stage.reach("divide")
        told = [(one["kind"], one["id"], one["state"]) for one in last_event(stage)["records"]]
        assert ("share", "H1-1", "ended") in told
        assert ("share", "H1-2", "live") in told
        assert told[-1] == ("house", "H1", "divided")

    def test_an_event_has_only_as_many_records_as_fit(self, stage: Stage) -> None:
        stage.reach("enter_house")
        stage.ledger.now = STORY.now
        rows = [{"id": f"B{n}", "origin": "O1", "grams": 5, "grade": "A"} for n in range(100)]
        stage.ledger.submit("Example:store", "file-9", rows, as_=certificate(PEOPLE["clerk"]))
        payload = stage.ledger.events[-1].payload
        told = json.loads(payload)
        assert len(payload) <= 8192
        assert len(told["records"]) + told["more"] == 101

    def test_a_write_that_one_department_could_make_alone_is_noticed(self, stage: Stage) -> None:
        stage.prepare("store")
        endorsed = stage.endorse("store")
        check_endorsement(endorsed)
        message = rwset_pb2.TxReadWriteSet.FromString(endorsed.read_write_set)
        own = next(one for one in message.ns_rwset if one.namespace == "chaincode")
        writes = kv_rwset_pb2.KVRWSet.FromString(own.rwset)

        def expect(problem: str) -> None:
            own.rwset = writes.SerializeToString()
            alone = replace(endorsed, read_write_set=message.SerializeToString())
            with pytest.raises(AssertionError, match=problem):
                check_endorsement(alone)

        writes.metadata_writes.add(key="lot")
        expect("policy of its own")
        writes.ClearField("writes")
        expect("only collections")

    def test_time_does_not_go_back(self, stage: Stage) -> None:
        stage.reach("weigh_again")
        stage.take("weigh_again", later=-3600)
        assert ask(stage, "read", "lot", "B1")["updated"] == "2026-03-11T02:00:00Z"

    def test_an_event_leaves_out_a_field_that_is_too_long(self, stage: Stage) -> None:
        stage.take("apply", arguments={"item": "b" * 5000})
        payload = stage.ledger.events[-1].payload
        assert "item" not in json.loads(payload)
        assert len(payload) < 1024


class TestWaiting:
    def test_a_record_counts_as_what_the_day_has_made_it(self, stage: Stage) -> None:
        stage.reach("issue")
        assert ask(stage, "read", "voucher", "V1")["state"] == "issued"
        stage.ledger.now = _at("2026-03-20T00:00:00Z")
        assert ask(stage, "read", "voucher", "V1")["state"] == "expired"
        for state, count in (("issued", 0), ("expired", 1)):
            found = ask(stage, "listed", "voucher", "state", [state], 10, "")
            assert len(found["items"]) == count, state
        assert refused(stage, "redeem").code == "state"

    def test_a_guard_finds_by_state_what_the_day_has_left_in_it(self, stage: Stage) -> None:
        stage.reach("issue")
        stage.ledger.now = _at("2026-03-20T00:00:00Z")
        found = ask(stage, "view", "voucher", "V1", "value")
        assert found["state"] == "expired"
        states = [_found_by_state(stage, state) for state in ("issued", "expired")]
        assert states == [[], ["V1"]]

    def test_the_exit_by_time_becomes_part_of_the_history(self, stage: Stage) -> None:
        stage.reach("pause")
        stage.take("pause", later=2 * DAY)
        steps = [one["step"] for one in ask(stage, "history", "application", "A1")]
        assert steps == ["apply", "pause", "wake", "pause"]

    def test_each_reviewer_has_a_limit_of_its_own(self, stage: Stage) -> None:
        stage.reach("apply")
        stage.ledger.now = _at("2026-03-14T00:00:00Z")
        assert len(ask(stage, "overdue", ECO, 10, "")["items"]) == 1
        assert ask(stage, "overdue", HEALTH, 10, "")["items"] == []

    def test_all_reviewers_must_agree_each_once(self, stage: Stage) -> None:
        stage.reach("agree")
        assert refused(stage, "agree").code == "answered"
        assert stage.take("agree", by=PEOPLE["health"])["state"] == "granted"

    def test_silence_of_one_is_agreement_with_the_other(self, stage: Stage) -> None:
        stage.reach("agree")
        assert stage.take("deem")["state"] == "granted"

    def test_a_stopped_wait_goes_on_with_what_was_left(self, stage: Stage) -> None:
        stage.reach("pause")
        assert ask(stage, "overdue", HEALTH, 10, "")["items"] == []
        stage.take("resume", later=3600)
        dues = {
            party["name"]: party["due"]
            for party in ask(stage, "read", "application", "A1")["waiting"][0]["parties"]
        }
        assert dues == {ECO: "2026-03-13T15:59:59Z", HEALTH: "2026-03-18T15:59:59Z"}


class TestDaysOfARecord:
    """A permit of ten working days, on which two departments have 2 and 5 for their advice; a break has three."""

    DUE = "2026-03-25T15:59:59Z"

    @staticmethod
    def dues(stage: Stage, party: str) -> list[str]:
        """Return when a party is due, by the index alone."""
        late = ask(stage, "overdue", party, 10, "", by="clerk")["items"]
        return [one["due"] for one in late]

    def office(self, stage: Stage) -> str:
        """Return when the office is due, as the index has it."""
        stage.ledger.now += 300 * timedelta(days=1)
        (due,) = self.dues(stage, BUREAU)
        stage.ledger.now -= 300 * timedelta(days=1)
        return due

    def test_the_days_are_those_of_the_record(self, stage: Stage) -> None:
        stage.reach("file_permit")
        assert self.office(stage) == self.DUE

    def test_they_go_on_while_others_answer_and_through_states(self, stage: Stage) -> None:
        stage.reach("advise")
        assert stage.take("advise", by=PEOPLE["health"])["state"] == "open"
        assert self.office(stage) == self.DUE
        stage.take("name_holder", later=0)
        assert self.office(stage) == self.DUE
        stage.take("give")
        assert self.dues(stage, BUREAU) == []

    def test_those_who_are_silent_are_passed_over_once(self, stage: Stage) -> None:
        stage.reach("pass_over")
        assert refused(stage, "pass_over", later=0).code == "not-due"
        assert self.office(stage) == self.DUE

    def test_nobody_is_waited_for_where_the_record_names_nobody(self, stage: Stage) -> None:
        stage.take("file_permit", arguments={"reviewers": []})
        assert [one["role"] for one in ask(stage, "read", "permit", "P1")["waiting"]] == ["office"]
        assert self.office(stage) == self.DUE

    @pytest.mark.parametrize("day", range(10))
    def test_a_stop_that_ends_on_its_day_gains_nothing(self, stage: Stage, day: int) -> None:
        """Also on the last day: a case could be stopped each day for ever."""
        stage.reach("file_permit")
        stage.ledger.now += timedelta(days=14 if day == 9 else day)
        stage.take("halt")
        stage.take("restart")
        assert self.office(stage) == self.DUE

    @pytest.mark.parametrize(
        ("after", "due"), [(1, "2026-03-26"), (2, "2026-03-27"), (3, "2026-03-27")]
    )
    def test_the_working_days_of_a_stop_are_added(self, stage: Stage, after: int, due: str) -> None:
        stage.reach("halt")
        stage.take("restart", later=after * DAY)
        assert self.office(stage) == f"{due}T15:59:59Z"

    @pytest.mark.parametrize("later", [6, 20, 60])
    def test_a_stop_that_nobody_ends_is_over_on_its_day(self, stage: Stage, later: int) -> None:
        stage.reach("halt")
        assert self.office(stage) == "2026-03-30T15:59:59Z"  # though nobody has taken that step yet
        stage.take("go_on", later=later * DAY)
        assert self.office(stage) == "2026-03-30T15:59:59Z"


class TestSomeOfASet:
    """A wait for two of three experts, who have 9, 2 and 5 working days."""

    def test_as_many_as_are_needed_are_enough(self, stage: Stage) -> None:
        stage.reach("judge")
        assert refused(stage, "judge").code == "answered"
        assert stage.take("judge", by=PEOPLE["health"])["state"] == "accepted"

    def test_one_late_expert_ends_nothing_while_the_others_can_answer(self, stage: Stage) -> None:
        stage.reach("call_for")
        assert refused(stage, "fail", later=3 * DAY).code == "not-due"
        assert ask(stage, "read", "tender", "T1")["state"] == "judging"
        late = ask(stage, "overdue", ECO, 10, "")["items"]
        assert [one["id"] for one in late] == ["T1"]
        assert stage.take("judge", by=PEOPLE["eco"], later=0)["state"] == "judging"  # late, counts

    def test_it_fails_once_too_few_can_answer_in_time(self, stage: Stage) -> None:
        stage.reach("call_for")
        assert stage.take("fail", later=8 * DAY)["state"] == "failed"

    def test_no_more_are_needed_than_are_asked(self, stage: Stage) -> None:
        stage.take("call_for", arguments={"experts": [ECO], "needed": 3})
        assert stage.take("judge")["state"] == "accepted"


class TestWhatTheDayMakes:
    @staticmethod
    def waiting(need: int, *dues: str, joins: bool) -> Waiting:
        parties = tuple(
            Party(name=f"P{n}", due=f"2026-03-{due}T00:00:00Z") for n, due in enumerate(dues)
        )
        return Waiting(
            role="r",
            need=need,
            parties=parties,
            unit="days",
            exit="deem",
            becomes="done",
            joins=joins,
        )

    def test_silence_of_as_many_as_are_needed_counts_as_their_answer(self) -> None:
        two_of_three = self.waiting(2, "12", "20", "15", joins=True)
        assert two_of_three.falls_due() == "2026-03-15T00:00:00Z"
        after = two_of_three.without("P1")
        assert after is not None
        assert (after.need, after.falls_due()) == (1, "2026-03-12T00:00:00Z")
        assert after.without("P0") is None

    def test_an_exit_that_is_no_answer_opens_when_too_many_are_late(self) -> None:
        assert self.waiting(2, "12", "20", "15", joins=False).falls_due() == "2026-03-15T00:00:00Z"
        assert self.waiting(1, "12", "20", "15", joins=False).falls_due() == "2026-03-20T00:00:00Z"

    def test_the_first_who_is_late_opens_an_exit_that_is_no_answer(self) -> None:
        assert self.waiting(2, "20", "12", joins=False).falls_due() == "2026-03-12T00:00:00Z"

    def test_waits_that_end_at_once_make_one_change(self) -> None:
        both = (self.waiting(1, "12", joins=False), self.waiting(2, "12", "15", joins=False))
        assert changes_by_time(both) == (change_by_time(both),)

    def test_waits_that_are_joined_are_over_with_the_last(self) -> None:
        both = (self.waiting(1, "12", joins=True), self.waiting(1, "18", joins=True))
        change = change_by_time(both)
        assert change is not None
        assert change.due == "2026-03-18T00:00:00Z"
        assert change_by_time((*both, self.waiting(1, "14", joins=False))) == (
            "2026-03-14T00:00:00Z",
            "deem",
            "done",
        )


class TestHolders:
    def test_a_signature_counts_for_one_step_of_one_record(self, stage: Stage) -> None:
        stage.reach("issue")
        stage.take("issue", record_id="V2")
        assert refused(stage, "redeem", signer="boris").code == "signature-wrong"
        stage.take("redeem")
        assert refused(stage, "redeem").code == "state"
        assert stage.take("redeem", record_id="V2")["state"] == "redeemed"

    def test_a_signature_is_over_the_arguments(self, stage: Stage) -> None:
        stage.reach("issue")
        declared = stage.steps["redeem"]
        for_another = stage.authorisation(declared, "V1", {"shop": "S2"}, "", "anna")
        assert _redeem(stage, for_another).code == "signature-wrong"

    def test_a_signature_is_valid_until_a_time(self, stage: Stage) -> None:
        stage.reach("issue")
        signed = stage.authorisation(stage.steps["redeem"], "V1", {"shop": "S1"}, "", "anna")
        stage.ledger.now = _at("2026-03-11T03:00:00Z")
        assert _redeem(stage, signed).code == "signature-late"


class TestClaims:
    def test_the_loser_is_told_who_holds_it(self, stage: Stage) -> None:
        stage.reach("open_loan")
        said = refused(
            stage, "open_loan", record_id="L2", arguments={"first_month": 30, "last_month": 40}
        )
        assert said.code == "example.house-taken"
        assert said.facts["holder"] == "loan L1"
        assert "loan L1" in said.zh

    def test_ranges_in_one_bucket_may_stand_side_by_side(self, stage: Stage) -> None:
        stage.reach("open_loan")
        months = {"first_month": 31, "last_month": 35}
        assert stage.take("open_loan", record_id="L2", arguments=months)["state"] == "open"

    def test_a_claim_is_given_up_with_the_state(self, stage: Stage) -> None:
        stage.reach("release")
        assert stage.take("open_loan", record_id="L2")["state"] == "open"

    def test_a_claim_that_lapsed_by_time_holds_nobody_up(self, stage: Stage) -> None:
        stage.reach("apply")
        assert stage.take("apply", record_id="A2", later=8 * DAY)["denied"] == ""
        steps = [one["step"] for one in ask(stage, "history", "application", "A1")]
        assert steps == ["apply", "deem"]
        assert stage.take("apply", record_id="A3", later=0)["denied"] == "claimed"

    def test_a_second_claim_is_recorded_as_denied(self, stage: Stage) -> None:
        stage.reach("apply")
        outcome = stage.take("apply", record_id="A2")
        assert outcome["denied"] == "claimed"
        assert stage.ledger.events[-1].name == "application.denied"
        (found,) = ask(stage, "listed", "denial", "code", ["claimed"], 10, "")["items"]
        assert (found["subject"], found["by"]["staff"]) == ("A2", "1001")
        assert refused(stage, "agree", record_id="A2").code == "unknown"


class TestManyRecords:
    def test_a_batch_is_taken_whole_or_not_at_all(self, stage: Stage) -> None:
        rows = [{"id": "B1", "origin": "O1", "grams": 5, "grade": "A"}]
        rows.append(rows[0] | {"id": "B2", "grade": "unknown"})
        said = _store(stage, rows)
        assert said.code == "example.graded"
        assert stage.ledger.keys() == []

    def test_a_refusal_names_the_row(self, stage: Stage) -> None:
        stage.reach("store")
        rows = [{"id": one, "origin": "O1", "grams": 5, "grade": "A"} for one in ("B2", "B1")]
        said = _store(stage, rows)
        assert (said.code, said.facts["row"]) == ("exists", 2)

    def test_a_file_is_taken_once_whatever_its_key(self, stage: Stage) -> None:
        stage.reach("store")
        stage.take("split")
        lots = {"origin": "O2"}
        stage.take("store", record_id="B9", batch="file-2", arguments=lots)
        assert refused(stage, "store", record_id="B8", batch="file-2").code == "exists"

    def test_a_continued_step_takes_a_bounded_piece(self, stage: Stage) -> None:
        for number in range(5):
            stage.take("store", record_id=f"B{number}", batch=f"file-{number}")
        done = [stage.take("recall", arguments={"most": 2}) for _ in range(3)]
        assert [one["count"] for one in done] == [2, 2, 1]
        assert [one["left"] for one in done] == [True, True, False]
        assert refused(stage, "recall").code == "nothing-left"

    def test_what_is_entered_meanwhile_is_recalled_too(self, stage: Stage) -> None:
        stage.reach("recall")
        stage.take("store", record_id="B9", batch="file-9")
        assert stage.take("recall")["count"] == 1

    def test_a_continued_step_does_not_read_again_what_it_has_passed(self, stage: Stage) -> None:
        for number in range(6):
            stage.take("store", record_id=f"B{number}", batch=f"file-{number}")
        first = stage.take("recall", arguments={"most": 2})
        assert first["passed"] == ["B1"]
        endorsed = stage.endorse("recall", arguments={"most": 2, "after": first["passed"]})
        namespaces = decode_read_write_set(endorsed.read_write_set)
        own = next(one for one in namespaces if one.namespace == "chaincode")
        (read,) = own.public.range_queries_info
        assert "B1" in read.start_key
        entered = stage.endorse("store", record_id="B0x", batch="file-x")  # behind what was passed
        assert [int(code) for code in stage.ledger.commit([entered, endorsed])] == [0, 0]
        assert stage.take("recall")["passed"] == ["B0x"]

    def test_a_record_that_cannot_be_taken_is_named_and_can_be_passed(self, stage: Stage) -> None:
        stage.reach("store")
        assert refused(stage, "recall", arguments={"after": ["B1"]}).code == "nothing-left"


class TestTotals:
    def test_workers_with_leases_do_not_meet(self, stage: Stage) -> None:
        stage.reach("lease_rows")
        stage.take("lease_rows", arguments={"worker": "w2", "rows": 40})
        both = [
            stage.endorse("deliver", record_id=f"D{number}", arguments={"worker": worker})
            for number, worker in enumerate(("w1", "w2"))
        ]
        assert [int(code) for code in stage.ledger.commit(both)] == [0, 0]

    def test_no_row_is_leased_or_taken_beyond_the_cap(self, stage: Stage) -> None:
        stage.reach("lease_rows")
        assert refused(stage, "lease_rows", arguments={"rows": 61}).code == "example.quota-exceeded"
        assert refused(stage, "deliver", arguments={"rows": 41}).code == "example.lease-exceeded"

    def test_what_was_not_taken_goes_back(self, stage: Stage) -> None:
        stage.reach("deliver")
        stage.take("give_back_rows")
        assert stage.record(Quota, "G1").leased == 30
        assert stage.record(Lease, f"G1/{BUREAU}/w1").amount == 30

    def test_the_pieces_of_a_counter_add_up(self, stage: Stage) -> None:
        stage.reach("redeem")
        stage.take("issue", record_id="V2")
        stage.take("redeem", record_id="V2")
        assert total(stage.records(Piece)) == 1000


class TestFacts:
    def test_a_correction_and_what_it_corrects_find_each_other(self, stage: Stage) -> None:
        stage.reach("weigh")
        stage.take("weigh", record_id="W2", arguments={"corrects": "W1", "grams": 990})
        assert ask(stage, "related", "weighing", "W1") == [
            {"kind": "weighing", "id": "W2", "field": "corrects"}
        ]
        named = {(one["id"], one["field"]) for one in ask(stage, "related", "lot", "B1")}
        assert named == {("W1", "lot"), ("W2", "lot")}

    def test_what_names_a_record_comes_in_pages(self, stage: Stage) -> None:
        stage.reach("weigh")
        stage.take("weigh", record_id="W2")
        (first,) = ask(stage, "related", "lot", "B1", 1)
        after = [first["field"], first["kind"], first["id"]]
        (second,) = ask(stage, "related", "lot", "B1", 1, after)
        assert [first["id"], second["id"]] == ["W1", "W2"]
        assert ask(stage, "related", "lot", "B1", 1, ["lot", "weighing", "W2"]) == []

    def test_what_is_written_about_a_record_changes_it_too(self, stage: Stage) -> None:
        stage.reach("weigh")
        (entered, weighed) = ask(stage, "history", "lot", "B1")
        assert (entered["step"], weighed["step"], weighed["state"]) == ("store", "weigh", "stored")

    def test_of_what_is_written_about_one_record_side_by_side_one_counts(
        self, stage: Stage
    ) -> None:
        stage.prepare("weigh")
        both = [stage.endorse("weigh", record_id=each) for each in ("W1", "W2")]
        assert sorted(code == 0 for code in stage.ledger.commit(both)) == [False, True]

    def test_nothing_is_written_about_a_record_in_another_state(self, stage: Stage) -> None:
        stage.prepare("weigh")
        stage.take("recall")
        error = refused(stage, "weigh")
        assert (error.code, error.facts["kind"], error.facts["state"]) == (
            "state",
            "lot",
            "recalled",
        )

    def test_a_fact_that_does_not_exist_cannot_be_corrected(self, stage: Stage) -> None:
        stage.reach("store")
        assert refused(stage, "weigh", arguments={"corrects": "W0"}).code == "unknown"

    def test_a_late_entry_needs_a_reason(self, stage: Stage) -> None:
        stage.prepare("weigh")
        assert refused(stage, "weigh", later=7200).code == "example.weighed-late"
        late = {"corrects": "", "late_reason": "网络中断"}
        assert stage.take("weigh", arguments=late, later=0)["state"] == "written"


class TestPrivateValues:
    def test_an_id_has_no_personal_data(self, stage: Stage) -> None:
        for person in ("11010519491231002X", "13800138000"):
            assert refused(stage, "enter_house", record_id=person).code == "value.text-personal"
            said = refused(stage, "store", batch=person)
            assert (said.code, said.facts["argument"]) == ("value.text-personal", "batch")
            assert person not in f"{said} {said.zh} {said.facts}"

    def test_nothing_of_a_private_value_is_public(self, stage: Stage) -> None:
        stage.reach("report")
        public = b"".join(stage.ledger.state(key) or b"" for key in stage.ledger.keys())  # noqa: SIM118
        assert b"water works" not in public
        incident = stage.ids["report"]
        found = stage.ledger.state(f"\x00incident\x00{incident}\x00") or b""
        assert set(json.loads(found)) == {
            "id", "state", "revision", "schema_version", "updated", "commitment",
        }  # fmt: skip

    @pytest.mark.parametrize("salt", ["00" * 32, "ab" * 16, "xy" * 32])
    def test_a_salt_that_is_not_random_is_refused(self, stage: Stage, salt: str) -> None:
        with pytest.raises(ValidationError):
            Sealed[int](salt=salt, value=1)

    def test_a_private_argument_is_kept_by_the_callers_department_alone_or_by_nobody(
        self, stage: Stage
    ) -> None:
        stage.prepare("inspect")
        endorsed = stage.endorse("inspect")
        namespaces = decode_read_write_set(endorsed.read_write_set)
        written = [(one.name, one.hashed) for each in namespaces for one in each.collections]
        kept = {name: len(hashed.hashed_writes) for name, hashed in written}
        assert kept == {f"_implicit_org_{BUREAU}": 1}

    def test_a_guard_of_a_private_value_runs_at_a_member_alone(self, stage: Stage) -> None:
        person = Person(ECO, PEOPLE["clerk"].attributes)
        stage.prepare("close")
        said = refused(stage, "close", by=person)
        assert "incidents" in str(said)

    def test_a_part_that_lapses_cannot_be_relied_on(self) -> None:
        mark = Collection("plans", lapses=True)
        apply = example.ExampleContract.STEPS["apply"]
        with _steps_of(apply=replace(apply, private={"plan": (Sealed[example.Plan], mark)})):
            assert lasting_collections(example.ExampleContract) == {"incidents"}
            with pytest.raises(ContractError, match="lapses"):
                Stage(STORY).take("apply")

    @pytest.mark.parametrize(
        "collections",
        [(), (collection("plans"), replace(collection("incidents"), block_to_live=100))],
    )
    def test_a_collection_that_a_step_reads_keeps_its_values(self, collections: Any) -> None:
        story = replace(STORY, collections=collections)
        (case,) = [one for one in cases(story) if str(one) == "collection incidents lasts"]
        with pytest.raises(AssertionError, match="BlockToLive"):
            case.run()

    def test_what_would_be_published_of_a_private_value_is_noticed(self, stage: Stage) -> None:
        stage.prepare("report")
        call, endorsed = stage.call("report"), stage.endorse("report")
        check_published(STORY, call, endorsed)
        secret = b"water works"
        for shown in (
            {"result": secret},
            {"event": Event("incident.report", secret)},
            {"read_write_set": endorsed.read_write_set + sha256(secret).hexdigest().encode()},
        ):
            with pytest.raises(AssertionError, match="publishes"):
                check_published(STORY, call, replace(endorsed, **shown))
        with pytest.raises(AssertionError, match="publishes"):
            check_published(STORY, call._replace(arguments=("water works",)), endorsed)

    def test_an_event_of_a_private_record_has_none_of_its_fields(self) -> None:
        with pytest.raises(TypeError, match="an event is public"):
            step(example.Incident, NEW, "open", by=ANYBODY, event=("system",))(_effect)

    def test_a_view_shows_what_its_type_declares(self, stage: Stage) -> None:
        stage.reach("issue")
        found = ask(stage, "view", "voucher", "V1", "value")
        assert found["values"] == {"fen": 500, "until": "2026-03-20T00:00:00Z"}
        assert found["revision"] == 1


class TestArguments:
    @pytest.mark.parametrize("name", ["key_id", "purpose"])
    @pytest.mark.parametrize("text", ["Ab", "a b", "a/b", "a\x00b", "a\n", "张三 ab", ""])
    def test_a_blinded_key_names_its_key_and_purpose_by_a_word(
        self, stage: Stage, name: str, text: str
    ) -> None:
        assert f"{name}: " in str(refused(stage, "apply", arguments={"applicant": {name: text}}))

    def test_the_refusal_of_a_value_keeps_its_code_and_names_the_argument(
        self, stage: Stage
    ) -> None:
        with pytest.raises(ContractError) as caught:
            ask(stage, "signed_with", "a key", "yesterday", 10, "")
        said = caught.value
        assert (said.code, said.facts["argument"]) == ("value.timestamp-shape", "since")
        assert str(said).startswith("argument 2 (since): timestamp 'yesterday'")
        assert said.zh.startswith("参数 2（since）：时间戳")


class TestDescriptions:
    def test_the_tables_say_what_was_declared(self, stage: Stage) -> None:
        found = describe(example.ExampleContract)
        apply = next(one for one in found["steps"] if one["step"] == "apply")
        plan = {
            "collection": "plans",
            "type": "Sealed[Plan]",
            "description": "The plan.\n\n建设方案",
        }
        assert apply["private"] == {"plan": plan}
        (wait,) = apply["waits"]
        assert (wait["for"]["role"], wait["need"], wait["exit"]) == ("reviewer", "all", "deem")
        assert wait["limit"] == {"days": "review_days"}
        report = next(one for one in found["steps"] if one["step"] == "report")
        assert report["private"]["system"]["collection"] == "incidents"
        assert json.loads(stage.ledger.evaluate("Example:life_cycles")) == found

    def test_a_diagram_has_every_step(self) -> None:
        lines = diagram(example.ExampleContract, example.Application, "en").splitlines()
        assert "  [*] --> review: apply" in lines
        assert "  review --> granted: deem" in lines
        assert "  granted --> [*]" in lines

    def test_a_diagram_has_the_steps_of_other_records_that_move_its_own(self) -> None:
        assert diagram(example.ExampleContract, example.Share, "en").splitlines() == [
            "stateDiagram-v2",
            "  [*] --> live: enter_house",
            "  live --> ended: divide",
            "  [*] --> live: divide",
            "  ended --> [*]",
        ]

    def test_a_record_without_a_life_cycle_has_no_diagram(self) -> None:
        assert diagram(example.ExampleContract, example.Weighing, "en") == ""
        assert diagram(example.ExampleContract, Quota, "en") == ""

    def test_a_diagram_has_the_chinese_names_of_states(self) -> None:
        lines = diagram(example.ExampleContract, example.Application, "zh").splitlines()
        assert '  state "已许可" as granted' in lines
        assert "  review --> granted: deem" in lines

    def test_the_metadata_have_roles_guards_and_refusals_of_each_step(self, stage: Stage) -> None:
        metadata = ask_metadata(stage)
        functions = {one["name"]: one for one in metadata["contracts"]["Example"]["transactions"]}
        for one in stage.steps.values():
            found = functions[one.name]["x-step"]
            assert [role["role"] for role in found["by"]] == [role.name for role in one.by]
            assert {f"example.{guard.code}" for guard in one.guards} <= set(found["refusals"])
            assert all(texts["zh"] and texts["en"] for texts in found["refusals"].values())
        assert "x-step" not in functions["read"]
        apply = functions["apply"]
        assert summary(apply["description"], "zh") == "提出申请；同一事项的第二次申请记为拒绝。"
        described = {one["name"]: one["description"] for one in apply["parameters"]}
        assert summary(described["item"], "en") == "What is applied for."
        assert summary(described["id"], "zh") == "记录编号"
        assert {"same-person", "reason", "state", "unknown"} <= set(
            functions["object"]["x-step"]["refusals"]
        )

    def test_arguments_have_the_members_that_fabrics_schema_allows(self, stage: Stage) -> None:
        allowed = {"name", "description", "required", "schema"}
        for each in ask_metadata(stage)["contracts"]["Example"]["transactions"]:
            assert all(set(one) <= allowed for one in each.get("parameters", ()))


class TestDeclarations:
    def test_a_fact_has_no_further_step(self) -> None:
        with pytest.raises(TypeError, match="written once"):
            step(example.Weighing, "written", by=ANYBODY)(_effect)

    def test_a_step_either_makes_or_changes(self) -> None:
        with pytest.raises(TypeError, match="declare two steps"):
            step(example.Lot, (NEW, "stored"), "stored", by=ANYBODY)(_effect)

    def test_a_continued_step_needs_an_index(self) -> None:
        with pytest.raises(TypeError, match="index"):
            step(example.Lot, "stored", "gone", by=ANYBODY, mode=Mode.CONTINUED)(_effect)

    @pytest.mark.parametrize(
        "role", [example.CLERK, example.HOLDER, OrganisationRole("any-bank", "任何银行")]
    )
    def test_an_exit_by_time_is_open_to_anybody(self, role: Role) -> None:
        with pytest.raises(TypeError, match="exit by time"):
            step(example.Lot, "stored", "gone", by=role, when_due=True)(_effect)

    def test_all_targets_but_the_last_have_a_condition(self) -> None:
        with pytest.raises(TypeError, match="condition"):
            step(example.Lot, "stored", (Target("a"), Target("b")), by=ANYBODY)(_effect)

    def test_a_wait_names_a_step_by_time(self) -> None:
        waits = Wait(None, Until("updated"), exit="nothing")
        declared = step(example.Lot, NEW, "stored", by=ANYBODY, waits=waits)(_effect)
        with pytest.raises(TypeError, match="no step by time"):
            type("Bad", (CityContract,), {"RECORDS": (example.Lot,), "effect": declared})

    def test_only_states_have_chinese_names(self) -> None:
        class Named(example.Lot):
            STATES: ClassVar = {"sold": "已售出"}

        declared = step(Named, NEW, "stored", by=ANYBODY)(_effect)
        with pytest.raises(TypeError, match="no step leads to sold"):
            type("Bad", (CityContract,), {"RECORDS": (Named,), "effect": declared})

    def test_a_step_does_not_hide_a_function_of_every_contract(self) -> None:
        def read(self: Any, call: Any) -> None:
            """Hide the query."""

        declared = step(example.Lot, NEW, "stored", by=ANYBODY)(read)
        with pytest.raises(TypeError, match="every contract"):
            type("Bad", (CityContract,), {"RECORDS": (example.Lot,), "read": declared})

    def test_a_denial_is_a_fact(self) -> None:
        assert issubclass(Denial, Fact)
        assert not_in_the_future("at", Example()).code == "at-future"


def _effect(self: Any, call: Any) -> None:
    """Change nothing."""


def _found_by_state(stage: Stage, state: str) -> list[str]:
    """Return the ids that a step of now would find by a state."""
    found: list[str] = []

    def look(self: Any, call: Any) -> None:
        found[:] = [one.id for one in call.find(example.Voucher, "state", state)]

    enter = example.ExampleContract.STEPS["enter_house"]
    with _steps_of(enter_house=replace(enter, effect=look)):
        stage.endorse("enter_house")
    return found


@contextmanager
def _steps_of(**changed: Any) -> Iterator[None]:
    """Change steps of the example contract for a while."""
    kept = example.ExampleContract.STEPS
    example.ExampleContract.STEPS = {**kept, **changed}
    try:
        yield
    finally:
        example.ExampleContract.STEPS = kept


def _at(text: str) -> Any:
    return datetime.fromisoformat(text)


def _redeem(stage: Stage, authorisation: dict[str, str]) -> ContractError:
    who = certificate(PEOPLE["passer-by"])
    with pytest.raises(ContractError) as caught:
        stage.ledger.submit("Example:redeem", "V1", "S1", authorisation, as_=who)
    return caught.value


def _store(stage: Stage, rows: list[dict[str, Any]]) -> ContractError:
    who = certificate(PEOPLE["clerk"])
    with pytest.raises(ContractError) as caught:
        stage.ledger.submit("Example:store", "file-2", rows, as_=who)
    return caught.value
