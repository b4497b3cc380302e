"""Proposed changes of settings, and who must approve them. Pure."""

from collections.abc import Collection, Iterable
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from pyfabric.chaincode import ContractError
from pyfabric_municipal.city.settings import ACTIVE, CITY, Key, Member, Parameter, Proposed, Record
from pyfabric_municipal.common.records import Actor
from pyfabric_municipal.common.values import (
    Count,
    Day,
    Digest,
    Model,
    MspId,
    Text,
    Timestamp,
)

DEFAULT_DAYS = 30
"""How long a change waits for approvals."""
MAX_ITEMS = 200
MIN_DEPARTMENTS = 2

PROPOSED, IN_FORCE, WITHDRAWN = "proposed", "in-force", "withdrawn"
APPROVED, LAPSED, SUPERSEDED = "approved", "lapsed", "superseded"


ActStep: TypeAlias = Literal["propose", "approve", "withdraw", "enact"]


class Item(Model):
    """One setting of a change, and the version that the change builds on; 0: the setting is new."""

    builds_on: Count
    content: Proposed


class Change(Record):
    """A change of settings that departments approve; it takes effect on a day in Beijing, or once it is enacted."""

    KIND: ClassVar[str] = "change"

    id: Digest
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=MAX_ITEMS)]
    reason: Text
    effective: Day | None
    proposed_by: MspId
    proposed: Timestamp
    lapses: Count
    state: Literal["proposed", "in-force", "withdrawn"] = "proposed"

    @model_validator(mode="after")
    def _each_once(self) -> "Change":
        places = [item.content.key() for item in self.items]
        if twice := sorted({each for each in places if places.count(each) > 1}):
            raise ContractError(f"the change has {'/'.join(twice[0])} twice")
        return self

    def key(self) -> Key:
        return (self.id,)

    @property
    def members(self) -> tuple[Member, ...]:
        """The departments that the change admits or changes."""
        return tuple(i.content for i in self.items if isinstance(i.content, Member))

    @property
    def subject(self) -> str | None:
        """The contract that all its parameters belong to; None if the whole channel decides."""
        contents = [item.content for item in self.items]
        owners = {each.contract if isinstance(each, Parameter) else CITY for each in contents}
        owner = owners.pop()
        return None if owners or owner == CITY else owner


class Act(Record):
    """What somebody did about a change, written once: an approval, or another step of it."""

    KIND: ClassVar[str] = "act"

    change: Digest
    step: ActStep
    by: Actor
    at: Timestamp
    transaction_id: str

    def key(self) -> Key:
        return (self.change, self.step, self.by.department)


class Voters(Model):
    """The departments that decide on a change, each with one voice, and those of them that have approved it."""

    departments: tuple[MspId, ...]
    approved: tuple[MspId, ...]

    @property
    def needed(self) -> int:
        """How many approvals are a majority."""
        return len(self.departments) // 2 + 1

    @property
    def is_majority(self) -> bool:
        """Return whether a majority has approved."""
        return len(self.approved) >= self.needed

    def require(self, msp_id: str) -> None:
        """Refuse a department that has no voice."""
        if msp_id not in self.departments:
            raise ContractError(
                f"{msp_id} has no voice in this change: {', '.join(self.departments)} decide",
                code="city.no-voice",
                facts={"department": msp_id, "departments": list(self.departments)},
                zh=f"{msp_id} 对本变更没有表决权",
            )

    def require_majority(self) -> None:
        """Refuse a change that no majority has approved yet."""
        if not self.is_majority:
            raise ContractError(
                f"{len(self.approved)} of {len(self.departments)} departments have approved the change, "
                f"{self.needed} are needed",
                code="city.no-majority",
                facts={"approved": list(self.approved), "needed": self.needed},
                zh=f"已有 {len(self.approved)} 个部门同意，需要 {self.needed} 个",
            )


def voters(departments: Iterable[str], approvals: Collection[str]) -> Voters:
    """Return who decides, and who of them has approved: an approval of one that has left counts no more."""
    deciding = tuple(sorted(departments))
    return Voters(
        departments=deciding, approved=tuple(each for each in deciding if each in approvals)
    )


def founders(change: Change) -> list[str]:
    """Return the departments that a change founds a channel with; refuses too few."""
    found = [each.msp_id for each in change.members if each.state == ACTIVE]
    if len(found) < MIN_DEPARTMENTS:
        raise ContractError(
            f"this channel is not founded yet: its first change names its departments, at least {MIN_DEPARTMENTS}",
            code="city.not-founded",
            facts={"departments": found},
            zh=f"本通道尚未成立：首个变更应列出其部门，至少 {MIN_DEPARTMENTS} 个",
        )
    return found


def require_approver(own: str, decided: Voters, *, founding: bool) -> None:
    """Refuse to endorse, at the peer of a department that could approve a change and has not.

    So the endorsements that the committers demand, those of a majority of the channel's real members, are consents:
    at the founding each of them, later those of the departments that have a voice. Fabric's own lifecycle does the same
    with the approvals of a chaincode's definition.
    """
    if own not in decided.approved and (founding or own in decided.departments):
        raise ContractError(
            f"{own}, whose peer was asked, has not approved the change: have the departments endorse that have",
            code="city.not-approved-here",
            facts={"department": own, "approved": list(decided.approved)},
            zh=f"被请求背书的节点所属部门 {own} 尚未同意本变更：请由已同意的部门背书",
        )
