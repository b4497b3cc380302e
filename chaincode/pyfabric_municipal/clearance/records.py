"""Records of the deed tax: what a sale owes and has paid, and the clearance by which its unit may be transferred."""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from pyfabric_municipal.clearance.rates import Use
from pyfabric_municipal.common import Blinded, Claim, Example, Index, Invariant, Tracked, about
from pyfabric_municipal.common.values import (
    Digest,
    Fen,
    Model,
    MspId,
    PositiveArea,
    Text,
    Timestamp,
    UnitCode,
)

OPEN: Final = ("declared", "assessed", "settled")
IN_USE: Final = ("open", "reserved", "consumed")

Parties = Annotated[
    tuple[Blinded, ...],
    Field(min_length=1, max_length=20),
    about(
        "Their blinded keys, as the estate channel has them.", "当事人的盲化标识，与不动产通道一致"
    ),
]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$")]


class Price(Model):
    """The price of a sale, which the estate channel commits to in the same way: private."""

    fen: Fen


class Payment(Model):
    """What was paid: private."""

    fen: Fen


class Assessment(Tracked):
    """What a sale of a unit owes in deed tax: declared, assessed, paid.

    一次不动产转让应缴的契税：申报、核定、缴纳。
    """

    KIND: ClassVar[str] = "assessment"
    ID: ClassVar = "transaction"
    STATES: ClassVar = {
        "declared": "已申报",
        "assessed": "待缴款",
        "settled": "已缴清",
        "closed": "已办结",
        "refunded": "已退税",
        "withdrawn": "已撤回",
        "lapsed": "逾期失效",
    }
    INDEXES: ClassVar = (Index("unit", ("unit",)),)
    CLAIMS: ClassVar = (
        Claim("sale", lambda one: [(one.unit, str(each)) for each in one.buyers], OPEN),
        Claim(
            "receipt",
            lambda one: [(one.receipt,)] if one.receipt else [],
            example=Example(step="pay", first=("pay#second",)),
        ),
    )
    INVARIANTS: ClassVar = (
        Invariant(
            "same-party",
            "转让方与受让方不得重复",
            "nobody is twice among the sellers and buyers",
            lambda one: len({*one.sellers, *one.buyers}) == len(one.sellers) + len(one.buyers),
        ),
    )

    unit: UnitCode
    use: Use
    area: PositiveArea
    sellers: Parties
    buyers: Parties
    window: MspId
    price: Digest
    tax: Digest
    exemption: str | None = None
    evidence: Digest | None = None
    receipt: Text | None = None
    paid: Timestamp | None = None
    payment: Digest | None = None


class Reservation(Model):
    """For whom a clearance is kept: a case of a channel of a network, which answers before the deadline."""

    network: Name
    channel: Name
    case: Text
    answer_by: Timestamp
    deadline: Timestamp


class TaxClearance(Tracked):
    """A clearance, by its number: the deed tax of one sale is paid, or was not owed. It is used once.

    契税完税（免税）凭证，按凭证号标识；只能用于一次登记。
    """

    KIND: ClassVar[str] = "clearance"
    STATES: ClassVar = {
        "open": "可使用",
        "reserved": "已预留",
        "consumed": "已使用",
        "expired": "已过期",
        "revoked": "已撤销",
    }
    INDEXES: ClassVar = (
        Index("unit", ("unit",)),
        Index("assessment", ("assessment",), IN_USE),
        Index("reserver", ("reserved_by",), ("reserved",)),
    )
    CLAIMS: ClassVar = (Claim("assessment", lambda one: [(one.assessment,)], IN_USE),)
    INVARIANTS: ClassVar = (
        Invariant(
            "reserved-too-long",
            "预留截止时间不得晚于凭证有效期 {expires}",
            "a clearance is reserved at most until it expires, at {expires}",
            lambda one: (
                one.reservation is None
                or one.reservation.deadline <= one.expires
                or {"expires": one.expires}
            ),
            Example(step="reserve", parameters={"clearance-days": 1}),
        ),
    )
    VIEWS: ClassVar = {
        "clearance": ("unit", "sellers", "buyers", "price", "expires"),
        "reservation": ("unit", "sellers", "buyers", "price", "reserved_by", "reservation"),
        "outcome": ("reservation", "outcome"),
    }

    assessment: str
    unit: UnitCode
    sellers: Parties
    buyers: Parties
    price: Digest
    expires: Timestamp
    reserved_by: MspId | None = None
    reservation: Reservation | None = None
    outcome: Digest | None = None
