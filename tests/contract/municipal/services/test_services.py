"""Service items and cases: what their generated tests do not look at."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from pydantic import TypeAdapter
from pyfabric_municipal.city.settings import Proposed
from pyfabric_municipal.common.description import describe
from pyfabric_municipal.common.testing.stage import Stage, certificate
from pyfabric_municipal.common.values import LicenceType
from pyfabric_municipal.common.values.timestamps import format_timestamp
from pyfabric_municipal.services.contract import Services
from pyfabric_municipal.services.founding import founding_items
from pyfabric_municipal.services.records import Case, Edition, Item

from pyfabric.chaincode import ContractError
from tests.support.municipal.services_story import (
    APPLICATION,
    DAY,
    ECO,
    GOV,
    HAI,
    ITEM,
    LICENCE,
    MKT,
    PEOPLE,
    PLAIN,
    REGISTER,
    SALT,
    STORY,
    blinded,
    case,
    content,
)

CALENDAR = {
    text for year in STORY.governance.calendars for text in (*year.holidays, *year.make_up_days)
}


@pytest.fixture
def stage() -> Stage:
    """Provide a ledger on which nothing has been done."""
    return Stage(STORY)


def ask(stage: Stage, function: str, *arguments: object, **how: Any) -> Any:
    """Evaluate a query of the contract."""
    found = stage.ledger.evaluate(
        f"Services:{function}", *arguments, as_=certificate(PEOPLE["supervisor"]), **how
    )
    return json.loads(found)


def refused(stage: Stage, name: str, **changes: Any) -> str:
    """Return the code of a refusal."""
    with pytest.raises(ContractError) as caught:
        stage.take(name, **changes)
    return caught.value.code


def found(stage: Stage, record_id: str = "C1") -> Any:
    """Return a case as it counts today."""
    return ask(stage, "read", "case", record_id)


def due_of(stage: Stage, role: str = "handler", record_id: str = "C1") -> list[str]:
    """Return when those who have a role in a case are due."""
    waits = [one for one in found(stage, record_id)["waiting"] if one["role"] == role]
    return [party["due"] for one in waits for party in one["parties"]]


def late(stage: Stage, size: int = 200) -> dict[str, int]:
    """Return how many cases are overdue by department, by the due index, of all its pages."""
    counted: dict[str, int] = {}
    bookmark, more = "", True
    while more:
        page = ask(stage, "late", size, bookmark)
        for department, number in page["departments"].items():
            counted[department] = counted.get(department, 0) + number
        bookmark = page["bookmark"]
        more = bool(bookmark)
    return counted


def works(day: date) -> bool:
    """Return whether offices work on a day: an exception of the calendar is the other way round."""
    return (day.weekday() < 5) != (day.isoformat() in CALENDAR)


def beijing(moment: datetime) -> date:
    """Return the day in Beijing."""
    return (moment + timedelta(hours=8)).date()


def after(day: date, days: int) -> date:
    """Return the day that many working days later."""
    while days:
        day += timedelta(days=1)
        days -= works(day)
    return day


class TestItems:
    def test_each_publication_makes_an_edition_that_stays(self, stage: Stage) -> None:
        stage.reach("publish#again")
        editions = [stage.record(Edition, f"{ITEM}@{number}") for number in (1, 2)]
        assert [one.content.promised_days for one in editions] == [10, 5]
        assert stage.record(Item, ITEM).version == 2
        assert {one["field"] for one in ask(stage, "related", "item", ITEM)} == {"item"}

    def test_a_proposal_changes_nothing_until_it_is_published(self, stage: Stage) -> None:
        stage.reach("propose")
        stage.take("submit")
        assert (found(stage)["edition"], found(stage)["promised_days"]) == (f"{ITEM}@1", 10)
        assert stage.take("drop")["state"] == "published"
        assert stage.record(Item, ITEM).coming is None

    def test_who_supplies_an_item_finds_it(self, stage: Stage) -> None:
        stage.reach("publish")
        listed = ask(stage, "listed", "item", "source", [REGISTER], 10, "")["items"]
        assert [one["id"] for one in listed] == [ITEM]

    @pytest.mark.parametrize("spoiled", ["Directory:retire", "Directory:suspend"])
    def test_only_what_is_published_supplies(self, spoiled: str) -> None:
        """Applicants can be asked for what the directory has lost, and no material can be mapped to it."""
        step = replace(STORY.samples["publish"], by="steward", id=REGISTER, first=())
        asks = content(
            materials=[{"code": "licence_copy", "title": "执照复印件", "data": ["enterprise.name"]}]
        )
        stage = Stage(replace(STORY, samples={**STORY.samples, spoiled: step}))
        stage.reach("enter")
        stage.take("revise", arguments={"content": asks})
        assert refused(stage, "publish") == "services.directory-supplies"
        stage.take(spoiled)
        assert stage.take("publish")["state"] == "published"
        stage.take("propose", arguments={"content": content()})
        assert refused(stage, "publish#again") == "services.not-supplied"

    def test_what_is_not_shared_supplies_nobody(self) -> None:
        samples = dict(STORY.samples)
        kept = dict(samples["Directory:enter"].arguments["description"])
        kept["share"] = {"type": "not_shared", "basis": "《中华人民共和国统计法》"}
        samples["Directory:enter"] = replace(
            samples["Directory:enter"], arguments={"description": kept}
        )
        stage = Stage(replace(STORY, samples=samples))
        stage.reach("enter")
        assert refused(stage, "publish") == "services.not-supplied"

    def test_what_the_directory_supplies_later_is_listed(self, stage: Stage) -> None:
        stage.reach("publish")
        assert ask(stage, "supplied_meanwhile")["items"] == []
        stage.reach("Directory:enter#premises")
        (one,) = ask(stage, "supplied_meanwhile")["items"]
        assert (one["item"], one["material"], one["datum"]) == (ITEM, "lease", "premises.lease")


class TestClock:
    def test_holidays_and_make_up_days_count_as_the_calendar_says(self) -> None:
        """Ten working days from 22 September 2026, over the national holiday: Saturday 10 October is one of them."""
        stage = Stage(replace(STORY, now=datetime(2026, 9, 22, 2, 0, tzinfo=UTC)))
        stage.reach("accept")
        assert due_of(stage) == ["2026-10-13T15:59:59Z"]

    def test_a_year_without_a_calendar_is_not_guessed(self) -> None:
        stage = Stage(replace(STORY, now=datetime(2027, 12, 28, 2, 0, tzinfo=UTC)))
        assert refused_when_reached(stage, "accept") == "city.no-calendar"

    @pytest.mark.parametrize("seed", range(12))
    def test_due_is_acceptance_and_promise_and_stopped_days(self, seed: int) -> None:
        """At any moment, however often the clock was stopped, by day or by a step."""
        random = Random(seed)
        start = datetime(2026, 1, 5, 2, 0, tzinfo=UTC) + timedelta(days=random.randrange(250))
        stage = Stage(replace(STORY, now=start), parameters={"stop-days": 15})
        stage.reach("accept")
        accepted, stopped = beijing(stage.ledger.now), 0
        for _ in range(4):
            stage.ledger.now += timedelta(days=random.randrange(3), hours=random.randrange(5))
            if stopped == 15:
                assert refused(stage, "stop") == "services.no-time-left"
                break
            if due_of(stage)[0] < format_timestamp(stage.ledger.now):
                assert refused(stage, "stop") == "services.already-late"
                break
            stage.take("stop")
            since = beijing(stage.ledger.now)
            stage.ledger.now += timedelta(days=random.randrange(15))
            ends = "wake" if found(stage)["state"] == "accepted" else "resume"
            passed = sum(
                works(since + timedelta(days=n))
                for n in range(1, (beijing(stage.ledger.now) - since).days + 1)
            )
            stopped = min(stopped + passed, 15)
            stage.take(ends, later=0)
            due = after(accepted, 10 + stopped)
            assert due_of(stage) == [f"{due}T15:59:59Z"]
            assert found(stage)["stopped_days"] == stopped

    def test_a_stop_moves_the_due_index(self, stage: Stage) -> None:
        stage.reach("advise")
        stage.take("stop")
        stage.ledger.now += timedelta(days=17)
        assert late(stage) == {}
        stage.ledger.now += timedelta(days=14)
        assert late(stage) == {MKT: 1}  # though nobody has taken the step by time

    def test_no_case_is_stopped_for_ever(self, stage: Stage) -> None:
        stage.reach("stop")
        stage.ledger.now += timedelta(days=300)
        assert found(stage)["state"] == "accepted"
        stage.take("wake", later=0)
        assert due_of(stage) == ["2026-04-09T15:59:59Z"]  # 10 days promised, 10 stopped
        assert refused(stage, "stop") == "services.no-time-left"

    def test_silence_counts_as_acceptance_from_the_day_of_receipt(self, stage: Stage) -> None:
        stage.reach("deem_accepted")
        assert found(stage)["accepted"] == found(stage)["received"]
        assert due_of(stage) == ["2026-03-25T15:59:59Z"]

    def test_a_late_decision_is_recorded_as_late(self, stage: Stage) -> None:
        stage.reach("accept")
        stage.take("grant", later=20 * DAY)
        assert found(stage)["late"] is True


def refused_when_reached(stage: Stage, name: str) -> str:
    """Return the code of the refusal of a step, or of one before it."""
    with pytest.raises(ContractError) as caught:
        stage.reach(name)
    return caught.value.code


class TestCases:
    def test_the_edition_of_the_day_rules_a_case_to_its_end(self, stage: Stage) -> None:
        stage.reach("submit")
        asks = content(promised_days=5, reviewers=[], materials=[])
        stage.take("propose", arguments={"content": asks})
        stage.take("publish#again")
        assert stage.take("submit#partial", arguments={"materials": []})["state"] == "submitted"
        stage.take("accept")
        stage.take("accept", record_id="C2")
        assert due_of(stage) == ["2026-03-25T15:59:59Z"]
        assert due_of(stage, record_id="C2") == ["2026-03-18T15:59:59Z"]
        assert refused(stage, "grant") == "services.not-reviewed"
        assert stage.take("grant", record_id="C2")["state"] == "granted"

    def test_no_case_of_a_draft_is_submitted(self, stage: Stage) -> None:
        stage.reach("enter")
        assert refused(stage, "submit") == "services.not-in-use"

    def test_open_cases_of_a_retired_item_go_on(self, stage: Stage) -> None:
        stage.reach("submit")
        stage.take("retire")
        assert refused(stage, "submit#other") == "services.not-in-use"
        assert stage.take("accept")["state"] == "accepted"

    def test_a_supplement_never_asks_for_what_the_directory_supplies(self, stage: Stage) -> None:
        stage.reach("submit")
        asked = {"materials": ["business_licence"]}
        assert refused(stage, "ask_supplement", arguments=asked) == "services.not-asked"

    def test_a_case_that_stays_incomplete_is_not_accepted(self, stage: Stage) -> None:
        stage.reach("ask_supplement")
        stage.take("supply", arguments={"materials": ["lease"]})
        assert refused(stage, "accept") == "services.incomplete"
        assert refused(stage, "ask_supplement") == "services.supplement-twice"
        assert stage.take("not_accept")["state"] == "not_accepted"

    def test_the_days_of_acceptance_begin_again_with_the_supplement(self, stage: Stage) -> None:
        stage.reach("ask_supplement")
        stage.take("supply", later=6 * DAY)
        assert due_of(stage) == ["2026-03-24T15:59:59Z"]

    def test_a_second_submission_is_refused_while_the_first_is_open(self, stage: Stage) -> None:
        stage.reach("submit")
        assert refused(stage, "submit") == "exists"
        same = {**case(1), "application": "b" * 64}
        assert refused(stage, "submit#other", arguments=same) == "claimed"
        stage.take("withdraw")
        assert stage.take("submit#other", arguments=same)["state"] == "submitted"

    def test_an_item_that_is_not_exclusive_takes_several(self, stage: Stage) -> None:
        stage.reach("submit#plain")
        again = {**case(4, PLAIN)}
        assert stage.take("submit#plain", record_id="C9", arguments=again)["state"] == "submitted"

    def test_an_applicant_is_not_hidden_by_another_key(self, stage: Stage) -> None:
        stage.reach("publish")
        other = {**blinded("somebody"), "key_id": "window-7"}
        assert refused(stage, "submit", arguments={"applicant": other}) == "services.other-key"
        purpose = {**blinded("shop 1"), "purpose": "sharing"}
        assert refused(stage, "submit", arguments={"object": purpose}) == "services.other-key"

    def test_an_item_without_reviewers_is_decided_at_once(self, stage: Stage) -> None:
        stage.reach("deliver#plain")
        assert found(stage, "C4")["licence"] is None

    def test_a_refused_case_issues_no_licence(self, stage: Stage) -> None:
        stage.reach("refuse")
        assert found(stage)["remedy"]
        assert refused(stage, "deliver") == "services.other-result"
        assert stage.take("deliver#refused")["state"] == "delivered"

    def test_reviewers_answer_side_by_side(self) -> None:
        samples = dict(STORY.samples)
        samples["enter"] = replace(
            samples["enter"], arguments={"content": content(reviewers=[ECO, GOV])}
        )
        stage = Stage(replace(STORY, samples=samples))
        stage.reach("advise")
        assert refused(stage, "grant") == "services.not-reviewed"
        assert due_of(stage) == ["2026-03-25T15:59:59Z"]
        other = replace(PEOPLE["supervisor"], attributes={"role": "clerk", "staff": "4003"})
        stage.take("advise", by=other, arguments={"agrees": False})
        said = [(one["department"], one["agrees"]) for one in found(stage)["opinions"]]
        assert said == [(ECO, True), (GOV, False)]
        assert refused(stage, "grant") == "services.objected"
        assert stage.take("refuse")["state"] == "refused"

    def test_what_was_decided_cannot_be_withdrawn(self, stage: Stage) -> None:
        stage.reach("grant")
        assert refused(stage, "withdraw") == "state"

    def test_cases_that_windows_submit_at_once_do_not_meet(self, stage: Stage) -> None:
        """Also of one item, for one applicant: a case has keys of its own alone."""
        stage.reach("publish")
        at_once = [stage.endorse(f"submit{which}") for which in ("", "#partial", "#other")]
        assert {code.name for code in stage.ledger.commit(at_once)} == {"VALID"}
        steps = [stage.endorse("accept"), stage.endorse("accept#other")]
        assert {code.name for code in stage.ledger.commit(steps)} == {"VALID"}


class TestRatings:
    def test_the_applicant_rates_once(self, stage: Stage) -> None:
        stage.reach("rate")
        assert refused(stage, "rate") == "state"

    def test_staff_cannot_rate(self, stage: Stage) -> None:
        stage.reach("close")
        assert refused(stage, "rate", signer="clerk of the department") == "signature-wrong"

    def test_nobody_rates_before_the_end(self, stage: Stage) -> None:
        stage.reach("deliver")
        assert refused(stage, "rate") == "state"

    @pytest.mark.parametrize(("grade", "state"), [(1, "complaint"), (2, "complaint"), (3, "rated")])
    def test_a_low_grade_must_be_answered(self, stage: Stage, grade: int, state: str) -> None:
        stage.reach("close")
        assert stage.take("rate", arguments={"grade": grade})["state"] == state
        stage.ledger.now += timedelta(days=40)
        waits = late(stage)
        assert waits == ({MKT: 1} if state == "complaint" else {})
        open_ones = ask(stage, "listed", "case", "state", ["complaint"], 10, "")["items"]
        assert len(open_ones) == len(waits)

    @pytest.mark.parametrize("grade", [0, 6])
    def test_there_are_five_grades(self, stage: Stage, grade: int) -> None:
        stage.reach("close")
        with pytest.raises(ContractError):
            stage.take("rate", arguments={"grade": grade})


class TestPrivacy:
    def test_nothing_of_the_applicant_is_public(self, stage: Stage) -> None:
        """Public state has neither the values, nor the documents, nor plain hashes of them."""
        stage.reach("submit")
        self.disclose(stage)
        keys = stage.ledger.keys()
        public = " ".join(f"{key} {(stage.ledger.state(key) or b'').decode()}" for key in keys)
        events = " ".join(event.payload.decode() for event in stage.ledger.events)
        for value in (*APPLICATION.values(), *APPLICATION["documents"].values()):
            if isinstance(value, str):
                assert value not in public + events

    @pytest.mark.parametrize("msp_id", [HAI, MKT, ECO])
    def test_window_department_and_reviewers_share_the_application(
        self, stage: Stage, msp_id: str
    ) -> None:
        stage.reach("submit")
        self.disclose(stage, at=msp_id)
        place = ("case", "C1", "application")
        assert ask(stage, "disclosed", *place, endorser=msp_id)["value"] == APPLICATION
        with pytest.raises(ContractError):
            ask(stage, "disclosed", *place, endorser=GOV)

    def test_a_case_number_with_personal_data_is_refused(self, stage: Stage) -> None:
        stage.reach("publish")
        assert refused(stage, "submit", record_id="110108199003071238").startswith("value.")

    def test_my_cases_are_found_by_the_blinded_key(self, stage: Stage) -> None:
        stage.reach("submit")
        stage.reach("submit#other")
        mine = "/".join(blinded("somebody")[name] for name in ("key_id", "purpose", "mac"))
        listed = ask(stage, "listed", "case", "applicant", [mine], 10, "")["items"]
        assert [one["id"] for one in listed] == ["C1", "C3"]

    @staticmethod
    def disclose(stage: Stage, at: str = HAI) -> None:
        """Give the application to the parties, by the window, endorsed by a party's peer."""
        sealed = json.dumps({"salt": SALT, "value": APPLICATION}).encode()
        who = certificate(PEOPLE["window"])
        place = ("case", "C1", "application")
        transient = {"application": sealed}
        stage.ledger.submit("Services:disclose", *place, as_=who, transient=transient, endorser=at)


