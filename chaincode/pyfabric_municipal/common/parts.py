"""Private parts that the parties of a record share, each kept by the peers of their departments alone.

A step keeps the commitment in public. Anyone who has the value discloses it in a transaction of its own, which writes
nothing public: so that the parties' peers alone endorse it, and no other department's peer is shown it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from pyfabric_municipal.common.private import Sealed
from pyfabric_municipal.common.records import Record
from pyfabric_municipal.common.refusals import FrameRule
from pyfabric_municipal.common.session import Session

_OWN: Final = "_implicit_org_{}"

NO_PART = FrameRule(
    "no-part", "{kind} 没有名为 {part} 的私有内容", "{kind} has no private part {part}"
)
OTHER = FrameRule(
    "other-part",
    "提交的 {part} 与 {kind} {id} 上的承诺值不符",
    "{part} is not what {kind} {id} has the commitment to",
)


@dataclass(frozen=True)
class Part:
    """A private part: `name` is the record's field with its commitment, `type` what it is.

    `parties` returns the MSP ids of the departments that keep it, in their implicit collections.
    """

    record: type[Record]
    name: str
    type: Any
    parties: Callable[[Session, Any], Iterable[str]]


def part_of(parts: Iterable[Part], kind: str, name: str) -> Part:
    """Return the declared part of that name; refuses one that no record type has."""
    for part in parts:
        if (part.record.KIND, part.name) == (kind, name):
            return part
    raise NO_PART.refusal({"kind": kind, "part": name})


def disclose(session: Session, part: Part, record_id: str) -> None:
    """Give a part, which came as transient data of that name, to the parties; refuses another than was committed to."""
    record = session.need(part.record, record_id)
    sealed = session.vault.argument(Sealed[part.type], part.name)  # type: ignore[name-defined]
    if sealed.commitment() != getattr(record, part.name):
        facts = {"part": part.name, "kind": record.KIND, "id": record_id}
        raise OTHER.refusal(facts)
    for party in part.parties(session, record):
        session.vault.seal(_OWN.format(party), record.KIND, record_id, part.name, sealed)


def disclosed(session: Session, part: Part, record_id: str) -> Sealed[Any]:
    """Return a part as the peer that is asked has it; refuses where its department was not given it."""
    own = _OWN.format(session.stub.msp_id)
    hint = Sealed[part.type]  # type: ignore[name-defined]
    found: Sealed[Any] = session.vault.unseal(own, hint, part.record.KIND, record_id, part.name)
    return found
