"""Steps of DIDs: registered for a person or an organisation, activated by the holder, rotated, recovered, deactivated."""

from typing import Annotated, Any, Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.private import OWN, Blinded, Sealed
from pyfabric_municipal.common.records import NEW, WRITTEN
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY, On
from pyfabric_municipal.common.steps import Changes, Mode, Move, Wait, guard, step
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import Count, MspId, Text, Uscc, require_resident_id
from pyfabric_municipal.common.values.timestamps import beijing_day
from pyfabric_municipal.common.waiting import Days
from pyfabric_municipal.identity.identifiers import did_of
from pyfabric_municipal.identity.records import HELD, Did, Keys, Person, Services, Version
from pyfabric_municipal.identity.roles import (
    ASKING_GUARDIAN,
    GUARDIAN,
    HOLDER,
    NEW_HOLDER,
    ORGANISATION_REGISTRAR,
    PERSON_REGISTRAR,
    REGISTRAR,
)

ACTIVATION: Final = Wait(None, Days("activation-days"), exit="lapse_did")
RECOVERY: Final = Wait(None, Days("recovery-days"), exit="drop_recovery")
CONSENT: Final = Wait(GUARDIAN, Days("recovery-days"), exit="drop_recovery", need=On("quorum"))
VERSION: Final = (Move(Version, (NEW,), WRITTEN),)
RECOVERING: Final = ("recovering", "recoverable")


@guard(
    "did-of-another-key",
    "标识 {did} 不是由第一把密钥得出的：应为 {wanted}",
    "{did} is not the DID of its first key, which is {wanted}",
    example=Example(id="did:city:00000000000000000000000000000000"),
)
def named_by_key(call: Call[Did]) -> Verdict:
    """Hold if the DID follows from its first key."""
    wanted = did_of(call.after.keys[0].multikey)
    return call.id == wanted or {"did": call.id, "wanted": wanted}


@guard(
    "present-key",
    "新密钥不得是现用密钥",
    "the key that is proposed is the one that the DID has",
    example=Example(),
)
def another_key(call: Call[Did]) -> Verdict:
    """Hold if a recovery leads to another key."""
    return call.after.proposed[0].multikey != call.record.keys[0].multikey


