"""Descriptions of data resources: the core metadata of the national guide.

Source: guide to government data directories (2017) after GB/T 21063.3-2007; share types by the State
Council's rule on sharing (unconditional, conditional with its condition, not shared with its basis).
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values import (
    Datum,
    Day,
    Digest,
    DutyCode,
    FieldName,
    Flag,
    Model,
    ResourceCode,
    Text,
    Uscc,
    json_digest,
)
from pyfabric_municipal.common.values.regions import require_beijing_region
from pyfabric_municipal.common.values.text import require_text
from pyfabric_municipal.common.values.timestamps import parse_date

UNCLASSIFIED = "unclassified"


class ShareType(StrEnum):
    """How a resource is shared; `strictness` orders them."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    NOT_SHARED = "not_shared"

    @property
    def strictness(self) -> int:
        """How strict the share type is: 0 for the most open."""
        return list(ShareType).index(self)


class FieldType(StrEnum):
    """Types of a field. There is no float: amounts are integers in a small unit."""

    STRING = "string"
    INTEGER = "integer"
    DATE = "date"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"
    CODE = "code"
    GEOMETRY = "geometry"


class Theme(StrEnum):
    """The twelve themes of the national guide to government data directories, in its order (FACTS 1)."""

    PUBLIC_SERVICE = "public-service"
    HEALTH = "health"
    SOCIAL_SECURITY = "social-security"
    FOOD_AND_DRUG_SAFETY = "food-and-drug-safety"
    PRODUCTION_SAFETY = "production-safety"
    PRICES = "prices"
    ENERGY = "energy"
    CREDIT = "credit"
    CONSTRUCTION = "construction"
    COMMUNITY = "community"
    ECOLOGY = "ecology"
    EMERGENCY = "emergency"


class UpdateCycle(StrEnum):
    """How often the provider promises to update the data."""

    REAL_TIME = "real_time"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"

    @property
    def days(self) -> int:
        """The number of days without an update after which the resource is late."""
        return _CYCLE_DAYS[self]


_CYCLE_DAYS = {
    UpdateCycle.REAL_TIME: 1,
    UpdateCycle.DAILY: 1,
    UpdateCycle.WEEKLY: 7,
    UpdateCycle.MONTHLY: 31,
    UpdateCycle.QUARTERLY: 92,
    UpdateCycle.YEARLY: 366,
}


class DataField(Model):
    """A data item. `datum` names the standard data element if the department collects it itself."""

    name: FieldName
    title: Text
    type: FieldType
    datum: Datum | None = None


class Share(Model):
    """The share attribute: type, its condition or legal basis, and how the data is delivered."""

    type: ShareType
    condition: str = ""
    basis: str = ""
    method: Literal["platform", "media"] = "platform"

    @model_validator(mode="after")
    def _justified(self) -> "Share":
        if self.type is ShareType.NOT_SHARED and not self.basis.strip():
            raise ContractError(
                "a resource that is not shared needs its basis: a law, regulation or decision of "
                "the State Council"
            )
        if self.type is ShareType.CONDITIONAL and not self.condition.strip():
            raise ContractError("a resource that is shared on condition needs its condition")
        if self.type is not ShareType.CONDITIONAL and self.condition:
            raise ContractError(f"a resource that is {self.type} has no condition")
        for what, text in (("condition", self.condition), ("basis", self.basis)):
            if text:
                require_text(what, text)
        return self


class Opening(Model):
    """The open attribute: whether the public may use the data, and on which condition."""

    open: Flag
    condition: str = ""

    @field_validator("condition")
    @classmethod
    def _clean(cls, value: str) -> str:
        return require_text("condition", value) if value else value


class Distribution(Model):
    """Where the data is kept: a table, file or interface of a system (the directory's third level).

    `checksum` is the SHA-256 of a file that does not change until the next version.
    """

    title: Text
    system: Text
    format: Text
    checksum: Digest | None = None


class Contact(Model):
    """Whom to ask about a resource: an office, never a person."""

    office: Text
    telephone: Text


class Description(Model):
    """The complete metadata of a resource, as its provider enters it.

    `modified` is the day of the data's latest change of substance, `edition` the provider's own name of that version.
    `replaces` is the resource that this one took the place of, `series` the one whose yearly or regional part it is.
    """

    # First, so that it is checked first: classified metadata is refused for that reason alone.
    secrecy: str
    code: ResourceCode
    title: Text
    title_en: Text
    abstract: Text
    duty: DutyCode
    provider: Uscc
    region: str
    fields: Annotated[tuple[DataField, ...], Field(min_length=1, max_length=200)]
    share: Share
    opening: Opening
    cycle: UpdateCycle
    issued: Day
    on_platform: Flag
    distributions: Annotated[tuple[Distribution, ...], Field(min_length=1, max_length=20)]
    related: Annotated[tuple[ResourceCode, ...], Field(max_length=20)] = ()
    keywords: Annotated[tuple[Text, ...], Field(max_length=20)] = ()
    themes: Annotated[tuple[Theme, ...], Field(max_length=12)] = ()
    contact: Contact | None = None
    modified: Day | None = None
    edition: Text = "1"
    replaces: ResourceCode | None = None
    series: ResourceCode | None = None

    @field_validator("secrecy")
    @classmethod
    def _unclassified(cls, value: str) -> str:
        if value != UNCLASSIFIED:
            raise ContractError(
                f"secrecy is {value!r}: only {UNCLASSIFIED} resources may enter the ledger"
            )
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "Description":
        names = [field.name for field in self.fields]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ContractError(f"resource {self.code} has two fields named {twice[0]}")
        if self.code in (*self.related, self.replaces, self.series):
            raise ContractError(f"resource {self.code} is related to itself")
        if self.modified is not None and self.modified < self.issued:
            raise ContractError(f"resource {self.code} was modified before it was published")
        if self.opening.open and self.share.type is ShareType.NOT_SHARED:
            raise ContractError(f"resource {self.code} is open to the public but not shared")
        return self

    def field_names(self) -> frozenset[str]:
        """Return the names of the fields."""
        return frozenset(field.name for field in self.fields)

    def collected(self) -> tuple[str, ...]:
        """Return the standard data elements that the department itself collects, each once, sorted."""
        return tuple(sorted({field.datum for field in self.fields if field.datum is not None}))

    def schema_digest(self) -> str:
        """Return the SHA-256 over the fields' names and types, which a delivery must match."""
        pairs = [[field.name, field.type.value] for field in self.fields]
        return json_digest(pairs)

    def removed_or_retyped(self, later: "Description") -> frozenset[str]:
        """Return the fields that `later` does not have, or has with another type."""
        types = {field.name: field.type for field in later.fields}
        return frozenset(field.name for field in self.fields if types.get(field.name) != field.type)

    def require_current(self, today: date) -> None:
        """Refuse days in the future, and a region code that is not valid on that day."""
        for what, day in (("publish date", self.issued), ("modified", self.modified)):
            if day is not None and parse_date(day) > today:
                raise ContractError(
                    f"resource {self.code}: {what} {day} is in the future (it is {today})"
                )
        require_beijing_region(self.region, today)
