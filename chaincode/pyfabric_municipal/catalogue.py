"""A catalogue of data resources in DCAT 3 shape (JSON-LD), read into arguments of `Directory`.

This project's own terms have the prefix `gds:`; all others are those of DCAT, Dublin Core and FOAF.
The document is read as plain JSON with fixed prefixes, so that nothing is fetched to understand it.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from pyfabric.chaincode import ContractError, from_json
from pyfabric_municipal.common.values.workdays import YearCalendar
from pyfabric_municipal.departments import Department
from pyfabric_municipal.description import Description, UpdateCycle
from pyfabric_municipal.directory import DutyClaim
from pyfabric_municipal.ledger_access import MAX_BATCH

T = TypeVar("T")

_PREFIXES = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "freq": "http://purl.org/cld/freq/",
    "gds": "urn:gds:terms#",
}
_CYCLES = {
    "freq:continuous": UpdateCycle.REAL_TIME,
    "freq:daily": UpdateCycle.DAILY,
    "freq:weekly": UpdateCycle.WEEKLY,
    "freq:monthly": UpdateCycle.MONTHLY,
    "freq:quarterly": UpdateCycle.QUARTERLY,
    "freq:annual": UpdateCycle.YEARLY,
}
_USCC = "urn:gds:uscc:"
_REGION = "urn:gds:region:"
_RESOURCE = "urn:gds:resource:"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The departments, with each one's duties and resources by its MSP id."""

    departments: tuple[Department, ...]
    duties: dict[str, tuple[DutyClaim, ...]]
    resources: dict[str, tuple[Description, ...]]


def bundled_catalogue() -> Catalogue:
    """Return the bundled example: invented but plausible data resources of city departments."""
    return read_catalogue(_data("catalogue.jsonld"), "catalogue.jsonld")


def bundled_calendars() -> tuple[YearCalendar, ...]:
    """Return the bundled calendars, one a year; the note in their file describes how they were checked."""
    document = json.loads(_data("calendars.json"))
    return tuple(YearCalendar.model_validate(year) for year in document["years"])


def read_catalogue(document: bytes, name: str) -> Catalogue:
    """Read a catalogue from JSON-LD; `name` is the document's name in error messages.

    Raises ContractError with the place of the fault, also for values that the contract would refuse.
    """
    try:
        catalog = from_json(_Catalog, document)
    except ContractError as error:
        raise ContractError(f"{name}: {error}") from error
    if catalog.context != _PREFIXES:
        raise ContractError(f"{name}: @context: the prefixes must be {_PREFIXES}")
    owners = {f"{_USCC}{body.uscc}": body.msp_id for body in catalog.departments}
    found: dict[str, list[Description]] = {body.msp_id: [] for body in catalog.departments}
    for number, dataset in enumerate(catalog.datasets, start=1):
        place = f"{name}: dataset {number} ({dataset.code})"
        if dataset.publisher.id not in owners:
            raise ContractError(
                f"{place}: publisher {dataset.publisher.id} is not a department of this catalogue"
            )
        found[owners[dataset.publisher.id]].append(_description(dataset, place))
    _refuse_twice(name, [dataset.code for dataset in catalog.datasets])
    return Catalogue(
        departments=tuple(_department(body, name) for body in catalog.departments),
        duties={body.msp_id: _claims(body, name) for body in catalog.departments},
        resources={msp_id: tuple(items) for msp_id, items in found.items()},
    )


def batches(items: Sequence[T]) -> Iterator[list[T]]:
    """Yield the items in parts that each fit into one transaction."""
    for start in range(0, len(items), MAX_BATCH):
        yield list(items[start : start + MAX_BATCH])


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Reference(_Node):
    id: str = Field(alias="@id")


class _Literal(_Node):
    value: str = Field(alias="@value")
    language: Literal["zh", "en"] = Field(alias="@language")


_Titles = Annotated[tuple[_Literal, _Literal], Field(description="Chinese, then English")]


class _Duty(_Node):
    code: str = Field(alias="gds:code")
    title: _Titles = Field(alias="dct:title")
    basis: str = Field(alias="gds:basis")


class _Department(_Node):
    id: str = Field(alias="@id")
    type: Literal["foaf:Organization"] = Field(alias="@type")
    name: _Titles = Field(alias="foaf:name")
    msp_id: str = Field(alias="gds:mspId")
    uscc: str = Field(alias="gds:uscc")
    region: str = Field(alias="gds:region")
    duties: tuple[_Duty, ...] = Field(alias="gds:duty")


class _Rights(_Node):
    type: Literal["dct:RightsStatement"] = Field(alias="@type")
    share_type: str = Field(alias="gds:shareType")
    condition: str = Field(default="", alias="gds:condition")
    basis: str = Field(default="", alias="gds:basis")
    method: str = Field(alias="gds:method")


class _DataField(_Node):
    name: str = Field(alias="gds:name")
    title: str = Field(alias="dct:title")
    type: str = Field(alias="gds:type")
    datum: str | None = Field(default=None, alias="gds:datum")


