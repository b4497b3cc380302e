"""Keys and certificates of the departments: from their registration to the day when they are compromised or retired."""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.claimed_times import not_before, not_in_the_future, not_late
from pyfabric_municipal.common.indexes import Index, Parts
from pyfabric_municipal.common.invariants import Invariant
from pyfabric_municipal.common.records import NEW, WRITTEN, Fact, Tracked
from pyfabric_municipal.common.refusals import NOTHING_LEFT, Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Move, Wait, guard, step
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import Digest, MspId, Positive, Timestamp
from pyfabric_municipal.common.waiting import Seconds, Until
from pyfabric_municipal.security.roles import OFFICER, OWNER, POLICE, SECOND

Purpose = Literal["signing", "tls", "encryption"]
Algorithm = Literal["ECDSA-SHA256", "Ed25519", "RSA-SHA256", "SM2-SM3"]

_UNTIL_ITS_END: Final = Wait(None, Until("valid_until"), exit="expire_key")
_ROTATION: Final = Wait(None, Seconds("rotation-seconds"), exit="end_rotation")
_SOUND: Final = ("pending", "active", "rotating", "retired")
_SINCE: Final = "compromised_since"
Since = Annotated[Timestamp, about("Since when others may have had it.", "失密起始时间")]
Replaced = Annotated[Digest | None, about("The key whose place it takes.", "被替换的密钥")]
Most = Annotated[Positive, Field(le=50), about("How many at most.", "本次最多标记多少步")]


class Key(Tracked):
    """A key of a department; its id is the SHA-256 of the public key, as histories have it.

    部门密钥，编号为公钥的 SHA-256，与办理记录中的密钥标识一致。
    """

    KIND: ClassVar[str] = "key"
    ID_TYPE: ClassVar[Any] = Digest
    HELD_BY: ClassVar[str] = "owner"
    STATES: ClassVar = {
        "pending": "待启用",
        "active": "在用",
        "rotating": "轮换中",
        "retired": "已停用",
        "compromised": "已失密",
    }
    INDEXES: ClassVar = (
        Index("owner", ("owner",)),
        Index("active", ("owner",), ("active",)),
        Index("expiring", ("valid_until",), ("active", "rotating")),
    )
    INVARIANTS: ClassVar = (
        Invariant(
            "key-ends-early",
            "有效期止 {until} 须晚于起 {since}",
            "the key would end at {until}, not after it begins at {since}",
            lambda one: (
                one.valid_from < one.valid_until
                or {"since": one.valid_from, "until": one.valid_until}
            ),
            Example(step="register_key", arguments={"valid_until": "2026-03-10T00:00:00Z"}),
        ),
    )

    owner: MspId
    purpose: Purpose
    algorithm: Algorithm
    valid_from: Timestamp
    valid_until: Timestamp
    replaces: Replaced = None
    compromised_since: Timestamp | None = None
    marked: Parts = ()


class Mark(Fact):
    """A step that was signed with a key after others may have had it: the signature does not count.

    失密后以该密钥办理的步骤，其签名无效。
    """

    KIND: ClassVar[str] = "mark"
    EDGES: ClassVar = {"key": "key"}

    key: Digest
    signed: Timestamp
    of: str
    record: str
    number: Positive

    def edges(self) -> set[Parts]:
        """Return the key, and the record whose step is marked: `related` of the record finds it."""
        return super().edges() | {(self.of, self.record, "record")}


@guard("other-owner", "被替换的密钥属于 {owner}", "the key that is to be replaced is of {owner}")
def replaces_its_own(call: Call[Key]) -> Verdict:
    """Hold if the key that is replaced, if one is, is of the same department."""
    if call.after.replaces is None:
        return True
    owner = call.need(Key, call.after.replaces).owner
    return owner == call.after.owner or {"owner": owner}


@guard(
    "key-not-yet-valid",
    "密钥自 {since} 起有效",
    "the key is valid from {since} on",
    example=Example(later=-7200),
    timed=True,
)
def has_begun(call: Call[Key]) -> Verdict:
    """Hold once the key is valid."""
    return call.is_due(call.record.valid_from) or {"since": call.record.valid_from}


@guard(
    "last-active-key",
    "{owner} 没有其他在用密钥",
    "{owner} has no other active key: activate one first",
)
def leaves_an_active_one(call: Call[Key]) -> Verdict:
    """Hold if the key is not in use, or its owner has another one that is."""
    active = call.find(Key, "active", call.record.owner)
    others = any(one.id != call.id and one.state == "active" for one in active)
    return call.record.state == "pending" or others or {"owner": call.record.owner}


