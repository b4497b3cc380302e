"""Records of funding: keys of enterprises, delegations, and applications with the grade that they cite."""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from pyfabric_municipal.common import (
    Blinded,
    Claim,
    Example,
    Index,
    Invariant,
    Rule,
    Tracked,
    about,
)
from pyfabric_municipal.common.values import (
    Day,
    Digest,
    DocumentNumber,
    MspId,
    PositiveFen,
    Text,
    Timestamp,
    UsccShape,
)

FUNDED: Final = ("applied", "granted", "paid")

PublicKey = Annotated[
    str,
    Field(pattern=r"^([0-9a-f]{2}){44,100}$"),
    about(
        "A public key (P-256 or Ed25519), DER in hexadecimal.",
        "公钥（P-256 或 Ed25519），DER 十六进制",
    ),
]


class CompanyKey(Tracked):
    """The key with which an enterprise signs, by its social credit code: its legal representative keeps it.

    企业的签名公钥，由法定代表人持有对应私钥。
    """

    KIND: ClassVar[str] = "company_key"
    ID_TYPE: ClassVar = UsccShape
    STATES: ClassVar = {"registered": "有效"}

    public_key: PublicKey


class Delegation(Tracked):
    """What lets the holder of a key apply for an enterprise, until a time.

    企业对受托人申请资助的授权，至期满为止。
    """

    KIND: ClassVar[str] = "delegation"
    ID: ClassVar = "transaction"
    STATES: ClassVar = {"active": "有效", "ended": "已撤销", "lapsed": "已期满"}
    INDEXES: ClassVar = (Index("subject", ("subject",)),)

    subject: UsccShape
    public_key: PublicKey
    until: Timestamp


class Application(Tracked):
    """An enterprise's application for the funding of a project, with the grade that it cites.

    企业的项目资助申请，附所引用的信用等级、模型和日期。
    """

    KIND: ClassVar[str] = "application"
    ID: ClassVar = "transaction"
    STATES: ClassVar = {
        "applied": "待决定",
        "granted": "已批准",
        "paid": "已拨付",
        "refused": "不予资助",
        "lapsed": "逾期未决定",
        "revoked": "已撤销",
        "withdrawn": "已撤回",
    }
    INDEXES: ClassVar = (
        Index("subject", ("subject",)),
        Index("funder", ("funder",)),
        Index("score", ("score",)),
    )
    CLAIMS: ClassVar = (
        Claim(
            "project",
            lambda one: [(one.project,)],
            FUNDED,
            rule=Rule(
                "double-funding",
                "该项目已在 {holder} 中申请或获得资助",
                "the project is applied for, or funded, by {holder} already",
            ),
        ),
        Claim(
            "payment",
            lambda one: [(one.payment,)] if one.payment else [],
            example=Example(step="pay", first=("pay#second",)),
        ),
    )
    INVARIANTS: ClassVar = (
        Invariant(
            "granted-too-much",
            "批准金额 {granted} 分超过申请金额 {amount} 分",
            "{granted} fen are granted of {amount} that were applied for",
            lambda one: (
                (one.granted or 0) <= one.amount or {"granted": one.granted, "amount": one.amount}
            ),
            Example(step="grant", arguments={"granted": 10**12}),
        ),
    )
    VIEWS: ClassVar = {"funding": ("subject", "funder", "project", "granted", "payment")}

    subject: UsccShape
    delegation: str
    funder: MspId
    programme: Text
    project: Blinded
    amount: PositiveFen
    score: str
    grade: str
    model: Text
    model_digest: Digest
    as_of: Day
    decision: DocumentNumber | None = None
    granted: PositiveFen | None = None
    payment: Text | None = None
