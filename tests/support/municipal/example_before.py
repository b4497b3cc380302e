"""The example contract's former version: its lots have no grade, and no invariant asks for one."""

from dataclasses import replace
from typing import ClassVar

from pyfabric_municipal.common import NEW, Call, Changes, Index, Mode, Tracked, step
from pyfabric_municipal.common.testing import Sample, WithFixedGovernance
from pyfabric_municipal.common.values import Count, Positive

from tests.support.municipal.example import CLERK
from tests.support.municipal.example_story import STORY


class FormerLot(Tracked):
    """A lot of goods."""

    KIND: ClassVar[str] = "lot"
    INDEXES: ClassVar = (Index("origin", ("origin",), ("stored",)),)

    origin: str
    grams: Count


class FormerExample(WithFixedGovernance):
    """The example as it was."""

    name = "Example"
    RECORDS = (FormerLot,)

    @step(FormerLot, NEW, "stored", by=CLERK, mode=Mode.BATCH)
    def store(self, call: Call[FormerLot], origin: str, grams: Positive) -> Changes:
        """Enter lots."""
        return {"origin": origin, "grams": grams}

    @step(FormerLot, "stored", "stored", by=CLERK)
    def weigh_again(self, call: Call[FormerLot], grams: Positive) -> Changes:
        """Weigh a lot again."""
        return {"grams": grams}


FORMER = replace(
    STORY,
    contract=FormerExample,
    samples={
        "store": Sample("clerk", "B1", {"origin": "O1", "grams": 1000}),
        "weigh_again": Sample("clerk", "B1", {"grams": 1000}, first=("store",)),
    },
)
