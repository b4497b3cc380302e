"""Denials: refusals that stay on the ledger, because somebody asks later who was denied, or tried twice."""

from typing import ClassVar

from pyfabric_municipal.common.indexes import Index
from pyfabric_municipal.common.records import Fact


class Denial(Fact):
    """A step that was refused: which step of which record, for whom, by which code."""

    KIND: ClassVar[str] = "denial"
    INDEXES: ClassVar[tuple[Index, ...]] = (
        Index("subject", ("kind", "subject")),
        Index("department", ("by.department",)),
        Index("code", ("code",)),
    )

    step: str
    kind: str
    subject: str
    code: str
