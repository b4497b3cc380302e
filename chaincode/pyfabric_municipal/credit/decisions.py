"""Decisions of an authority: a penalty as it is published, its document number, its amounts and who provided it.

Source: the fields of the national credit platform's "double publicity" (双公示), whose amounts are in ten
thousand yuan. Entering yuan there is the most common mistake, so an amount must be given in both units.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from pyfabric_municipal.common.refusals import Rule
from pyfabric_municipal.common.values import Day, Decimal, Fen, Model, Text, Uscc, UsccShape
from pyfabric_municipal.common.values.documents import DocumentNumber, year_of_document
from pyfabric_municipal.common.values.quantities import MoneyUnit, fen
from pyfabric_municipal.common.values.timestamps import parse_date

CONTRACT = "credit"

UNITS = Rule(
    "amount-units",
    "{stated}万元是{expected}分，不是{fen}分：是否把元填成了万元？",
    "{stated} ten thousand yuan are {expected} fen, not {fen}: were yuan entered as ten thousand yuan?",
)
TYPES = Rule(
    "penalty-types",
    "处罚种类须按字母顺序排列，且各列一次",
    "penalty types must be sorted and each named once",
)
STATED = Rule(
    "penalty-content",
    "{what}与处罚种类不一致：二者须同时填写",
    "{what} must be named among the types if it is stated, and only then",
)
YEAR = Rule(
    "document-year",
    "文号{number}与决定日期{decided}的年份不符",
    "{number} is not a number of a decision of {decided}",
)
VALIDITY = Rule(
    "validity",
    "有效期至{until}，早于{since}",
    "valid until {until} is before {since}",
)
PUBLICATION = Rule(
    "publication-days",
    "公示截止日{until}不晚于决定日期{decided}",
    "publication until {until} is not after the decision of {decided}",
)


class PenaltyType(StrEnum):
    """Types of a penalty; the parameter `unpublished` names those that alone are recorded and not published."""

    CONFISCATION = "confiscation"
    FINE = "fine"
    LICENCE_REVOKED = "licence_revoked"
    LICENCE_SUSPENDED = "licence_suspended"
    STOPPED = "stopped"
    WARNING = "warning"


class Sector(StrEnum):
    """The subject matter of a decision, by which the parameter `publication-months` has how long it is published."""

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
            known = {"stated": self.ten_thousand_yuan, "expected": stated, "fen": self.fen}
            raise UNITS.refusal(known, contract=CONTRACT)
        return self


NOTHING = Amount(fen=0, ten_thousand_yuan="0")


class Source(Model):
    """The unit that provided the data of a decision (数据来源单位), by its name and social credit code."""

    name: Text
    uscc: Uscc


class Decision(Model):
    """A penalty as its authority decided it.

    `repair_barred` is the reason why the penalty cannot be repaired, if there is one: a court's order, say.
    """

    number: DocumentNumber
    subject: UsccShape
    authority: Uscc
    source: Source
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
            raise TYPES.refusal(contract=CONTRACT)
        self._check_content()
        self._check_days()
        return self

    def _check_content(self) -> None:
        licences = {PenaltyType.LICENCE_REVOKED, PenaltyType.LICENCE_SUSPENDED}
        for what, named, stated in (
            ("fine", PenaltyType.FINE in self.types, self.fine.fen > 0),
            ("confiscated", PenaltyType.CONFISCATION in self.types, self.confiscated.fen > 0),
            ("licence", bool(licences & set(self.types)), self.licence is not None),
        ):
            if named != stated:
                raise STATED.refusal({"what": what}, contract=CONTRACT)

    def _check_days(self) -> None:
        require_year(self.number, self.decided)
        require_validity(self.decided, self.valid_until)
        if self.publish_until <= self.decided:
            known = {"until": self.publish_until, "decided": self.decided}
            raise PUBLICATION.refusal(known, contract=CONTRACT)


def require_year(number: str, decided: str) -> None:
    """Refuse a document number of another year than that of the decision, or the one before it."""
    year = parse_date(decided).year
    if year_of_document(number) not in (year - 1, year):
        raise YEAR.refusal({"number": number, "decided": decided}, contract=CONTRACT)


def require_validity(since: str, until: str | None) -> None:
    """Refuse a period that ends before it begins."""
    if until is not None and until < since:
        raise VALIDITY.refusal({"since": since, "until": until}, contract=CONTRACT)
