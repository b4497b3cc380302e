"""Decisions of an authority: a penalty as it is published, its document number and its amounts.

Source: the fields of the national credit platform's "double publicity" (双公示), whose amounts are in ten
thousand yuan. Entering yuan there is the most common mistake, so an amount must be given in both units.
"""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from pyfabric.chaincode import ContractError
from pyfabric_municipal.identifiers import require_uscc_shape
from pyfabric_municipal.records import Count, Day, Model, Text, Uscc
from pyfabric_municipal.text import require_text
from pyfabric_municipal.timestamps import add_months, parse_date

MAX_PUBLICATION_MONTHS = 36
_FEN_IN_TEN_THOUSAND_YUAN = 1_000_000
_TEN_THOUSANDS = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,6}))?")
_YEAR = re.compile(r"[〔\[（(［【]([0-9]{4})[〕\]）)］】]")
_NUMBER = re.compile(
    r"([\u4e00-\u9fff]{2,24})〔([0-9]{4})〕第?0*([1-9][0-9]{0,7})((?:-[1-9][0-9]{0,2})?)号"
)


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


def normalise_number(value: str) -> str:
    """Return a document number in normal form, such as `京市监罚〔2020〕15号`.

    The kind of brackets, 第 and leading zeros do not distinguish decisions; everything else does.
    """
    require_text("document number", value)
    match = _NUMBER.fullmatch(_YEAR.sub(r"〔\1〕", value, count=1))
    if match is None:
        raise ContractError(f"document number {value!r} is not of the form 京市监罚〔2020〕15号")
    return f"{match[1]}〔{match[2]}〕{match[3]}{match[4]}号"


SubjectCode = Annotated[str, AfterValidator(require_uscc_shape)]
DocumentNumber = Annotated[str, AfterValidator(normalise_number)]


class Amount(Model):
    """Money in fen, and the same in units of ten thousand yuan, as the publication states it."""

    fen: Count
    ten_thousand_yuan: str

    @model_validator(mode="after")
    def _consistent(self) -> "Amount":
        match = _TEN_THOUSANDS.fullmatch(self.ten_thousand_yuan)
        if match is None:
            raise ContractError(
                f"{self.ten_thousand_yuan!r} is not an amount in ten thousand yuan such as 1.5"
            )
        stated = int(match[1]) * _FEN_IN_TEN_THOUSAND_YUAN + int((match[2] or "").ljust(6, "0"))
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
    subject: SubjectCode
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
        year = int(self.number.partition("〔")[2][:4])
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
