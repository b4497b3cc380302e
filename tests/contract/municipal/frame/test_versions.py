"""Records of a former version of a contract, while departments upgrade one after another."""

import json

import pytest
from pyfabric_municipal.common.invariants import SetInvariant
from pyfabric_municipal.common.testing.cases import Case
from pyfabric_municipal.common.testing.stage import Stage, certificate
from pyfabric_municipal.common.testing.upgrades import upgrades
from pyfabric_municipal.common.testing.walks import check_ledger

from pyfabric.chaincode import ContractError
from tests.support.municipal.example import Lot
from tests.support.municipal.example_before import FORMER
from tests.support.municipal.example_story import PEOPLE, STORY

STORABLE = 20_000
FULL = SetInvariant(
    "origin-full",
    "同一产地在库批次超过上限",
    "the stored lots of an origin weigh more than may be stored",
    "origin",
    lambda lots: sum(one.grams for one in lots) <= STORABLE,
    since=2,
)


@pytest.fixture
def upgraded() -> Stage:
    """Provide a ledger with a lot that the former version wrote, and a host that runs the new one."""
    stage = Stage(FORMER)
    stage.reach("store")
    stage.upgrade(STORY.made())
    stage.story = STORY
    return stage


@pytest.mark.parametrize("case", list(upgrades(FORMER, STORY)), ids=str)
def test_a_record_of_before_takes_every_step_of_its_state(case: Case) -> None:
    case.run()


def test_a_later_invariant_binds_from_the_step_that_meets_it(upgraded: Stage) -> None:
    upgraded.take("weigh_again")
    lot = upgraded.record(Lot, "B1")
    assert (lot.schema_version, lot.meets, lot.grade) == (2, 1, "unknown")
    upgraded.take("split")
    assert {one.meets for one in upgraded.records(Lot) if one.state == "stored"} == {2}


def test_a_set_that_was_left_broken_can_change_until_it_is_mended(
    upgraded: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lot, "INVARIANTS", (*Lot.INVARIANTS, FULL))

    def full(grams: int) -> str:
        with pytest.raises(ContractError) as refused:
            upgraded.take("store", record_id="B9", batch="file-9", arguments={"grams": grams})
        return refused.value.code

    upgraded.upgrade(FORMER.made())
    upgraded.story = FORMER
    upgraded.take("store", record_id="B2", batch="file-2", arguments={"grams": STORABLE})
    upgraded.upgrade(STORY.made())
    upgraded.story = STORY
    upgraded.take("weigh_again", record_id="B2", arguments={"grams": STORABLE})
    assert upgraded.record(Lot, "B2").meets == 1  # both together still weigh too much
    upgraded.take("split", record_id="B2", arguments={"grams": [STORABLE - 1000, 1000]})
    upgraded.take("weigh_again", record_id="B2.2", arguments={"grams": 500})  # leaves the set
    assert full(1) == "example.origin-full"
    check_ledger(upgraded)


def test_the_former_version_refuses_what_the_new_one_wrote(upgraded: Stage) -> None:
    upgraded.take("weigh_again")
    upgraded.upgrade(FORMER.made())
    with pytest.raises(ContractError, match="later version of the contract") as refused:
        upgraded.take("weigh_again")
    assert refused.value.code == "newer-version"


def test_anybody_brings_old_records_to_the_new_version(upgraded: Stage) -> None:
    who = certificate(PEOPLE["passer-by"])

    def outdated() -> list[str]:
        found = upgraded.ledger.evaluate("Example:outdated", "lot", 10, "", as_=who)
        return [one["id"] for one in json.loads(found)["items"]]

    assert outdated() == ["B1"]
    assert upgraded.ledger.submit("Example:migrate", "lot", outdated(), as_=who) == b"1"
    assert outdated() == []
    assert upgraded.ledger.submit("Example:migrate", "lot", ["B1"], as_=who) == b"0"
