"""Decisions of an authority: a penalty as it is published, its document number and its amounts.

Source: the fields of the national credit platform's "double publicity" (双公示), whose amounts are in ten
thousand yuan. Entering yuan there is the most common mistake, so an amount must be given in both units.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values import Day, Decimal, Fen, Model, Text, Uscc, UsccShape
from pyfabric_municipal.common.values.documents import DocumentNumber, year_of_document
from pyfabric_municipal.common.values.quantities import MoneyUnit, fen
from pyfabric_municipal.common.values.timestamps import add_months, parse_date

MAX_PUBLICATION_MONTHS = 36


class PenaltyType(StrEnum):
    """Types of a penalty. A warning alone is recorded and not published."""

    CONFISCATION = "confiscation"
    FINE = "fine"
    LICENCE_REVOKED = "licence_revoked"
    LICENCE_SUSPENDED = "licence_suspended"
    STOPPED = "stopped"
    WARNING = "warning"


class Sector(StrEnum):
    """The subject matter of a decision; all except GENERAL are published for longer."""

    DRUGS = "drugs"
    FIRE = "fire"
    FOOD = "food"
    GENERAL = "general"
    SPECIAL_EQUIPMENT = "special_equipment"
    WORK_SAFETY = "work_safety"


class Amount(Model):
    """Money in fen, and the same in units of ten thousand yuan, as the publication states it."""

    fen: Fen
    ten_thousand_yuan: Decimal

    @model_validator(mode="after")
    def _consistent(self) -> "Amount":
        stated = fen(self.ten_thousand_yuan, MoneyUnit.TEN_THOUSAND_YUAN)
        if stated != self.fen:
            raise ContractError(
                f"{self.ten_thousand_yuan} ten thousand yuan are {stated} fen, not {self.fen}: "
                "were yuan entered as ten thousand yuan?"
            )
        return self


NOTHING = Amount(fen=0, ten_thousand_yuan="0")


class Decision(Model):
    """A penalty as its authority decided it.

    `publish_until` is at most three years after the decision; `repair_barred` is the reason why the
    penalty cannot be repaired, if there is one.
    """

    number: DocumentNumber
    subject: UsccShape
    authority: Uscc
    act: Text
    facts: Text
    basis: Text
    types: Annotated[tuple[PenaltyType, ...], Field(min_length=1)]
    content: Text
    fine: Amount = NOTHING
    confiscated: Amount = NOTHING
    licence: Text | None = None
    sector: Sector
    decided: Day
    valid_until: Day | None = None
    publish_until: Day
    repair_barred: Text | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Decision":
        if list(self.types) != sorted(set(self.types)):
            raise ContractError("penalty types must be sorted and each named once")
        self._check_content()
        self._check_days()
        return self

    def is_published(self) -> bool:
        """Return whether the penalty is published: a warning alone is not."""
        return self.types != (PenaltyType.WARNING,)

    def _check_content(self) -> None:
        licences = {PenaltyType.LICENCE_REVOKED, PenaltyType.LICENCE_SUSPENDED}
        for what, named, stated in (
            ("a fine", PenaltyType.FINE in self.types, self.fine.fen > 0),
            ("a confiscation", PenaltyType.CONFISCATION in self.types, self.confiscated.fen > 0),
            ("a licence", bool(licences & set(self.types)), self.licence is not None),
        ):
            if named != stated:
                raise ContractError(
                    f"{what} must be named among the types if it is stated, and only then"
                )

    def _check_days(self) -> None:
        decided = parse_date(self.decided)
        year = year_of_document(self.number)
        if year not in (decided.year - 1, decided.year):
            raise ContractError(f"{self.number} is not a number of a decision of {self.decided}")
        if self.valid_until is not None and self.valid_until < self.decided:
            raise ContractError(f"valid until {self.valid_until} is before the decision")
        latest = add_months(decided, MAX_PUBLICATION_MONTHS).isoformat()
        if not self.decided < self.publish_until <= latest:
            raise ContractError(
                f"publication until {self.publish_until} is not after the decision of "
                f"{self.decided} and within three years of it, by {latest}"
            )
