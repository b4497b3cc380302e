"""The contract `Bills`: every case that follows from its declarations."""

from dataclasses import replace

import pytest
from pyfabric_municipal.common.testing.cases import Case, cases
from pyfabric_municipal.common.testing.liveness import dead_ends, unreachable
from pyfabric_municipal.common.testing.races import races
from pyfabric_municipal.common.testing.walks import walk

from tests.support.extent import extent
from tests.support.municipal.bills_story import STORY


@pytest.mark.parametrize("case", cases(STORY), ids=str)
def test_what_the_declarations_say(case: Case) -> None:
    case.run()


@pytest.mark.parametrize("race", list(races(STORY)), ids=str)
def test_of_two_steps_side_by_side_one_wins(race: Case) -> None:
    race.run()


def test_every_state_can_be_reached() -> None:
    assert unreachable(STORY) == []


def test_no_silence_holds_a_record_for_ever() -> None:
    assert dead_ends(STORY) == []


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_the_ledger_fits_its_records(seed: int) -> None:
    """Walk on one day, with ranges that stay open, or nothing would be issued for long."""
    kept = {
        name: replace(one, later=0)
        for name, one in STORY.samples.items()
        if name not in ("close", "void")
    }
    assert len(walk(replace(STORY, samples=kept), seed, length=extent(400, 3000))) > 12
