"""What a department asks for, and on which terms it gets it."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from pyfabric_municipal.common.refusals import FrameRule
from pyfabric_municipal.common.values import (
    Digest,
    FieldName,
    Model,
    Positive,
    ResourceCode,
    ServiceItem,
    Text,
    Timestamp,
    Uscc,
)

ORDER = FrameRule(
    "value.fields", "数据项须按字母顺序排列且不得重复", "fields must be sorted and each named once"
)
PERIOD = FrameRule(
    "value.period",
    "期限止于 {valid_until}，不得早于起始时间 {valid_from}",
    "the term ends ({valid_until}) before it begins ({valid_from})",
)


def _ordered(names: tuple[str, ...]) -> tuple[str, ...]:
    if list(names) != sorted(set(names)):
        raise ORDER.refusal()
    return names


FieldNames = Annotated[
    tuple[FieldName, ...], Field(min_length=1, max_length=200), AfterValidator(_ordered)
]
"""Names of fields, sorted and each once."""


class Terms(Model):
    """The terms of an application, an offer or a grant; `quota` is the number of rows for the whole term."""

    fields: FieldNames
    valid_from: Timestamp
    valid_until: Timestamp
    quota: Positive

    @model_validator(mode="after")
    def _consistent(self) -> "Terms":
        if self.valid_from >= self.valid_until:
            facts = {"valid_from": self.valid_from, "valid_until": self.valid_until}
            raise PERIOD.refusal(facts)
        return self

    def beyond(self, asked: "Terms") -> str:
        """Return what of these terms was not asked for, "" if all of it was."""
        if extra := missing(self.fields, asked.fields):
            return extra
        if self.valid_from < asked.valid_from or self.valid_until > asked.valid_until:
            return f"{self.valid_from}/{self.valid_until}"
        return f"quota {self.quota}" if self.quota > asked.quota else ""


class Application(Model):
    """What a department asks for and on which legal basis.

    `version` is that of the resource under which it is filed. `scope` is the commitment to the row scope, which may
    identify people and stays with the two departments. The operator is the company that will handle the data for the
    department, if there is one.
    """

    resource: ResourceCode
    version: Positive
    purpose: Text
    service_item: ServiceItem | None = None
    legal_basis: Text
    operator: Uscc | None = None
    scope: Digest
    terms: Terms


class Offer(Model):
    """The terms that are offered, and the licence."""

    terms: Terms
    licence: Text


class Scope(Model):
    """Which rows a department asks for: a condition in words or in a query language; private."""

    rows: Annotated[str, Field(min_length=1, max_length=20_000)]


def missing(names: Iterable[str], known: Iterable[str]) -> str:
    """Return the first of the names that is not known, "" if all are."""
    return min(set(names) - set(known), default="")
