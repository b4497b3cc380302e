"""Records of digital identity: public ones say nothing of a person but pairwise DIDs and blinded keys."""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from pyfabric_municipal.common.indexes import Claim, Index
from pyfabric_municipal.common.invariants import Invariant
from pyfabric_municipal.common.private import Blinded
from pyfabric_municipal.common.records import Fact, Record, Tracked
from pyfabric_municipal.common.refusals import Example, Rule
from pyfabric_municipal.common.values import (
    Count,
    Digest,
    Model,
    MspId,
    Positive,
    ResidentId,
    Text,
    Timestamp,
    Uscc,
)
from pyfabric_municipal.common.values.licences import ELicence
from pyfabric_municipal.common.values.status_lists import MAX_STATUSES, MIN_STATUSES
from pyfabric_municipal.identity.identifiers import Challenge, CredentialType, DidId, ListUrl, Url
from pyfabric_municipal.identity.multikeys import Multikey, can_sign, der_hex

CONTROL: Final = "capabilityInvocation"
AGREEMENT: Final = "keyAgreement"
HELD: Final = ("registered", "active", "recovering", "recoverable")
"""The states in which a person's DID is the only one of its realm."""

CHUNK: Final = 1024
"""How many statuses a chunk of a list has."""

EMPTY: Final = "0" * (CHUNK // 4)
"""The bits of a chunk of which none is set, in hexadecimal."""

Purpose = Literal[
    "authentication",
    "assertionMethod",
    "keyAgreement",
    "capabilityInvocation",
    "capabilityDelegation",
]
StatusPurpose = Literal["revocation", "suspension"]
Size = Annotated[int, Field(ge=MIN_STATUSES, le=MAX_STATUSES, multiple_of=CHUNK)]
Bits = Annotated[str, Field(pattern=rf"^[0-9a-f]{{{CHUNK // 4}}}$")]


SECOND_DID: Final = Rule(
    "second-did",
    "该人已有标识 {holder}",
    "the person has {holder} in this realm already",
)
INDEX_USED: Final = Rule(
    "index-used",
    "状态索引 {value} 已用于 {holder}，不得再用",
    "the status index {value} was used for {holder}: none is used twice",
)


class Key(Model):
    """A key of a DID document: its fragment, the key, and what it is for (verification relationships)."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")
    multikey: Multikey
    purposes: tuple[Purpose, ...] = Field(min_length=1)


class Service(Model):
    """A service of a DID document."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")
    type: Text
    endpoint: Url


def _keys(keys: tuple[Key, ...]) -> tuple[Key, ...]:
    if CONTROL not in keys[0].purposes:
        raise ValueError(f"the first key controls the DID: it is for {CONTROL}")
    if len({key.id for key in keys}) < len(keys):
        raise ValueError("two keys have one id")
    if any((AGREEMENT in key.purposes) == can_sign(key.multikey) for key in keys):
        raise ValueError(f"X25519 keys, and no others, are for {AGREEMENT}")
    return keys


Keys = Annotated[tuple[Key, ...], Field(min_length=1, max_length=10), AfterValidator(_keys)]
"""The keys of a DID document; the first one controls the DID."""

Services = Annotated[tuple[Service, ...], Field(max_length=10)]


class Person(Model):
    """Who a natural person is: private to the department that registers it."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    resident_id: ResidentId


class Content(Model):
    """What an e-licence says of its holder, and the SHA-256 of its file: private to the issuer (GB/T 36903)."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    file: Digest


class Holder(Model):
    """Whose an e-licence is: an organisation's, by its code, or a person's, by a blinded key."""

    organisation: Uscc | None = None
    person: Blinded | None = None

    @model_validator(mode="after")
    def _one(self) -> "Holder":
        if (self.organisation is None) == (self.person is None):
            raise ValueError("an e-licence is an organisation's or a person's")
        return self


