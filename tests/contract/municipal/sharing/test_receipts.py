"""Receipts and their quotas, private parts, and what is asked of sharing."""

import json
from collections import Counter
from typing import Any

import pytest
from pyfabric_municipal.common.private import Blinded
from pyfabric_municipal.common.testing.stage import Stage, certificate
from pyfabric_municipal.common.totals import Lease

from pyfabric.chaincode import ContractError
from pyfabric.errors import ValidationCode
from tests.support.extent import extent
from tests.support.municipal.sharing_story import (
    CODE,
    ECON,
    EVIDENCE,
    EXCHANGE,
    GOV,
    HAI,
    MKT,
    PEOPLE,
    SALT,
    SCOPE,
    STORY,
    SUBJECT,
    delivery,
    exchange,
    offer,
    terms,
)

GRANTS, WORKERS = extent(4, 16), 4


@pytest.fixture
def stage() -> Stage:
    """Provide a ledger on which nothing has been done."""
    return Stage(STORY)


def ask(stage: Stage, function: str, *arguments: object, by: str = "user", **at: Any) -> Any:
    """Evaluate a query of the contract."""
    who = certificate(PEOPLE[by])
    return json.loads(stage.ledger.evaluate(f"Sharing:{function}", *arguments, as_=who, **at))


def give(stage: Stage, number: int, rows: int) -> str:
    """Make a grant of a number of rows in force; returns its id."""
    words = {"application": {"purpose": f"业务{number}", "terms": terms(quota=rows)}}
    grant: str = stage.take("apply", arguments=words)["id"]
    stage.take("check", record_id=grant)
    stage.take("grant", record_id=grant, arguments={"offer": offer(quota=rows)})
    stage.take("activate", record_id=grant)
    return grant


def test_deliveries_side_by_side_use_a_quota_exactly(stage: Stage) -> None:
    """Deliver with as many in flight as workers, each with a lease of its own; refuse what is beyond the quota."""
    stage.prepare("apply")
    rounds, rows = extent(3, 30), 5
    grants = [give(stage, number, WORKERS * rounds * rows) for number in range(GRANTS)]
    workers = [(grant, f"w{number}") for grant in grants for number in range(WORKERS)]
    for grant, worker in workers:
        leased = {"grant": grant, "worker": worker, "rows": rounds * rows}
        stage.take("lease_rows", arguments=leased)
    codes: Counter[ValidationCode] = Counter()
    number = 0
    for _ in range(rounds):
        ran = []
        for grant, worker in workers:
            number += 1
            given = delivery(number, rows=rows)
            words = {"grant": grant, "worker": worker, "delivery": given}
            ran.append(stage.endorse("deliver", arguments=words))
        codes.update(stage.ledger.commit(ran))
    assert codes == {ValidationCode.VALID: number}
    for grant, worker in workers:
        words = {"grant": grant, "worker": worker, "delivery": delivery(number + 1, rows=1)}
        with pytest.raises(ContractError) as refused:
            stage.take("deliver", arguments=words)
        assert refused.value.code == "sharing.lease-exceeded"
    for grant in grants:
        quota = WORKERS * rounds * rows
        assert ask(stage, "usage", grant) == {"quota": quota, "leased": quota, "delivered": quota}
        assert stage.take("exhaust", record_id=grant)["state"] == "exhausted"


def test_no_more_is_leased_than_was_granted(stage: Stage) -> None:
    stage.reach("lease_rows")
    leased = {"worker": "w2", "rows": 1}
    with pytest.raises(ContractError) as refused:
        stage.take("lease_rows", arguments=leased)
    assert refused.value.code == "sharing.quota-exceeded"
    stage.take("deliver")
    stage.take("return_rows")
    assert ask(stage, "usage", stage.ids["grant"]) == {"quota": 100, "leased": 40, "delivered": 40}
    assert stage.take("lease_rows", arguments={"worker": "w2", "rows": 60})["state"] == "written"


def test_no_receipt_slips_past_a_revocation(stage: Stage) -> None:
    stage.reach("lease_rows")
    ran = [stage.endorse("revoke"), stage.endorse("deliver")]
    assert stage.ledger.commit(ran) == [ValidationCode.VALID, ValidationCode.MVCC_READ_CONFLICT]


