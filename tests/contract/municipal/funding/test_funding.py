"""Funding by credit: who applies for whom, which grade counts, and that no project is funded twice (FACTS §C, S3)."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pyfabric_municipal.common.testing.stage import Stage, certificate
from pyfabric_municipal.common.testing.stories import Person
from pyfabric_municipal.funding.founding import ROLES
from pyfabric_municipal.funding.records import Application

from pyfabric.chaincode import ContractError
from tests.support.municipal.credit_story import DAY, MKT
from tests.support.municipal.funding_story import (
    GOVERNANCE,
    OTHER,
    PEOPLE,
    STORY,
    project,
)


@pytest.fixture
def stage() -> Stage:
    """Provide a ledger on which nothing has been done."""
    return Stage(STORY)


def refused(stage: Stage, name: str, **changes: Any) -> str:
    """Return the code of a step's refusal."""
    with pytest.raises(ContractError) as caught:
        stage.take(name, **changes)
    return caught.value.code


def application(stage: Stage) -> Any:
    """Return the application as it stands."""
    return stage.record(Application, stage.ids["apply"])


class TestWhoApplies:
    def test_the_enterprise_delegates_and_applies_by_its_organisations_certificate(
        self, stage: Stage
    ) -> None:
        stage.prepare("apply")
        office = PEOPLE["office"]
        stage.take("delegate", by=office, signer="")
        applied = stage.take("apply", by=office, signer="", arguments={"delegation": ""})
        assert applied["state"] == "applied"

    def test_nobody_delegates_for_another_enterprise(self, stage: Stage) -> None:
        stage.prepare("delegate")
        stranger = Person(MKT, {"staff": "7002", "uscc": OTHER})
        assert refused(stage, "delegate", by=stranger, signer="") == "role"
        assert refused(stage, "delegate", signer="li") == "signature-wrong"

    def test_a_signature_that_is_not_the_delegates_is_refused(self, stage: Stage) -> None:
        stage.prepare("apply")
        assert refused(stage, "apply", signer="boss") == "signature-wrong"
        assert refused(stage, "apply", arguments={"delegation": ""}) == "unknown"

    def test_a_delegate_does_not_apply_for_another_enterprise(self, stage: Stage) -> None:
        stage.prepare("apply")
        stage.reach("Credit:compute_score#other")
        other = {"subject": OTHER, "score": "@Credit:compute_score#other"}
        assert refused(stage, "apply", arguments=other) == "funding.not-delegated"

    def test_a_delegation_counts_until_its_time(self, stage: Stage) -> None:
        stage.prepare("delegate")
        stage.take("delegate", arguments={"until": "2026-03-12T00:00:00Z"})
        stage.prepare("apply")
        stage.ledger.now = stage.ledger.now.replace(day=12)
        assert refused(stage, "apply") == "funding.not-delegated"

    def test_a_lost_key_delegates_nothing_once_it_is_replaced(self, stage: Stage) -> None:
        stage.reach("register_key")
        stage.take("replace_key", arguments={"public_key": "@key:new boss"})
        assert refused(stage, "delegate") == "signature-wrong"
        assert stage.take("delegate", signer="new boss")["state"] == "active"

    def test_a_revoked_enterprise_is_not_funded(self, stage: Stage) -> None:
        stage.reach("grant")
        stage.take("Credit:cancel")
        assert refused(stage, "pay") == "funding.not-in-business"
        assert refused(stage, "apply#second") == "funding.not-in-business"