class _Distribution(_Node):
    type: Literal["dcat:Distribution"] = Field(alias="@type")
    title: str = Field(alias="dct:title")
    system: str = Field(alias="gds:system")
    format: str = Field(alias="dct:format")


class _Dataset(_Node):
    id: str = Field(alias="@id")
    type: Literal["dcat:Dataset"] = Field(alias="@type")
    code: str = Field(alias="dct:identifier")
    title: _Titles = Field(alias="dct:title")
    abstract: str = Field(alias="dct:description")
    publisher: _Reference = Field(alias="dct:publisher")
    issued: str = Field(alias="dct:issued")
    frequency: _Reference = Field(alias="dct:accrualPeriodicity")
    rights: _Rights = Field(alias="dct:accessRights")
    spatial: _Reference = Field(alias="dct:spatial")
    duty: str = Field(alias="gds:duty")
    secrecy: str = Field(alias="gds:secrecy")
    open: bool = Field(alias="gds:open")
    open_condition: str = Field(default="", alias="gds:openCondition")
    on_platform: bool = Field(alias="gds:onPlatform")
    fields: tuple[_DataField, ...] = Field(alias="gds:field")
    distributions: tuple[_Distribution, ...] = Field(alias="dcat:distribution")
    relations: tuple[_Reference, ...] = Field(default=(), alias="dct:relation")


class _Catalog(_Node):
    context: dict[str, str] = Field(alias="@context")
    id: str = Field(alias="@id")
    type: Literal["dcat:Catalog"] = Field(alias="@type")
    title: _Titles = Field(alias="dct:title")
    abstract: str = Field(alias="dct:description")
    departments: tuple[_Department, ...] = Field(alias="gds:department")
    datasets: tuple[_Dataset, ...] = Field(alias="dcat:dataset")


def _description(dataset: _Dataset, place: str) -> Description:
    if dataset.frequency.id not in _CYCLES:
        known = ", ".join(_CYCLES)
        raise ContractError(
            f"{place}: accrualPeriodicity {dataset.frequency.id} is unknown; use one of {known}"
        )
    titles = _by_language(dataset.title, place)
    facts: dict[str, Any] = {
        "secrecy": dataset.secrecy,
        "code": dataset.code,
        "title": titles["zh"],
        "title_en": titles["en"],
        "abstract": dataset.abstract,
        "duty": dataset.duty,
        "provider": _after(_USCC, dataset.publisher.id, place),
        "region": _after(_REGION, dataset.spatial.id, place),
        "fields": [field.model_dump() for field in dataset.fields],
        "share": {
            "type": dataset.rights.share_type,
            "condition": dataset.rights.condition,
            "basis": dataset.rights.basis,
            "method": dataset.rights.method,
        },
        "opening": {"open": dataset.open, "condition": dataset.open_condition},
        "cycle": _CYCLES[dataset.frequency.id].value,
        "issued": dataset.issued,
        "on_platform": dataset.on_platform,
        "distributions": [item.model_dump(exclude={"type"}) for item in dataset.distributions],
        "related": [_after(_RESOURCE, item.id, place) for item in dataset.relations],
    }
    return _checked(Description, facts, place)


def _department(body: _Department, name: str) -> Department:
    place = f"{name}: department {body.msp_id}"
    facts = {
        "msp_id": body.msp_id,
        "uscc": body.uscc,
        "name": _by_language(body.name, place)["zh"],
        "region": body.region,
    }
    return _checked(Department, facts, place)


def _claims(body: _Department, name: str) -> tuple[DutyClaim, ...]:
    place = f"{name}: department {body.msp_id}"
    return tuple(
        _checked(
            DutyClaim,
            {
                "code": duty.code,
                "title": _by_language(duty.title, place)["zh"],
                "basis": duty.basis,
            },
            f"{place}: duty {duty.code}",
        )
        for duty in body.duties
    )


M = TypeVar("M", bound=BaseModel)


def _checked(model: type[M], facts: dict[str, Any], place: str) -> M:
    """Return the facts as the contract's own model, checked by the contract's own rules."""
    try:
        return from_json(model, json.dumps(facts).encode())
    except ContractError as error:
        raise ContractError(f"{place}: {error}") from error


def _by_language(texts: tuple[_Literal, _Literal], place: str) -> dict[str, str]:
    found: dict[str, str] = {text.language: text.value for text in texts}
    if len(found) != len(texts):
        raise ContractError(f"{place}: a title is needed in zh and in en, once each")
    return found


def _after(prefix: str, value: str, place: str) -> str:
    if not value.startswith(prefix):
        raise ContractError(f"{place}: {value} does not begin with {prefix}")
    return value.removeprefix(prefix)


def _refuse_twice(name: str, codes: Sequence[str]) -> None:
    twice = [code for code, count in Counter(codes).items() if count > 1]
    if twice:
        raise ContractError(f"{name}: resource code {twice[0]} is used twice")


def _data(name: str) -> bytes:
    return resources.files("pyfabric_municipal").joinpath("data", name).read_bytes()
