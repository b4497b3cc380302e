"""Tests that follow from a contract's declarations: a contract adds its story, a valid call of each step."""

from pyfabric_municipal.common.governance import FixedGovernance
from pyfabric_municipal.common.testing.fixed import WithFixedGovernance
from pyfabric_municipal.common.testing.liveness import dead_ends, unreachable
from pyfabric_municipal.common.testing.mutants import survivors
from pyfabric_municipal.common.testing.stage import Stage
from pyfabric_municipal.common.testing.stories import Person, Sample, Story
from pyfabric_municipal.common.testing.walks import walk

__all__ = [
    "FixedGovernance",
    "Person",
    "Sample",
    "Stage",
    "Story",
    "WithFixedGovernance",
    "dead_ends",
    "survivors",
    "unreachable",
    "walk",
]
