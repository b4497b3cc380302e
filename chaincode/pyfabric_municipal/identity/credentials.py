"""Steps of status lists and credentials: issued with a proof, suspended and reinstated, revoked for good, expired."""

from typing import Annotated, Any, Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.private import OWN, Sealed
from pyfabric_municipal.common.records import NEW
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Move, Wait, guard, step
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import with_status
from pyfabric_municipal.common.waiting import Until
from pyfabric_municipal.identity.accreditations import TIMELY, accredited, own_did
from pyfabric_municipal.identity.identifiers import DidId
from pyfabric_municipal.identity.integrity import is_proven
from pyfabric_municipal.identity.records import (
    CHUNK,
    EMPTY,
    Credential,
    Did,
    Licence,
    Purpose,
    Size,
    Status,
    StatusChunk,
    StatusList,
    StatusPurpose,
)
from pyfabric_municipal.identity.roles import ISSUER
from pyfabric_municipal.identity.verifiable import VerifiableCredential, read_credential

UNTIL_IT_EXPIRES: Final = Wait(None, Until("valid_until"), exit="expire")
BITS: Final = (Move(StatusChunk, (NEW, "kept"), "kept"),)


@guard(
    "other-commitment",
    "编号应为凭证的承诺值 {wanted}",
    "the credential's id is its commitment, {wanted}",
    example=Example(id="0" * 64),
)
def named_by_commitment(call: Call[Credential]) -> Verdict:
    """Hold if the record is named by the commitment to the document."""
    wanted = call.private["document"].commitment()
    return call.id == wanted or {"wanted": wanted}


@guard(
    "wrong-proof",
    "凭证未由 {signer} 当前用于 {purpose} 的密钥签名",
    "the document is not proven by a present key of {signer} for {purpose}",
    example=Example(private={"document": {"proof": {"created": "2026-03-11T01:00:01Z"}}}),
)
def proven(call: Call[Credential]) -> Verdict:
    """Hold if the credential has its issuer's proof."""
    return is_proven_by(call, call.private["document"].value, call.after.issuer, "assertionMethod")


def is_proven_by(
    call: Call[Any], document: dict[str, Any], signer: str, purpose: Purpose
) -> Verdict:
    """Return whether a key that an active DID has today for a purpose has made a document's proof, for that purpose."""
    did, proof = call.need(Did, signer), document["proof"]
    method, asked = proof["verificationMethod"], proof["proofPurpose"]
    keys = [one for one in did.keys if method == f"{signer}#{one.id}" and purpose in one.purposes]
    if (
        did.state == "active"
        and asked == purpose
        and keys
        and is_proven(document, keys[0].multikey)
    ):
        return True
    return {"signer": signer, "purpose": purpose}


@guard(
    "no-status",
    "状态列表 {list} 没有颁发者 {issuer} 的 {purpose} 索引 {index}",
    "the list {list} has no index {index} for {purpose} by {issuer}",
    example=Example(),
)
def has_statuses(call: Call[Credential]) -> Verdict:
    """Hold if each status is in a list of the issuer for that purpose, at an index that the list has (RANGE_ERROR)."""
    one = call.after
    for purpose, status in (("revocation", one.revocation), ("suspension", one.suspension)):
        if status is None:
            continue
        found = call.get(StatusList, status.list)
        place = (found.issuer, found.purpose) if found else ()
        if found is None or place != (one.issuer, purpose) or status.index >= found.size:
            return status.model_dump() | {"issuer": one.issuer, "purpose": purpose}
    return True


@guard(
    "subject-inactive",
    "持有人标识 {subject} 的状态是 {state}",
    "the subject {subject} is {state}",
    example=Example(first=("give_up",)),
)
def active_subject(call: Call[Credential]) -> Verdict:
    """Hold if the subject's DID is active."""
    did = call.need(Did, call.after.subject)
    return did.state == "active" or {"subject": did.id, "state": did.state}


@guard(
    "licence-unfit",
    "证照 {licence} 无效，或不是 {department} 颁发",
    "the e-licence {licence} is not valid, or not of {department}",
    example=Example(first=("suspend_licence",)),
)
def valid_licence(call: Call[Credential]) -> Verdict:
    """Hold if the e-licence that the credential shows is valid, and of the same issuer."""
    one = call.after
    found = None if one.licence is None else call.get(Licence, one.licence)
    is_own = found is not None and (found.state, found.issuer) == ("valid", one.issuer)
    return one.licence is None or is_own or {"licence": one.licence, "department": one.department}


