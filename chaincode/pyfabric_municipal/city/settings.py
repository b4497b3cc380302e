"""What departments agree on: the contents of settings, and the versions that each setting has."""

import re
from datetime import date
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, Field, JsonValue, model_validator

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.governance import CodeList, Department
from pyfabric_municipal.common.values import (
    Count,
    Day,
    Model,
    MspId,
    Positive,
    RegionCode,
    Text,
    Uscc,
)
from pyfabric_municipal.common.values.names import require_msp_id
from pyfabric_municipal.common.values.timestamps import parse_date
from pyfabric_municipal.common.values.workdays import YearCalendar

CITY = "city"
SETTLED_SECONDS = 3600
"""A version is in force for every proposal that is later than this after its begin: peers take a proposal's time
within 15 minutes of their own (peer.authentication.timewindow)."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
BOUNDS = {(CITY, "slot-seconds"): (1, 3600), (CITY, "change-days"): (1, 366)}
"""What the contract's own parameters may be."""
ACTIVE, MERGED, LEFT = "active", "merged", "left"


def _name(value: str) -> str:
    if _NAME.fullmatch(value) is None:
        raise ContractError(f"{value!r} is no name of a setting: use a-z, 0-9 and hyphens")
    return value


def _msp_id_or_none(value: str) -> str:
    return require_msp_id(value) if value else ""


MspIdOrNone = Annotated[str, AfterValidator(_msp_id_or_none)]
Name = Annotated[str, AfterValidator(_name)]
Mark = Literal["V", "S", "K"]
Key: TypeAlias = tuple[str, ...]


class Record(Model):
    """A value on the ledger, under a composite key of its kind and the parts that `key` returns."""

    KIND: ClassVar[str]

    def key(self) -> Key:
        """Return the parts of the composite key after the kind."""
        raise NotImplementedError


class Parameter(Model):
    """A value that a contract reads: with its unit, and the mark of the fact that it rests on.

    The mark is V (checked), S (published) or K (known, no text at hand); `source` names the rule it comes from.
    """

    kind: Literal["parameter"] = "parameter"
    contract: Name
    name: Name
    type: Literal["integer", "text", "flag", "list", "object"]
    unit: str = ""
    mark: Mark
    source: str = ""
    value: JsonValue

    @model_validator(mode="after")
    def _typed(self) -> "Parameter":
        kinds: dict[str, type] = {
            "integer": int,
            "text": str,
            "flag": bool,
            "list": list,
            "object": dict,
        }
        if type(self.value) is not kinds[self.type]:
            raise ContractError(
                f"parameter {self.name} of {self.contract}: {self.value!r} is no {self.type}"
            )
        bounds = BOUNDS.get((self.contract, self.name))
        if bounds is not None and not (
            isinstance(self.value, int) and bounds[0] <= self.value <= bounds[1]
        ):
            raise ContractError(
                f"parameter {self.name} of {self.contract} is from {bounds[0]} to {bounds[1]}"
            )
        return self

    def key(self) -> Key:
        """Return its place among the settings."""
        return (self.kind, self.contract, self.name)


class Member(Model):
    """A department of the channel. One that is merged or has left names who has its duties, if it had any."""

    kind: Literal["department"] = "department"
    msp_id: MspId
    uscc: Uscc
    name: Text
    region: RegionCode
    state: Literal["active", "merged", "left"] = "active"
    successor: MspIdOrNone = ""

    @model_validator(mode="after")
    def _succeeded(self) -> "Member":
        if self.state == ACTIVE and self.successor:
            raise ContractError(f"{self.msp_id} is active: it has no successor")
        if self.state == MERGED and not self.successor:
            raise ContractError(f"{self.msp_id} is merged: name the department it is merged into")
        if self.successor == self.msp_id:
            raise ContractError(f"{self.msp_id} cannot be its own successor")
        return self

    def key(self) -> Key:
        """Return its place among the settings."""
        return (self.kind, self.msp_id)

    def department(self) -> Department:
        """Return the department as contracts see it."""
        return Department(
            self.msp_id, self.uscc, self.name, self.region, self.state, self.successor
        )


class Role(Model):
    """The departments that have a role in a contract, each once."""

    kind: Literal["role"] = "role"
    contract: Name
    name: Name
    departments: tuple[MspId, ...]

    @model_validator(mode="after")
    def _ordered(self) -> "Role":
        if list(self.departments) != sorted(set(self.departments)):
            raise ContractError(
                f"role {self.name} of {self.contract}: departments must be sorted, each named once"
            )
        return self

    def key(self) -> Key:
        """Return its place among the settings."""
        return (self.kind, self.contract, self.name)

    def succeeded(self, gone: str, successor: str) -> "Role":
        """Return the role with a department's place taken by its successor."""
        kept = {successor if each == gone else each for each in self.departments}
        return self.model_copy(update={"departments": tuple(sorted(kept))})