def test_a_suspension_wins_against_activations_at_the_same_time(stage: Stage) -> None:
    stage.reach("grant")
    ran = [stage.endorse("Directory:suspend"), stage.endorse("activate")]
    assert stage.ledger.commit(ran) == [ValidationCode.VALID, ValidationCode.MVCC_READ_CONFLICT]


def test_requests_side_by_side_do_not_meet(stage: Stage) -> None:
    stage.prepare("apply")
    ran = [stage.endorse("apply") for _ in range(8)]
    assert set(stage.ledger.commit(ran)) == {ValidationCode.VALID}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"delivered": "2026-03-11T02:00:01Z"}, "sharing.outside-term"),
        ({"delivered": "2026-03-11T01:59:59Z"}, "sharing.outside-term"),
        ({"rows": 101}, "sharing.lease-exceeded"),
        ({"revision": 3}, "sharing.former-revision"),
        ({"rows": 0}, ""),
        ({"rows": -5}, ""),
        ({"rows": 1.0}, ""),
        ({"fields": []}, ""),
        ({"fields": ["uscc", "uscc"]}, "value.fields"),
        ({"delivered": "2026-03-11T02:00:00+00:00"}, "value.timestamp-shape"),
        ({"exchange": "x"}, "value.digest-shape"),
    ],
    ids=str,
)
def test_deliveries_that_are_refused(stage: Stage, changes: dict[str, Any], code: str) -> None:
    stage.prepare("deliver")
    before = stage.ledger.keys()
    with pytest.raises(ContractError) as refused:
        stage.take("deliver", arguments={"delivery": changes})
    assert refused.value.code == code
    assert stage.ledger.keys() == before


def test_the_term_of_a_grant_has_a_beginning_and_an_end(stage: Stage) -> None:
    stage.prepare("grant")
    stage.take("grant", arguments={"offer": offer(valid_from="2026-03-12T00:00:00Z")})
    stage.reach("lease_rows")
    with pytest.raises(ContractError) as early:
        stage.take("deliver")
    assert early.value.code == "sharing.outside-term"
    stage.ledger.now = stage.ledger.now.replace(year=2027)
    with pytest.raises(ContractError) as over:
        stage.take("deliver")
    assert over.value.code == "sharing.not-in-force"
    assert ask(stage, "read", "grant", stage.ids["grant"])["state"] == "expired"


class TestPrivateParts:
    def disclose(self, stage: Stage, *place: str, sealed: Any, by: str, at: str = HAI) -> None:
        transient = {place[-1]: json.dumps(sealed).encode()}
        who = certificate(PEOPLE[by])
        stage.ledger.submit("Sharing:disclose", *place, as_=who, transient=transient, endorser=at)

    @pytest.mark.parametrize("endorser", [HAI, MKT])
    def test_the_row_scope_is_for_the_two_departments_alone(
        self, stage: Stage, endorser: str
    ) -> None:
        """Keep what the own peer was shown: on a channel, those of both endorse."""
        stage.reach("apply")
        place = ("request", stage.ids["apply"], "scope")
        before = stage.ledger.keys()
        self.disclose(stage, *place, sealed={"salt": SALT, "value": SCOPE}, by="user", at=endorser)
        assert stage.ledger.keys() == before
        assert ask(stage, "disclosed", *place, endorser=endorser)["value"] == SCOPE
        for msp_id in (ECON, GOV):
            with pytest.raises(ContractError) as elsewhere:
                ask(stage, "disclosed", *place, endorser=msp_id)
            assert elsewhere.value.code == "private-elsewhere"
        public = b"".join(stage.ledger.state(key) or b"" for key in before)
        assert SCOPE["rows"].encode() not in public

    def test_query_and_evidence_are_disclosed_by_who_has_them(self, stage: Stage) -> None:
        stage.reach("deliver")
        stage.reach("raise_error")
        receipt = ("receipt", stage.ids["deliver"], "exchange")
        self.disclose(stage, *receipt, sealed=exchange(), by="provider")
        assert ask(stage, "disclosed", *receipt)["value"] == EXCHANGE
        report = ("report", stage.ids["raise_error"], "evidence")
        self.disclose(stage, *report, sealed={"salt": SALT, "value": EVIDENCE}, by="user", at=MKT)
        shown = ask(stage, "disclosed", *report, by="provider")["value"]
        assert shown["statement"] == EVIDENCE["statement"]

    @pytest.mark.parametrize(
        ("part", "sealed", "code"),
        [
            ("scope", {"salt": SALT, "value": {"rows": "全部"}}, "other-part"),
            ("scope", {"salt": SALT, "value": {"rows": 5}}, "transient"),
            ("scope", {"salt": "00" * 32, "value": SCOPE}, "transient"),
            ("purpose", {"salt": SALT, "value": SCOPE}, "no-part"),
        ],
    )
    def test_only_what_was_committed_to_is_disclosed(
        self, stage: Stage, part: str, sealed: Any, code: str
    ) -> None:
        stage.reach("apply")
        with pytest.raises(ContractError) as refused:
            self.disclose(stage, "request", stage.ids["apply"], part, sealed=sealed, by="user")
        assert refused.value.code == code