@guard(
    "never-suspended",
    "凭证没有暂停状态的索引",
    "the credential has no status for suspension",
    example=Example(first=("issue#plain",), id="@issue#plain"),
)
def can_be_suspended(call: Call[Credential]) -> Verdict:
    """Hold if the credential has a status for suspension."""
    return call.record.suspension is not None


class Credentials:
    """What is done with status lists and credentials."""

    @step(StatusList, NEW, "open", by=ISSUER, guards=(own_did,))
    def open_list(
        self, call: Call[StatusList], issuer: DidId, purpose: StatusPurpose, size: Size
    ) -> Changes:
        """Open a status list; none of its bits is set.

        建立状态列表，各状态位均为零。
        """
        return {"issuer": issuer, "department": call.caller, "purpose": purpose, "size": size}

    @step(
        Credential,
        NEW,
        "active",
        by=ISSUER,
        guards=(
            proven,
            accredited,
            TIMELY,
            has_statuses,
            active_subject,
            valid_licence,
            named_by_commitment,
        ),
        waits=UNTIL_IT_EXPIRES,
        event=("issuer", "type"),
    )
    def issue(
        self,
        call: Call[Credential],
        document: Annotated[
            Sealed[dict[str, Any]], OWN, about("The credential with its proof.", "带签名的凭证")
        ],
    ) -> Changes:
        """Anchor a credential by its commitment; the issuer's department alone keeps the document.

        以承诺值登记凭证；凭证全文只由颁发部门保存。
        """
        found = read_credential(document.value)
        return {
            "issuer": found.issued_by,
            "department": call.caller,
            "type": found.named_type,
            "subject": found.credential_subject.id,
            "valid_from": found.valid_from,
            "valid_until": found.valid_until or None,
            "revocation": _status(found, "revocation"),
            "suspension": _status(found, "suspension"),
            "licence": found.credential_subject.licence or None,
        }

    @step(
        Credential,
        "active",
        "suspended",
        by=ISSUER,
        guards=(can_be_suspended,),
        reason=True,
        waits=UNTIL_IT_EXPIRES,
        moves=BITS,
    )
    def suspend(self, call: Call[Credential]) -> Changes:
        """Suspend a credential: its bit is set.

        暂停凭证，状态位置一。
        """
        _set(call, call.record.suspension, is_set=True)
        return None

    @step(
        Credential,
        "suspended",
        "active",
        by=ISSUER,
        reason=True,
        waits=UNTIL_IT_EXPIRES,
        moves=BITS,
    )
    def reinstate(self, call: Call[Credential]) -> Changes:
        """Reinstate a suspended credential: its bit is cleared. A revoked one stays so.

        恢复已暂停的凭证，状态位清零；已撤销的不能恢复。
        """
        _set(call, call.record.suspension, is_set=False)
        return None

    @step(Credential, ("active", "suspended"), "revoked", by=ISSUER, reason=True, moves=BITS)
    def revoke(self, call: Call[Credential]) -> Changes:
        """Revoke a credential, for good.

        撤销凭证，不可恢复。
        """
        _set(call, call.record.revocation, is_set=True)
        return None

    @step(Credential, ("active", "suspended"), "expired", by=ANYBODY, when_due=True)
    def expire(self, call: Call[Credential]) -> Changes:
        """End a credential whose time is over.

        凭证到期。
        """


def _status(found: VerifiableCredential, purpose: StatusPurpose) -> Status | None:
    """Return where a credential's status for a purpose is, None if it has none."""
    entry = found.entry(purpose)
    if entry is None:
        return None
    return Status(list=entry.status_list_credential, index=int(entry.status_list_index))


def _set(call: Call[Credential], status: Status | None, *, is_set: bool) -> None:
    """Set or clear a status in its chunk of the list; two credentials of one chunk are changed one after the other."""
    if status is None:
        return
    number, index = divmod(status.index, CHUNK)
    key = f"{status.list}#{number:05}"
    found = call.get(StatusChunk, key)
    held = EMPTY if found is None else found.bits
    bits = with_status(bytes.fromhex(held), index, is_set=is_set).hex()
    if found is None:
        call.create(StatusChunk, key, "kept", list=status.list, number=number, bits=bits)
    else:
        call.move(StatusChunk, key, "kept", bits=bits)
