"""Upgrades: records that a former version of a contract wrote take every step of their state in the new one."""

from collections.abc import Iterator
from functools import partial

from pyfabric_municipal.common.testing.cases import Case
from pyfabric_municipal.common.testing.stage import Stage
from pyfabric_municipal.common.testing.stories import Story
from pyfabric_municipal.common.testing.walks import check_ledger


def upgrades(former: Story, story: Story) -> Iterator[Case]:
    """Yield a case for each step whose record the former version can bring to the state before it."""
    for name, sample in story.samples.items():
        if sample.first and set(sample.first) <= set(former.samples):
            yield Case(
                f"{name} of a record of before", name, partial(_upgraded, former, story, name)
            )


def _upgraded(former: Story, story: Story, name: str) -> None:
    stage = Stage(former)
    for first in story.samples[name].first:
        stage.reach(first)
    stage.upgrade(story.made())
    stage.story = story
    stage.take(name)
    check_ledger(stage)
