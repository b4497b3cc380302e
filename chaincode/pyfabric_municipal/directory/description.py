"""Descriptions of data resources: the core metadata of the national guide, with the terms of DCAT 3.

Source: guide to government data directories (2017) after GB/T 21063.3-2007; share types by the State
Council's rule on sharing (unconditional, conditional with its condition, not shared with its basis).
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from pyfabric_municipal.common.refusals import Rule
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
from pyfabric_municipal.common.values.text import require_text

CONTRACT = "directory"
UNCLASSIFIED = "unclassified"

CLASSIFIED = Rule(
    "classified",
    "涉密属性为 {secrecy}：涉密资源不得上链",
    "secrecy is {secrecy!r}: only unclassified resources may enter the ledger",
)
NO_BASIS = Rule(
    "no-basis",
    "不予共享的资源须注明依据：法律、行政法规或者国务院决定",
    "a resource that is not shared needs its basis: a law, regulation or decision of the State Council",
)
NO_CONDITION = Rule(
    "no-condition",
    "有条件共享的资源须注明共享条件",
    "a resource that is shared on condition needs its condition",
)
CONDITION = Rule(
    "condition",
    "共享类型为 {type} 的资源不得附加条件",
    "a resource that is {type} has no condition",
)
FIELD_TWICE = Rule(
    "field-twice",
    "资源 {code} 的数据项 {field} 重复",
    "resource {code} has two fields named {field}",
)
OWN_RELATION = Rule(
    "own-relation", "资源 {code} 不得关联自身", "resource {code} is related to itself"
)
MODIFIED_EARLY = Rule(
    "modified-early",
    "资源 {code} 的更新日期早于发布日期",
    "resource {code} was modified before it was published",
)
OPEN_NOT_SHARED = Rule(
    "open-not-shared",
    "资源 {code} 不予共享，不得向社会开放",
    "resource {code} is open to the public but not shared",
)


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
        return dict(zip(UpdateCycle, (1, 1, 7, 31, 92, 366), strict=True))[self]


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
        conditional = self.type is ShareType.CONDITIONAL
        if self.type is ShareType.NOT_SHARED and not self.basis.strip():
            raise NO_BASIS.refusal(contract=CONTRACT)
        if conditional and not self.condition.strip():
            raise NO_CONDITION.refusal(contract=CONTRACT)
        if not conditional and self.condition:
            raise CONDITION.refusal({"type": self.type.value}, contract=CONTRACT)
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
            raise CLASSIFIED.refusal({"secrecy": value}, contract=CONTRACT)
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "Description":
        names = [field.name for field in self.fields]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise FIELD_TWICE.refusal({"code": self.code, "field": twice[0]}, contract=CONTRACT)
        if self.code in (*self.related, self.replaces, self.series):
            raise OWN_RELATION.refusal({"code": self.code}, contract=CONTRACT)
        if self.modified is not None and self.modified < self.issued:
            raise MODIFIED_EARLY.refusal({"code": self.code}, contract=CONTRACT)
        if self.opening.open and self.share.type is ShareType.NOT_SHARED:
            raise OPEN_NOT_SHARED.refusal({"code": self.code}, contract=CONTRACT)
        return self

    def field_names(self) -> frozenset[str]:
        """Return the names of the fields."""
        return frozenset(field.name for field in self.fields)

    def collected(self) -> tuple[str, ...]:
        """Return the standard data elements that the department itself collects, each once, sorted."""
        return tuple(sorted({field.datum for field in self.fields if field.datum is not None}))

    def digest(self) -> str:
        """Return the SHA-256 over the whole description, by which a notice names a coming version."""
        return json_digest(self.model_dump(mode="json"))

    def schema_digest(self) -> str:
        """Return the SHA-256 over the fields' names and types, which a delivery must match."""
        return json_digest([[field.name, field.type.value] for field in self.fields])

    def kept_by(self, later: "Description") -> frozenset[str]:
        """Return the fields that `later` has, too, with the same type."""
        types = {field.name: field.type for field in later.fields}
        return frozenset(field.name for field in self.fields if types.get(field.name) == field.type)
