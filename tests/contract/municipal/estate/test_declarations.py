"""The contract `Estate`: every case that follows from its declarations."""

import pytest
from pyfabric_municipal.common.testing.cases import Case, cases
from pyfabric_municipal.common.testing.liveness import dead_ends, unreachable
from pyfabric_municipal.common.testing.races import races

from tests.support.extent import extent
from tests.support.municipal.estate_story import STORY


def part_of(every: list[Case], part: int) -> list[Case]:
    """Return every `part`-th case, all of them in `make thorough`."""
    return every[:: extent(part, 1)]


CASES = cases(STORY)
IN_OTHER_STATES = [one for one in CASES if " when " in one.name]
OTHERS = [one for one in CASES if one not in IN_OTHER_STATES]


@pytest.mark.parametrize("case", [*OTHERS, *part_of(IN_OTHER_STATES, 5)], ids=str)
def test_what_the_declarations_say(case: Case) -> None:
    case.run()


@pytest.mark.parametrize("race", part_of(list(races(STORY)), 5), ids=str)
def test_of_two_steps_side_by_side_one_wins(race: Case) -> None:
    race.run()


def test_every_state_can_be_reached() -> None:
    assert unreachable(STORY) == []


def test_no_silence_holds_a_record_for_ever() -> None:
    assert dead_ends(STORY) == []