class TestStatistics:
    @pytest.mark.parametrize("size", [1, 200])
    def test_overdue_cases_are_counted_by_department(self, stage: Stage, size: int) -> None:
        stage.reach("submit")
        stage.reach("accept#other")
        stage.reach("submit#partial")
        assert late(stage) == {}
        stage.ledger.now += timedelta(days=30)
        assert late(stage, size) == {ECO: 1, MKT: 3}

    def test_only_departments_are_overdue_never_applicants(self, stage: Stage) -> None:
        stage.reach("ask_supplement")
        stage.reach("deliver#plain")
        stage.ledger.now += timedelta(days=100)
        assert late(stage) == {}

    def test_pages_add_up(self, stage: Stage) -> None:
        for name in ("answer", "advise#against", "submit#partial", "submit#plain"):
            stage.reach(name)
        total = ask(stage, "statistics", MKT, 200, "")
        assert total["cases"] == 4
        assert (total["granted"], total["refused"], total["grades"]) == (1, 0, [1, 0, 0, 0, 0])
        assert (total["shared"], total["licences"]) == (4, 4)
        pages, bookmark = [], ""
        while not pages or bookmark:
            pages.append(ask(stage, "statistics", MKT, 1, bookmark))
            bookmark = pages[-1]["bookmark"]
        for name, value in total.items():
            if isinstance(value, int):
                assert sum(page[name] for page in pages) == value

    def test_a_case_that_was_supplemented_is_counted(self, stage: Stage) -> None:
        stage.reach("supply")
        assert ask(stage, "statistics", MKT)["supplemented"] == 1


def test_the_city_takes_what_founds_the_services() -> None:
    contents = [one["content"] for one in founding_items((), ())]
    taken = [TypeAdapter(Proposed).validate_python(one) for one in contents]
    assert {one.kind for one in taken} == {"role", "parameter", "codes"}
    lists = {one["name"]: one["codes"] for one in contents if one["kind"] == "codes"}
    assert all(TypeAdapter(LicenceType).validate_python(one) for one in lists["licence-types"])
    named = {one["name"] for one in contents if one["kind"] == "parameter"}
    assert set(describe(Services)["parameters"]) == named


def test_a_result_licence_is_of_the_promised_type(stage: Stage) -> None:
    stage.reach("grant")
    other = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"
    assert refused(stage, "deliver", arguments={"licence": other}) == "services.other-result"
    assert stage.take("deliver")["state"] == "delivered"
    assert stage.record(Case, "C1").licence == LICENCE