class Did(Tracked):
    """A DID with the newest version of its document.

    去中心化标识及其当前文档。
    """

    KIND: ClassVar[str] = "did"
    ID_TYPE: ClassVar = DidId
    STATES: ClassVar = {
        "registered": "已登记",
        "active": "有效",
        "recovering": "恢复中",
        "recoverable": "可恢复",
        "lapsed": "逾期未激活",
        "deactivated": "已注销",
    }
    INDEXES: ClassVar = (
        Index("organisation", ("organisation",)),
        Index("notice", ("notice",)),
    )
    CLAIMS: ClassVar = (
        Claim("person", lambda did: [(did.person,)] if did.person else [], HELD, rule=SECOND_DID),
    )
    INVARIANTS: ClassVar = (
        Invariant(
            "quorum",
            "恢复须由 {guardians} 个见证部门中的 {quorum} 个同意：应为2个以上且不超过总数",
            "a recovery needs two guardians or more, and no more than there are: {quorum} of {guardians}",
            lambda did: (
                not did.guardians
                or 2 <= did.quorum <= len(set(did.guardians))
                or {"quorum": did.quorum, "guardians": len(set(did.guardians))}
            ),
            Example(step="register_person", arguments={"quorum": 4}),
        ),
    )

    department: MspId
    person: Blinded | None = None
    organisation: Uscc | None = None
    link: Digest | None = None
    keys: Keys
    services: Services = ()
    guardians: tuple[MspId, ...] = ()
    quorum: Count = 0
    version: Count = 0
    proposed: tuple[Key, ...] = ()
    notice: Text | None = None

    @property
    def public_key(self) -> str:
        """The key that controls the DID."""
        return der_hex(self.keys[0].multikey)

    @property
    def proposed_key(self) -> str:
        """The key that will control the DID when its recovery is over."""
        return der_hex(self.proposed[0].multikey)


class Version(Fact):
    """A version of a DID's document, from `since` on; without keys the DID is deactivated.

    去中心化标识文档的一个版本。
    """

    KIND: ClassVar[str] = "version"
    EDGES: ClassVar = {"did": "did"}
    INDEXES: ClassVar = (Index("did", ("did",)),)

    did: DidId
    number: Positive
    since: Timestamp
    keys: tuple[Key, ...]
    services: Services


class Accreditation(Tracked):
    """The right of an issuer to issue credentials, or e-licences, of a type that are valid from a time in a period.

    颁发者就某类凭证或证照取得的资格及其期间。
    """

    KIND: ClassVar[str] = "accreditation"
    ID: ClassVar = "transaction"
    STATES: ClassVar = {"active": "有效", "ended": "已终止"}
    INDEXES: ClassVar = (Index("issuer", ("issuer", "type")), Index("type", ("type",)))
    INVARIANTS: ClassVar = (
        Invariant(
            "period",
            "资格止于 {until}，不得早于起始时间 {since}",
            "the accreditation ends ({until}) before it begins ({since})",
            lambda one: (
                one.valid_until is None
                or one.valid_from <= one.valid_until
                or {"since": one.valid_from, "until": one.valid_until}
            ),
            Example(step="accredit", arguments={"valid_until": "2020-01-01T00:00:00Z"}),
        ),
    )

    issuer: DidId
    department: MspId
    type: CredentialType
    valid_from: Timestamp
    valid_until: Timestamp | None = None

    def covers(self, moment: str) -> bool:
        """Return whether the issuer has the right at a time."""
        return self.valid_from <= moment and (self.valid_until is None or moment < self.valid_until)


class StatusList(Tracked):
    """A status list of an issuer, by the URL at which its credential is published; its bits are in chunks.

    颁发者的状态列表。
    """

    KIND: ClassVar[str] = "status_list"
    ID_TYPE: ClassVar = ListUrl
    STATES: ClassVar = {"open": "使用中"}
    INDEXES: ClassVar = (Index("issuer", ("issuer",)),)

    issuer: DidId
    department: MspId
    purpose: StatusPurpose
    size: Size


class StatusChunk(Record):
    """1,024 bits of a status list, in hexadecimal and never compressed: what a compressor writes is no fact."""

    KIND: ClassVar[str] = "chunk"
    INDEXES: ClassVar = (Index("list", ("list",)),)

    list: ListUrl
    number: Count
    bits: Bits


