"""Races: two steps that were endorsed side by side on one state, committed in one block."""

from collections.abc import Iterator
from functools import partial

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.testing.cases import Case
from pyfabric_municipal.common.testing.stages import Stages
from pyfabric_municipal.common.testing.stories import Story
from pyfabric_municipal.common.testing.walks import check_ledger

__all__ = ["races"]


def races(story: Story) -> Iterator[Case]:
    """Yield a case for each two steps of a record that are possible in one state."""
    steps, stages = list(story.made().STEPS.values()), Stages(story)
    for number, one in enumerate(steps):
        for other in steps[number:]:
            ids = {story.samples[each.name].id for each in (one, other)}
            if one.creates and (one.names_itself or len(ids) > 1):
                continue  # they make two records
            if one.record is other.record and set(one.sources) & set(other.sources):
                name = f"{one.name} and {other.name} side by side"
                yield Case(name, one.name, partial(_race, stages, one.name, other.name))


def _race(stages: Stages, one: str, other: str) -> None:
    """Endorse both on one state: one of them at most may change the record, and nothing else breaks."""
    stage = stages.before(one)
    try:
        stage.prepare(other)
    except ContractError:
        return  # the samples' ways to the state exclude each other
    endorsed = []
    made = stage.steps[one].creates  # one id for both: else they make two records
    target = stage.resolve(stages.story.samples[one].id) if made else None
    for name, batch in ((one, "file-1"), (other, "file-2")):
        try:
            endorsed.append(stage.endorse(name, batch=batch, record_id=target))
        except ContractError:
            continue
    codes = stage.ledger.commit(endorsed)
    valid = sum(code == 0 for code in codes)
    if len(codes) > 1 and valid != 1:
        raise AssertionError(f"{one} and {other}: {valid} of {len(codes)} are valid")
    check_ledger(stage)
