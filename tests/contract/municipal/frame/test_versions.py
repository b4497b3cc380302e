"""Records of a former version of a contract, while departments upgrade one after another."""

import json

import pytest
from pyfabric_municipal.common.testing.cases import Case
from pyfabric_municipal.common.testing.stage import Stage, certificate
from pyfabric_municipal.common.testing.upgrades import upgrades

from pyfabric.chaincode import ContractError
from tests.support.municipal.example import Lot
from tests.support.municipal.example_before import FORMER
from tests.support.municipal.example_story import PEOPLE, STORY


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