class Dids:
    """What is done with DIDs."""

    @step(Did, NEW, "registered", by=PERSON_REGISTRAR, guards=(named_by_key,), waits=ACTIVATION)
    def register_person(
        self,
        call: Call[Did],
        person: Annotated[
            Blinded,
            about("The person, by a key that the registrar keeps.", "以登记机关密钥盲化的个人标识"),
        ],
        keys: Keys,
        guardians: tuple[MspId, ...],
        quorum: Count,
        link: Annotated[Sealed[Person], OWN, about("Who that is.", "对应的自然人")],
    ) -> Changes:
        """Register a pairwise DID for a person, of whom nobody but the registrar learns.

        为自然人登记成对标识；其身份只有登记机关知悉。
        """
        require_resident_id(link.value.resident_id, beijing_day(call.now))
        return _registered(call, keys, guardians, quorum) | {
            "person": person,
            "link": link.commitment(),
        }

    @step(
        Did, NEW, "registered", by=ORGANISATION_REGISTRAR, guards=(named_by_key,), waits=ACTIVATION
    )
    def register_organisation(
        self,
        call: Call[Did],
        organisation: Uscc,
        keys: Keys,
        guardians: tuple[MspId, ...],
        quorum: Count,
    ) -> Changes:
        """Register a DID for an organisation or a department.

        为法人、其他组织或部门登记标识。
        """
        return _registered(call, keys, guardians, quorum) | {"organisation": organisation}

    @step(Did, "registered", "active", by=HOLDER, moves=VERSION)
    def activate(self, call: Call[Did]) -> Changes:
        """Show that the holder has the key: the first version of the document counts from now on.

        持有人以签名证明持有密钥，标识生效。
        """
        return _document(call, call.record.keys, call.record.services)

    @step(Did, "registered", "lapsed", by=ANYBODY, when_due=True)
    def lapse_did(self, call: Call[Did]) -> Changes:
        """End a registration that its holder has not activated.

        持有人逾期未激活，登记失效。
        """

    @step(Did, "active", "active", by=HOLDER, moves=VERSION)
    def update(self, call: Call[Did], keys: Keys, services: Services = ()) -> Changes:
        """Write a new version of the document, signed by the present key: so keys are rotated.

        由现用密钥签名更新文档（轮换密钥、服务）。
        """
        return _document(call, keys, services)

    @step(
        Did,
        "active",
        "recovering",
        by=ASKING_GUARDIAN,
        guards=(another_key,),
        reason=True,
        waits=CONSENT,
    )
    def ask_recovery(self, call: Call[Did], keys: Keys) -> Changes:
        """Ask the guardians for other keys, since the holder has lost its own.

        持有人丢失密钥，由见证部门提请以新密钥恢复。
        """
        return {"proposed": keys}

    @step(Did, "recovering", "recoverable", by=GUARDIAN, joins=True, waits=RECOVERY)
    def agree_recovery(self, call: Call[Did]) -> Changes:
        """Agree to a recovery; as many guardians as the document names must.

        见证部门同意恢复；达到规定数量后可恢复。
        """

    @step(Did, "recoverable", "active", by=NEW_HOLDER, moves=VERSION)
    def recover(self, call: Call[Did]) -> Changes:
        """Take the DID over with the new key, which signs.

        由新密钥签名完成恢复。
        """
        return {"proposed": ()} | _document(call, call.record.proposed, call.record.services)

    @step(Did, RECOVERING, "active", by=HOLDER)
    def stop_recovery(self, call: Call[Did]) -> Changes:
        """Stop a recovery with the present key, which is not lost.

        现用密钥未丢失，由持有人终止恢复。
        """
        return {"proposed": ()}

    @step(Did, RECOVERING, "active", by=ANYBODY, when_due=True)
    def drop_recovery(self, call: Call[Did]) -> Changes:
        """Drop a recovery to which too few guardians agreed, or that nobody completed.

        逾期未达规定数量或未完成的，恢复终止。
        """
        return {"proposed": ()}

    @step(Did, HELD, "deactivated", by=HOLDER, moves=VERSION)
    def give_up(self, call: Call[Did]) -> Changes:
        """Deactivate one's own DID, for good.

        持有人注销自己的标识，不可恢复。
        """
        return _end(call)

    @step(Did, HELD, "deactivated", by=REGISTRAR, reason=True, mode=Mode.BATCH, moves=VERSION)
    def deactivate(
        self,
        call: Call[Did],
        notice: Annotated[
            Text, about("The notice of death or deregistration.", "死亡或注销通知的文号")
        ],
    ) -> Changes:
        """Deactivate the DIDs of those who have died, or of organisations that have ended.

        按死亡或注销通知批量注销标识。
        """
        return {"notice": notice} | _end(call)


def _registered(
    call: Call[Did], keys: Keys, guardians: tuple[str, ...], quorum: int
) -> dict[str, Any]:
    own = {"department": call.caller, "keys": keys}
    return own | {"guardians": guardians, "quorum": quorum}


def _document(call: Call[Did], keys: Keys, services: Services) -> dict[str, Any]:
    """Write the next version of the document as a fact, and return it for the record."""
    number = call.record.version + 1
    document = {"keys": keys, "services": services}
    call.create(
        Version,
        f"{call.id}@{number:06}",
        WRITTEN,
        did=call.id,
        number=number,
        since=max(call.now, call.record.updated),
        **document,
    )
    return document | {"version": number}


def _end(call: Call[Did]) -> dict[str, Any]:
    return {"proposed": (), "version": _document(call, (), ())["version"]}