@guard(
    "later-compromise",
    "已认定自 {since} 起失密，只能提前",
    "it is compromised since {since} already: the time can only become earlier",
    example=Example(first=("report_compromise",)),
)
def not_later(call: Call[Key]) -> Verdict:
    """Hold if a time that was reported already becomes earlier."""
    since, given = call.record.compromised_since, call.after.compromised_since
    return since is None or (given is not None and given < since) or {"since": since}


@guard(
    "key-compromised",
    "证书密钥 {key} 自 {since} 起失密",
    "the key of the certificate, {key}, is compromised since {since}",
)
def sound_key(call: Call[Any]) -> Verdict:
    """Hold if the caller's key is not known to be compromised."""
    found = call.get(Key, call.actor.key)
    if found is None or found.compromised_since is None:
        return True
    return {"key": found.id, "since": found.compromised_since}


_FUTURE: Final = not_in_the_future(_SINCE, Example(arguments={"since": "2027-01-01T00:00:00Z"}))
_EARLY: Final = not_before(
    _SINCE, "valid_from", Example(arguments={"since": "2026-03-10T00:00:00Z"})
)


class Keys:
    """The steps of a key."""

    @step(Key, NEW, "pending", by=OFFICER, guards=(replaces_its_own,), waits=_UNTIL_ITS_END)
    def register_key(
        self,
        call: Call[Key],
        purpose: Purpose,
        algorithm: Algorithm,
        valid_from: Timestamp,
        valid_until: Timestamp,
        replaces: Replaced = None,
    ) -> Changes:
        """Register a key of the department.

        登记本部门密钥。
        """
        return call.arguments | {"owner": call.caller}

    @step(
        Key,
        "pending",
        "active",
        by=SECOND,
        guards=(has_begun,),
        waits=_UNTIL_ITS_END,
        moves=(Move(Key, ("active",), "rotating", (_ROTATION,)),),
    )
    def activate_key(self, call: Call[Key]) -> Changes:
        """Put a key to use, as another officer; the one that it replaces is used for a while beside it.

        由另一名安全员启用；被替换的密钥进入轮换期。
        """
        if call.record.replaces is not None:
            call.move(Key, call.record.replaces, "rotating")
        return None

    @step(Key, "rotating", "retired", by=ANYBODY, when_due=True)
    def end_rotation(self, call: Call[Key]) -> Changes:
        """Retire a key that was replaced.

        轮换期满，停用旧密钥。
        """

    @step(
        Key, ("pending", "active"), "retired", by=OWNER, guards=(leaves_an_active_one,), reason=True
    )
    def retire_key(self, call: Call[Key]) -> Changes:
        """Retire a key.

        停用密钥。
        """

    @step(Key, ("pending", "active"), "retired", by=ANYBODY, when_due=True)
    def expire_key(self, call: Call[Key]) -> Changes:
        """Retire a key whose time is over.

        有效期届满，停用密钥。
        """

    @step(
        Key,
        _SOUND,
        "compromised",
        by=OWNER,
        guards=(_FUTURE, _EARLY, not_late(_SINCE, "backdating-seconds", Example(later=3 * 86_400))),
        reason=True,
        event=("owner", _SINCE),
    )
    def report_compromise(self, call: Call[Key], since: Since) -> Changes:
        """Report that others may have had a key since a time, within the time for which the owner's word counts.

        报告密钥失密；超过规定时限的追溯须由网安部门认定。
        """
        return {"compromised_since": since}

    @step(
        Key,
        (*_SOUND, "compromised"),
        "compromised",
        by=POLICE,
        guards=(_FUTURE, _EARLY, not_later),
        reason=True,
        event=("owner", _SINCE),
    )
    def find_compromise(self, call: Call[Key], since: Since) -> Changes:
        """Find, as the cyber police, since when others may have had a key, however long ago.

        由网安部门认定密钥失密的起始时间，不受追溯时限限制。
        """
        return {"compromised_since": since, "marked": ()}

    @step(Key, "compromised", "compromised", by=ANYBODY, moves=(Move(Mark, (NEW,), WRITTEN),))
    def mark_steps(self, call: Call[Key], most: Most) -> Changes:
        """Mark the next steps that the key has signed since it was compromised, in any contract of the chaincode.

        标记该密钥失密后在本链码各合约中签署的后续步骤。
        """
        key, since = call.record, call.record.compromised_since or ""
        found = call.session.next_signed(key.id, since, key.marked, most)
        if not found:
            raise NOTHING_LEFT.refusal({"step": call.step.name, "value": key.id})
        for _, signed, of, record, number in found:
            mark = f"{of}/{record}/{number}"
            if call.get(Mark, mark) is None:
                fields = {"key": key.id, "signed": signed, "of": of, "record": record}
                call.create(Mark, mark, WRITTEN, number=int(number), **fields)
        return {"marked": found[-1][1:]}
