"""The contract `Security`: every case that follows from its declarations."""

import pytest
from pyfabric_municipal.common.testing.cases import Case, cases
from pyfabric_municipal.common.testing.liveness import dead_ends, unreachable
from pyfabric_municipal.common.testing.races import races
from pyfabric_municipal.common.testing.walks import walk

from tests.support.extent import extent
from tests.support.municipal.security_story import STORY

RACES = list(races(STORY))


@pytest.mark.parametrize("case", cases(STORY), ids=str)
def test_what_the_declarations_say(case: Case) -> None:
    case.run()


@pytest.mark.parametrize("race", RACES[:: extent(3, 1)], ids=str)
def test_of_two_steps_side_by_side_one_wins(race: Case) -> None:
    race.run()


def test_every_state_can_be_reached() -> None:
    assert unreachable(STORY) == []


def test_no_silence_holds_a_record_for_ever() -> None:
    assert dead_ends(STORY) == []


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_the_ledger_fits_its_records(seed: int) -> None:
    assert len(walk(STORY, seed, length=extent(300, 1500))) > 8