class Status(Model):
    """A bit of a status list."""

    list: ListUrl
    index: Count


class Credential(Tracked):
    """A credential, by the salted commitment to its document: nothing of its claims.

    凭证；公开的只有承诺值，不含任何声明内容。
    """

    KIND: ClassVar[str] = "credential"
    ID_TYPE: ClassVar = Digest
    HELD_BY: ClassVar[str] = "issuer"
    STATES: ClassVar = {
        "active": "有效",
        "suspended": "暂停",
        "revoked": "撤销",
        "expired": "过期",
    }
    INDEXES: ClassVar = (
        Index("type", ("type", "valid_until"), ("active", "suspended")),
        Index("subject", ("subject",)),
        Index("licence", ("licence",)),
    )
    CLAIMS: ClassVar = (
        Claim(
            "status-index",
            lambda one: [
                (each.list, each.index) for each in (one.revocation, one.suspension) if each
            ],
            rule=INDEX_USED,
        ),
    )

    issuer: DidId
    department: MspId
    type: CredentialType
    subject: DidId
    valid_from: Timestamp
    valid_until: Timestamp | None
    revocation: Status
    suspension: Status | None
    licence: ELicence | None


class Licence(Tracked):
    """An e-licence (GB/T 36903), by its identifier (GB/T 36904), which has its type, issuer and serial.

    电子证照。
    """

    KIND: ClassVar[str] = "licence"
    ID_TYPE: ClassVar = ELicence
    STATES: ClassVar = {
        "valid": "有效",
        "suspended": "暂停",
        "revoked": "撤销",
        "cancelled": "注销",
        "lapsed": "失效",
        "moved": "迁出",
        "withdrawn": "吊销",
    }
    CODES: ClassVar = {
        "valid": "01",
        "revoked": "03",
        "cancelled": "04",
        "lapsed": "05",
        "moved": "06",
        "withdrawn": "07",
        "suspended": "99",
    }
    INDEXES: ClassVar = (
        Index("holder", ("holder.organisation",), ("valid",)),
        Index("type", ("type", "valid_until"), ("valid", "suspended")),
    )
    VIEWS: ClassVar = {"status": ("type", "valid_from", "valid_until")}

    issuer: DidId
    department: MspId
    type: CredentialType
    holder: Holder
    content: Digest
    valid_from: Timestamp
    valid_until: Timestamp | None


class Delegation(Tracked):
    """A holder's leave for somebody else to present its credentials of some types, until a time.

    `parent` is the delegation by which the delegator has it itself, and `root` whose credentials they are.

    持有人委托他人出示凭证。
    """

    KIND: ClassVar[str] = "delegation"
    ID: ClassVar = "transaction"
    STATES: ClassVar = {"granted": "有效", "revoked": "已撤回", "expired": "过期"}
    INDEXES: ClassVar = (Index("delegate", ("delegate",), ("granted",)),)

    delegator: DidId
    delegate: DidId
    root: DidId
    types: tuple[CredentialType, ...] = Field(min_length=1, max_length=20)
    until: Timestamp
    parent: str | None
    depth: Positive


class Presentation(Tracked):
    """What a verifier asks to be shown, by its challenge, which counts once; and who has shown which credential.

    核验请求及其结果；挑战值只用一次。
    """

    KIND: ClassVar[str] = "presentation"
    ID_TYPE: ClassVar = Challenge
    HELD_BY: ClassVar[str] = "verifier"
    STATES: ClassVar = {"asked": "待出示", "shown": "已出示", "expired": "过期"}
    INDEXES: ClassVar = (Index("credential", ("credential",)), Index("verifier", ("verifier",)))

    verifier: MspId
    domain: Text
    type: CredentialType
    purpose: Text
    holder: DidId | None = None
    credential: Digest | None = None
    delegation: str | None = None
    shown: Digest | None = None


class Shown(Model):
    """A presentation as the holder gives it to a desk, with the salt of the credential's commitment."""

    presentation: dict[str, Any]
    salt: str
