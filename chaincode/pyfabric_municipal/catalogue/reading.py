"""A catalogue read from DCAT 3 in JSON-LD, in any shape that says the same, by the contract's own rules."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from pyfabric.chaincode import ContractError, from_json
from pyfabric_municipal.catalogue.contents import Catalogue
from pyfabric_municipal.catalogue.dcat import (
    CHINESE,
    ENGLISH,
    FREQUENCIES,
    INTERFACE,
    REGION,
    RESOURCE,
    SHA256,
    TELEPHONE,
    THEME,
    USCC,
    iri,
)
from pyfabric_municipal.catalogue.json_ld import expand
from pyfabric_municipal.catalogue.nodes import Node
from pyfabric_municipal.common.values import parse_json
from pyfabric_municipal.departments import Department
from pyfabric_municipal.directory.description import Description
from pyfabric_municipal.directory.rows import DutyClaim

M = TypeVar("M", bound=BaseModel)

_CYCLES = {iri(frequency): cycle for cycle, frequency in FREQUENCIES.items()}


def read_catalogue(document: bytes, name: str) -> Catalogue:
    """Read a catalogue from JSON-LD; `name` is the document's name in error messages.

    Raises ContractError with the place of the fault, also for values that the contract would refuse, and for terms
    that have no place in the directory: nothing of a document is dropped silently.
    """
    try:
        graph = expand(parse_json(document))
    except ContractError as error:
        raise ContractError(f"{name}: {error}") from error
    found = [one for one in graph.first if iri("dcat:Catalog") in one.get("@type", ())]
    if len(found) != 1:
        raise ContractError(f"{name}: has {len(found)} catalogues (dcat:Catalog), not one")
    root = Node(found[0], graph, name)
    titles = root.names("dct:title")
    english = {"": titles[ENGLISH]} if ENGLISH in titles else {}
    departments: list[Department] = []
    duties: dict[str, tuple[DutyClaim, ...]] = {}
    for node in root.nodes("gds:department"):
        department = _department(node, english)
        departments.append(department)
        duties[department.msp_id] = tuple(_duty(one, english) for one in node.nodes("gds:duty"))
        node.require_read()
    owners = {one.uscc: one.msp_id for one in departments}
    resources: dict[str, list[Description]] = {one.msp_id: [] for one in departments}
    for number, node in enumerate(root.nodes("dcat:dataset"), start=1):
        code = node.optional("dct:identifier")
        item = _description(node.at(f"{name}: dataset {number} ({code})"))
        if item.provider not in owners:
            raise ContractError(
                f"{name}: dataset {number} ({code}): publisher {USCC}{item.provider} is not a department of this "
                "catalogue"
            )
        resources[owners[item.provider]].append(item)
    _refuse_twice(name, [item.code for items in resources.values() for item in items])
    read = Catalogue(
        id=root.id,
        title=titles[CHINESE],
        abstract=root.text("dct:description"),
        departments=tuple(departments),
        duties=duties,
        resources={msp_id: tuple(items) for msp_id, items in resources.items()},
        english=english,
    )
    root.require_read()
    return read


def _department(node: Node, english: dict[str, str]) -> Department:
    names = node.names("foaf:name")
    facts = {
        "msp_id": node.text("gds:mspId"),
        "uscc": node.text("gds:uscc"),
        "name": names[CHINESE],
        "region": node.text("gds:region"),
    }
    found = _checked(Department, facts, node.at(f"{node.place}: department {facts['msp_id']}"))
    if ENGLISH in names:
        english[found.msp_id] = names[ENGLISH]
    return found


def _duty(node: Node, english: dict[str, str]) -> DutyClaim:
    names = node.names("dct:title")
    code = node.text("gds:code")
    facts = {"code": code, "title": names[CHINESE], "basis": node.text("gds:basis")}
    node.require_read()
    found = _checked(DutyClaim, facts, node.at(f"{node.place}: duty {code}"))
    if ENGLISH in names:
        english[found.code] = names[ENGLISH]
    return found


def _description(node: Node) -> Description:
    frequency = node.reference("dct:accrualPeriodicity", "")
    if frequency not in _CYCLES:
        known = ", ".join(FREQUENCIES.values())
        raise node.fault(f"accrualPeriodicity {frequency} is unknown; use one of {known}")
    titles = node.names("dct:title", both=True)
    rights = node.node("dct:accessRights")
    facts: dict[str, Any] = {
        "secrecy": node.text("gds:secrecy"),
        "code": node.text("dct:identifier"),
        "title": titles[CHINESE],
        "title_en": titles[ENGLISH],
        "abstract": node.text("dct:description"),
        "duty": node.text("gds:duty"),
        "provider": node.reference("dct:publisher", USCC),
        "region": node.reference("dct:spatial", REGION),
        "fields": [_field(one) for one in node.nodes("gds:field")],
        "share": {
            "type": rights.text("gds:shareType"),
            "condition": rights.optional("gds:condition"),
            "basis": rights.optional("gds:basis"),
            "method": rights.text("gds:method"),
        },
        "opening": {
            "open": node.flag("gds:open"),
            "condition": node.optional("gds:openCondition"),
        },
        "cycle": _CYCLES[frequency].value,
        "issued": node.text("dct:issued"),
        "on_platform": node.flag("gds:onPlatform"),
        "distributions": [_distribution(one) for one in node.nodes("dcat:distribution")],
        "related": node.references("dct:relation", RESOURCE),
        "keywords": node.texts("dcat:keyword"),
        "themes": node.references("dcat:theme", THEME),
        "contact": _contact(node),
        "modified": node.optional("dct:modified") or None,
        "edition": node.optional("dcat:version") or "1",
        "replaces": _at_most_one(node, "dcat:previousVersion"),
        "series": _at_most_one(node, "dcat:inSeries"),
    }
    rights.require_read()
    node.require_read()
    return _checked(Description, facts, node)


def _field(node: Node) -> dict[str, Any]:
    facts = {
        "name": node.text("gds:name"),
        "title": node.text("dct:title"),
        "type": node.text("gds:type"),
        "datum": node.optional("gds:datum") or None,
    }
    node.require_read()
    return facts


def _distribution(node: Node) -> dict[str, Any]:
    form = node.text("dct:format")
    system = node.text("gds:system") if form != INTERFACE else _service(node)
    facts = {
        "title": node.text("dct:title"),
        "system": system,
        "format": form,
        "checksum": _checksum(node),
    }
    node.require_read()
    return facts


def _service(node: Node) -> str:
    service = node.node("dcat:accessService")
    system = service.text("dct:title")
    service.require_read()
    return system


def _checksum(node: Node) -> str | None:
    found = node.nodes("spdx:checksum")
    if not found:
        return None
    (checksum,) = found
    algorithm = checksum.reference("spdx:algorithm", "")
    if algorithm != iri(SHA256):
        raise checksum.fault(f"a checksum by {algorithm}: only {SHA256} is taken")
    value = checksum.text("spdx:checksumValue")
    checksum.require_read()
    return value


def _contact(node: Node) -> dict[str, str] | None:
    found = node.nodes("dcat:contactPoint")
    if not found:
        return None
    (contact,) = found
    facts = {
        "office": contact.text("vcard:fn"),
        "telephone": contact.reference("vcard:hasTelephone", TELEPHONE),
    }
    contact.require_read()
    return facts


def _at_most_one(node: Node, term: str) -> str | None:
    found = node.references(term, RESOURCE)
    if len(found) > 1:
        raise node.fault(f"{term} is given {len(found)} times")
    return found[0] if found else None


def _checked(model: type[M], facts: dict[str, Any], node: Node) -> M:
    """Return the facts as the contract's own model, checked by the contract's own rules."""
    try:
        return from_json(model, json.dumps(facts).encode())
    except ContractError as error:
        raise node.fault(str(error)) from error


def _refuse_twice(name: str, codes: Sequence[str]) -> None:
    twice = [code for code, count in Counter(codes).items() if count > 1]
    if twice:
        raise ContractError(f"{name}: resource code {twice[0]} is used twice")