class Certifier(Model):
    """The department whose CA certifies an organisation without a peer; "" once none does any more."""

    kind: Literal["certifier"] = "certifier"
    uscc: Uscc
    msp_id: MspIdOrNone

    def key(self) -> Key:
        """Return its place among the settings."""
        return (self.kind, self.uscc)

    def succeeded(self, gone: str, successor: str) -> "Certifier":
        """Return the certifier with a department's place taken by its successor."""
        return self.model_copy(update={"msp_id": successor}) if self.msp_id == gone else self


class Calendar(Model):
    """A year's working days."""

    kind: Literal["calendar"] = "calendar"
    calendar: YearCalendar

    def key(self) -> Key:
        """Return its place among the settings."""
        return (self.kind, f"{self.calendar.year:04}")


class Span(Model):
    """The days on which a version of a code list is in force: from `since` on, before `until` if that is given."""

    number: Positive
    since: Day
    until: Day | None

    @model_validator(mode="after")
    def _some_day(self) -> "Span":
        if self.until is not None and self.until <= self.since:
            raise ContractError(f"a version from {self.since} cannot end at {self.until}")
        return self


class CodeVersions(Model):
    """The versions of a code list, ordered by their days, which never overlap."""

    kind: Literal["code-list"] = "code-list"
    name: Name
    spans: tuple[Span, ...] = ()

    def key(self) -> Key:
        """Return its place among the settings."""
        return (self.kind, self.name)

    def with_span(self, new: Span) -> "CodeVersions":
        """Return the list with one more version, in the place of the one that begins on the same day.

        A version without an end ends where the next one begins. Refuses one that overlaps with another.
        """
        spans = sorted((*(s for s in self.spans if s.since != new.since), new), key=_since)
        for earlier, later in pairwise(spans):
            if earlier.until is not None and earlier.until > later.since:
                raise ContractError(
                    f"code list {self.name}: the version from {earlier.since} lasts until {earlier.until}, "
                    f"another begins on {later.since}",
                    code="city.code-list-overlap",
                    facts={"list": self.name, "since": earlier.since, "next": later.since},
                    zh=f"代码表 {self.name} 的版本重叠：{earlier.since} 起的版本至 {earlier.until}，另一版本自 {later.since} 起",
                )
        return self.model_copy(update={"spans": tuple(spans)})

    def on(self, day: date) -> Span | None:
        """Return the version in force on a day, with the day where it ends, None in a gap."""
        text = day.isoformat()
        found = [at for at, span in enumerate(self.spans) if span.since <= text]
        if not found:
            return None
        span = self.spans[found[-1]]
        if span.until is None and found[-1] + 1 < len(self.spans):
            span = span.model_copy(update={"until": self.spans[found[-1] + 1].since})
        return None if span.until is not None and span.until <= text else span


class Codes(Model):
    """A proposed version of a code list: what each code means, for the days from `since` on."""

    kind: Literal["codes"] = "codes"
    name: Name
    since: Day
    until: Day | None = None
    codes: dict[str, JsonValue]

    @model_validator(mode="after")
    def _some(self) -> "Codes":
        if not self.codes:
            raise ContractError(f"code list {self.name}: a version needs codes")
        Span(number=1, since=self.since, until=self.until)
        return self

    def key(self) -> Key:
        """Return the place of its list among the settings."""
        return (CodeVersions.model_fields["kind"].default, self.name)


class CodeTable(Record):
    """The codes of one version of a list, written once."""

    KIND: ClassVar[str] = "codes"

    name: Name
    number: Positive
    codes: dict[str, JsonValue]

    def key(self) -> Key:
        return (self.name, f"{self.number:06}")

    def code_list(self, span: Span) -> CodeList:
        """Return the version as contracts see it."""
        until = None if span.until is None else parse_date(span.until)
        return CodeList(self.name, self.number, parse_date(span.since), until, self.codes)


Kept = Annotated[
    Parameter | Member | Role | Certifier | Calendar | CodeVersions, Field(discriminator="kind")
]
Proposed = Annotated[
    Parameter | Member | Role | Certifier | Calendar | Codes, Field(discriminator="kind")
]


class Version(Model):
    """A version of a setting: its content, when it takes effect (Unix seconds), and the change that made it."""

    number: Positive
    since: Count
    change: str
    content: Kept


class Setting(Record):
    """A setting with its newest version, and the one before as long as that may still be in force."""

    KIND: ClassVar[str] = "setting"

    place: Key
    newest: Version
    former: Version | None = None

    def key(self) -> Key:
        return self.place

    def needs_clock(self, proposal: int) -> bool:
        """Return whether only the channel's clock can say which version a proposal of this time meets."""
        return self.newest.since + SETTLED_SECONDS > proposal and self.newest.since > 0

    def at(self, moment: int) -> Version | None:
        """Return the version in force at a time, None before the first one."""
        return self.newest if self.newest.since <= moment else self.former


class PastVersion(Record):
    """A version of a setting in its history, written once."""

    KIND: ClassVar[str] = "version"

    place: Key
    version: Version

    def key(self) -> Key:
        return (*self.place, f"{self.version.number:06}")


def _since(span: Span) -> str:
    return span.since