class TestTheGrade:
    def test_what_is_cited_is_kept_with_model_and_day(self, stage: Stage) -> None:
        stage.reach("apply")
        found = application(stage)
        assert (found.grade, found.model, found.as_of) == ("A", "2026-1", "2026-03-11")
        assert found.score == stage.ids["Credit:compute_score"]

    def test_a_grade_counts_for_seven_days(self, stage: Stage) -> None:
        stage.prepare("apply")
        stage.ledger.now = stage.ledger.now.replace(day=18)
        assert stage.take("apply")["state"] == "applied"
        stage.ledger.now = stage.ledger.now.replace(day=19)
        assert refused(stage, "grant") == "funding.score-old"

    def test_a_decision_cites_the_grade_of_its_own_days(self, stage: Stage) -> None:
        stage.reach("apply")
        stage.take("Credit:compute_score", later=14 * DAY, arguments={"as_of": "2026-03-25"})
        assert stage.take("grant")["state"] == "granted"
        assert application(stage).as_of == "2026-03-25"

    def test_a_score_of_a_former_model_is_not_cited(self, stage: Stage) -> None:
        stage.prepare("apply")
        model = dict(GOVERNANCE.parameters["credit", "score-model"])  # type: ignore[call-overload]
        changed = GOVERNANCE.parameters | {("credit", "score-model"): model | {"version": "2026-2"}}
        later = Stage(replace(STORY, governance=replace(GOVERNANCE, parameters=changed)))
        later.ledger, later.ids = stage.ledger, stage.ids
        later.upgrade(later.contract)
        assert refused(later, "apply") == "funding.score-superseded"

    def test_a_penalty_that_an_objection_holds_is_not_counted(self, stage: Stage) -> None:
        stage.reach("Credit:publish")
        stage.prepare("apply")
        stage.take("Credit:object")
        assert refused(stage, "apply") == "funding.score-stale"
        stage.take("Credit:compute_score")
        assert stage.take("apply")["state"] == "applied"

    def test_a_penalty_that_comes_before_the_decision_is_counted(self, stage: Stage) -> None:
        stage.reach("apply")
        stage.reach("Credit:publish")
        assert refused(stage, "grant") == "funding.score-stale"

    def test_a_least_grade_that_the_model_does_not_have_refuses_everybody(self) -> None:
        stage = Stage(STORY, parameters={"least-grade": "AAA"})
        stage.prepare("apply")
        assert refused(stage, "apply") == "funding.grade-too-low"


class TestOnce:
    @pytest.mark.parametrize("funder", ROLES["funder"])
    def test_one_project_is_funded_by_one_department(self, stage: Stage, funder: str) -> None:
        stage.reach("apply")
        with pytest.raises(ContractError) as caught:
            stage.take("apply", later=1, arguments={"funder": funder})
        assert caught.value.code == "funding.double-funding"
        assert caught.value.facts["holder"] == f"application {stage.ids['apply']}"

    def test_a_paid_project_stays_funded(self, stage: Stage) -> None:
        stage.reach("pay")
        assert refused(stage, "apply", later=1) == "funding.double-funding"

    @pytest.mark.parametrize("way", ["withdraw", "refuse", "lapse", "revoke"])
    def test_a_project_that_is_not_funded_is_free_again(self, stage: Stage, way: str) -> None:
        stage.reach(way)
        stage.take("Credit:compute_score", arguments={"as_of": f"{stage.ledger.now:%Y-%m-%d}"})
        assert stage.take("apply", later=1)["state"] == "applied"

    def test_a_silent_department_holds_no_project(self, stage: Stage) -> None:
        stage.reach("apply")
        stage.take("Credit:compute_score", later=40 * DAY, arguments={"as_of": "2026-04-20"})
        assert stage.take("apply", arguments={"funder": "HaidianMSP"})["state"] == "applied"

    def test_another_key_would_hide_the_project(self, stage: Stage) -> None:
        stage.prepare("apply")
        own = project() | {"key_id": "zgc-1"}
        assert refused(stage, "apply", arguments={"project": own}) == "funding.project-key"

    def test_all_applications_of_an_enterprise_are_listed(self, stage: Stage) -> None:
        stage.reach("apply")
        stage.reach("apply#second")
        subject = application(stage).subject
        answer = stage.ledger.evaluate(
            "Funding:listed",
            "application",
            "subject",
            [subject],
            10,
            "",
            as_=certificate(PEOPLE["funder"]),
        )
        assert len(json.loads(answer)["items"]) == 2
