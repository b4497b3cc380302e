"""Access policies: which attributes an access needs, in versions of which one is in force."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import Index
from pyfabric_municipal.common.parts import Part
from pyfabric_municipal.common.records import NEW, Tracked
from pyfabric_municipal.common.refusals import Example, Rule, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.steps import Changes, Move, Wait, guard, step
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import Digest, Model, MspId, Positive, json_digest
from pyfabric_municipal.common.waiting import Days
from pyfabric_municipal.security.classifications import apart_if_high
from pyfabric_municipal.security.roles import APPROVER, OFFICER

_ID = r"^[123][0-9]{5,11}/(general|important|core)/(none|general|sensitive)@[1-9][0-9]{0,5}$"
PolicyId = Annotated[str, Field(pattern=_ID)]
"""The class of resources, the grade and the version: `102001/important/none@3`."""

AttributeName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
WILDCARD = Rule(
    "wildcard",
    "属性值 {value!r} 含通配符或空白：须逐一列明",
    "the attribute value {value!r} has a wildcard or a space: name each value",
)


def _plain(value: str) -> str:
    if not re.fullmatch(r"[^*?%\s]{1,60}", value):
        raise WILDCARD.refusal({"value": value}, contract="security")
    return value


AttributeValue = Annotated[str, AfterValidator(_plain)]


class Condition(Model):
    """An attribute that an access needs, and the values of which it must have one."""

    attribute: AttributeName
    values: Annotated[tuple[AttributeValue, ...], Field(min_length=1, max_length=50)]


Rules = Annotated[tuple[Condition, ...], Field(min_length=1, max_length=20)]
Endorsers = Annotated[Positive, about("How many departments endorse.", "所需背书部门数")]
TextDigest = Annotated[Digest | None, about("The commitment to its text.", "文本的承诺值")]
ReadDigest = Annotated[Digest, about("The digest of what was read.", "所审阅内容的摘要")]


class PolicyText(Model):
    """What a policy says in words, which may itself be sensitive."""

    text: Annotated[str, Field(min_length=1, max_length=20_000)]


class Policy(Tracked):
    """A version of the policy for a class of resources of one grade; `endorsers` is how many departments endorse an access.

    某类、某级资源访问策略的一个版本；`endorsers` 为访问交易所需的背书部门数。
    """

    KIND: ClassVar[str] = "policy"
    ID_TYPE: ClassVar[Any] = PolicyId
    HELD_BY: ClassVar[str] = "proposer"
    STATES: ClassVar = {
        "draft": "待审批",
        "in_force": "现行",
        "superseded": "已被替代",
        "refused": "未通过",
        "dropped": "逾期未审批",
    }
    INDEXES: ClassVar = (
        Index("in_force", ("name",), ("in_force",)),
        Index("approved", ("name",), ("in_force", "superseded")),
    )

    rules: Rules
    endorsers: Endorsers
    text: TextDigest = None
    proposer: MspId
    readers: tuple[MspId, ...]

    @property
    def name(self) -> str:
        """The class of resources and the grade."""
        return self.id.partition("@")[0]

    @property
    def version(self) -> int:
        """The number of the version."""
        return int(self.id.partition("@")[2])

    @property
    def level(self) -> str:
        """The level of the data."""
        return self.name.split("/")[1]

    def digest(self) -> str:
        """Return the SHA-256 of what is approved: id, rules, endorsers and the text's commitment."""
        return json_digest(
            self.model_dump(mode="json", include={"id", "rules", "endorsers", "text"})
        )


def _parties(_: Session, record: Any) -> Iterable[str]:
    return record.readers  # type: ignore[no-any-return]


TEXT = Part(Policy, "text", PolicyText, _parties)


def policy_in_force(call: Call[Any], name: str) -> Policy | None:
    """Return the version in force of a policy, None if there is none."""
    return next(iter(call.find(Policy, "in_force", name)), None)


@guard("version-gap", "没有前一版本 {before}", "there is no version {before} before this one")
def follows_a_version(call: Call[Policy]) -> Verdict:
    """Hold for the first version, and for one that follows another."""
    before = f"{call.after.name}@{call.after.version - 1}"
    return call.after.version == 1 or call.get(Policy, before) is not None or {"before": before}


@guard(
    "other-version",
    "批准的内容摘要与 {policy} 不符：批准只对所审阅的版本有效",
    "the approval is of another text than {policy}: it counts for the version that was read",
    example=Example(arguments={"digest": "0" * 64}),
)
def as_it_was_read(call: Call[Policy]) -> Verdict:
    """Hold if the approver names the digest of this very version."""
    return call.arguments["digest"] == call.record.digest() or {"policy": call.id}


@guard("older-version", "更新的版本 {policy} 已批准", "a later version has been approved: {policy}")
def not_overtaken(call: Call[Policy]) -> Verdict:
    """Hold if no later version has been approved."""
    approved = call.find(Policy, "approved", call.record.name)
    last = max(approved, key=lambda one: one.version, default=call.record)
    return last.version <= call.record.version or {"policy": last.id}


class Policies:
    """The steps of a policy's version."""

    @step(
        Policy,
        NEW,
        "draft",
        by=OFFICER,
        guards=(follows_a_version,),
        waits=Wait(APPROVER, Days("approval-days"), exit="drop_policy", need=1),
    )
    def propose_policy(
        self, call: Call[Policy], rules: Rules, endorsers: Endorsers, text: TextDigest = None
    ) -> Changes:
        """Propose a version of a policy.

        提出访问策略的新版本。
        """
        readers = tuple(sorted({call.caller, *call.appointed("approver")}))
        return call.arguments | {"proposer": call.caller, "readers": readers}

    @step(
        Policy,
        "draft",
        "in_force",
        by=APPROVER,
        guards=(as_it_was_read, apart_if_high, not_overtaken),
        moves=(Move(Policy, ("in_force",), "superseded"),),
    )
    def approve_policy(self, call: Call[Policy], digest: ReadDigest) -> Changes:
        """Put a version in force, as another person than proposed it; it supersedes the one that was.

        批准生效，同时替代原现行版本；审批人不得为提出人。
        """
        if (before := policy_in_force(call, call.record.name)) is not None:
            call.move(Policy, before.id, "superseded")
        return None

    @step(Policy, "draft", "refused", by=APPROVER, reason=True)
    def refuse_policy(self, call: Call[Policy]) -> Changes:
        """Refuse a version.

        不予批准。
        """

    @step(Policy, "draft", "dropped", by=ANYBODY, when_due=True)
    def drop_policy(self, call: Call[Policy]) -> Changes:
        """End a proposal on which nobody has decided in time.

        逾期未审批，提议终止。
        """
