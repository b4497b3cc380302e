"""What bills keep private: the face that a bearer shows, the items, what a claimant shows and what a payer awards.

Amounts let people be recognised, and items tell a diagnosis: public are commitments with 32 random bytes of salt.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import floor
from typing import Annotated, Final

from pydantic import Field

from pyfabric_municipal.common.private import Collection, Sealed
from pyfabric_municipal.common.values import (
    BookKey,
    CheckCode,
    Day,
    Decimal,
    Fen,
    FenChange,
    Model,
    PositiveFen,
)

AMOUNTS: Final = "amounts"
CONTENTS: Final = "contents"

ShortText = Annotated[str, Field(min_length=1, max_length=200)]
ItemCode = Annotated[str, Field(pattern=r"^[0-9]{2,6}$")]


class Face(Model):
    """What proves a bill to be one's own: its total, negative on a red one, and the check code if it has one."""

    total: FenChange
    check: CheckCode | None = None


class Item(Model):
    """A line of a bill: `quantity` units at `price` yuan each come to `amount` fen."""

    item: ItemCode
    name: ShortText
    standard: Annotated[str, Field(max_length=200)] = ""
    unit: ShortText
    quantity: Decimal
    price: Decimal
    amount: PositiveFen

    def is_exact(self) -> bool:
        """Return whether the amount is quantity times price, half a fen rounded up."""
        return self.amount == floor(
            Fraction(self.quantity) * Fraction(self.price) * 100 + Fraction(1, 2)
        )


class Parts(Model):
    """Who bears a medical bill, as it was settled when it was issued."""

    fund: Fen
    other: Fen
    account: Fen
    cash: Fen

    def total(self) -> int:
        """Return what all parts come to."""
        return self.fund + self.other + self.account + self.cash


class Content(Model):
    """Whom a bill is for, and what: of a medical one also the day of the visit and who bears it."""

    payer: ShortText
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=200)]
    visited: Day | None = None
    parts: Parts | None = None


class Shown(Model):
    """The faces of the bills that a claimant shows."""

    faces: Mapping[BookKey, Face]


class Award(Model):
    """What a payer pays on each bill."""

    amounts: Mapping[BookKey, Fen]


SealedFace = Annotated[Sealed[Face], Collection(AMOUNTS)]
SealedContent = Annotated[Sealed[Content], Collection(CONTENTS)]
SealedShown = Annotated[Sealed[Shown], Collection(AMOUNTS)]
SealedAward = Annotated[Sealed[Award], Collection(AMOUNTS)]
