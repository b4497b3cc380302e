"""Stages of a story, ready for a step: each way there is gone once, and each test goes on from a fork of it."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from pyfabric_municipal.common.testing.stage import Stage
from pyfabric_municipal.common.testing.stories import Story
from pyfabric_municipal.common.values import JSON


class Agreed(NamedTuple):
    """Parameters and roles of the contract that differ from the story's."""

    parameters: Mapping[str, JSON] = {}
    roles: Mapping[str, tuple[str, ...]] = {}


UNCHANGED: Final = Agreed()


class Stages:
    """The stages of a story that tests share; their contract must stay the same meanwhile."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self._known: dict[tuple[str, str], Stage] = {}

    def before(self, step: str, agreed: Agreed = UNCHANGED, *, compared: bool = False) -> Stage:
        """Return a stage of its own on which a step is the next one; `compared` has what follows run on two hosts.

        Raises ContractError if a step on the way is refused.
        """
        first = self.story.samples[step].first
        stage = self._after(first[0], agreed).fork() if first else self._new(agreed)
        stage.prepare(step)
        return stage.fork(compared=compared)

    def after(self, step: str, agreed: Agreed = UNCHANGED) -> Stage:
        """Return a stage of its own on which a step has been taken, and all that come before it."""
        return self._after(step, agreed).fork()

    def _after(self, step: str, agreed: Agreed) -> Stage:
        key = (step, repr(agreed))
        if key not in self._known:
            stage = self.before(step, agreed)
            stage.take(step)
            self._known[key] = stage
        return self._known[key]

    def _new(self, agreed: Agreed) -> Stage:
        return Stage(self.story, **agreed._asdict())