class TestQueries:
    def test_who_read_of_a_person_is_found_by_the_blinded_key(self, stage: Stage) -> None:
        stage.reach("deliver")
        key = str(Blinded.model_validate(SUBJECT))
        (found,) = ask(stage, "listed", "receipt", "subject", [key], 10, "")["items"]
        assert (found["user"], found["delivery"]["delivered"]) == (HAI, "2026-03-11T02:00:00Z")
        assert ask(stage, "listed", "receipt", "subject", [f"{key[:-1]}x"], 10, "")["items"] == []

    def test_answers_count_each_department_for_what_it_did_itself(self, stage: Stage) -> None:
        stage.reach("rule_for")
        self.another(stage, "reject")
        self.another(stage, "check", "refuse", "dispute", "offer", "accept")
        self.another(stage, "check", "grant")
        stage.ids["refer"] = self.another(stage, "check")
        stage.take("rule_for", record_id=stage.ids["refer"], later=8 * 86_400)
        assert ask(stage, "answers") == [
            {
                "department": MKT,
                "answered": 3,
                "refused": 1,
                "disputed": 1,
                "overruled": 2,
                "unanswered": 1,
                "rejected": 1,
                "per_thousand": 333,
            }
        ]

    def test_grants_that_expire_soon(self, stage: Stage) -> None:
        stage.reach("activate")
        grant = stage.ids["grant"]

        def expiring(moment: str, days: int) -> list[str]:
            stage.ledger.now = stage.ledger.now.fromisoformat(moment)
            return [one["id"] for one in ask(stage, "expiring", days, 10, "")["items"]]

        assert expiring("2026-03-11T02:00:00Z", 30) == []
        assert expiring("2027-02-09T00:00:00Z", 30) == [grant]
        assert expiring("2027-02-09T00:00:00Z", 29) == []
        assert expiring("2027-03-11T00:00:00Z", 30) == []

    def test_late_answers_by_department(self, stage: Stage) -> None:
        stage.reach("check")
        late = {"due": "2026-03-18T15:59:59Z"}
        assert ask(stage, "overdue", MKT, 10, "")["items"] == []
        stage.ledger.now = stage.ledger.now.replace(day=19)
        (found,) = ask(stage, "overdue", MKT, 10, "")["items"]
        assert (found["id"], found["due"]) == (stage.ids["apply"], late["due"])

    def test_off_the_platform_a_provider_has_longer(self, stage: Stage) -> None:
        stage.take("Directory:enter", arguments={"description": {"on_platform": False}})
        stage.reach("check")
        waiting = ask(stage, "read", "request", stage.ids["apply"])["waiting"]
        (party,) = waiting[0]["parties"]
        assert (party["name"], party["due"]) == (MKT, "2026-03-25T15:59:59Z")

    def test_users_are_told_of_faults_by_the_resource(self, stage: Stage) -> None:
        stage.reach("raise_error")
        name, payload, *_ = stage.ledger.events[-1]
        told = json.loads(payload)
        assert (name, told["resource"], told["user"]) == ("report.raise_error", CODE, HAI)

    def test_a_lease_is_of_one_worker(self, stage: Stage) -> None:
        stage.reach("deliver")
        (lease,) = stage.records(Lease)
        assert (lease.id, lease.taken) == (f"{stage.ids['grant']}/{MKT}/w1", 40)

    @staticmethod
    def another(stage: Stage, *steps: str) -> str:
        """File another request, and take these steps of it; returns its id."""
        request: str = stage.take("apply")["id"]
        for each in steps:
            stage.take(each, record_id=request)
        return request
