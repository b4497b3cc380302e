"""Denials: refusals that stay on the ledger, because somebody asks later who was denied, or tried twice."""

from collections.abc import Mapping
from typing import ClassVar, Final

from pydantic import JsonValue

from pyfabric_municipal.common.indexes import Index
from pyfabric_municipal.common.records import Fact

_LONGEST: Final = 200
"""How long a fact may be by which a denial is found."""


class Denial(Fact):
    """A step that was refused: which step of which record, for whom, by which code, with which facts."""

    KIND: ClassVar[str] = "denial"
    INDEXES: ClassVar[tuple[Index, ...]] = (
        Index("subject", ("kind", "subject")),
        Index("department", ("by.department",)),
        Index("code", ("code",)),
        Index("fact", ("named",)),
    )

    step: str
    kind: str
    subject: str
    code: str
    facts: Mapping[str, JsonValue]

    @property
    def named(self) -> tuple[str, ...]:
        """The texts among the facts, such as what was claimed and who holds it."""
        texts = (one for one in self.facts.values() if isinstance(one, str))
        return tuple(sorted({one for one in texts if 0 < len(one) <= _LONGEST}))
