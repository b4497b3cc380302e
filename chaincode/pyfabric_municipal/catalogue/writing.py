"""A catalogue written as DCAT 3 in JSON-LD."""

import json
from collections.abc import Iterator
from typing import Any

from pyfabric_municipal.catalogue.contents import Catalogue
from pyfabric_municipal.catalogue.dcat import (
    CHINESE,
    ENGLISH,
    FREQUENCIES,
    INTERFACE,
    PREFIXES,
    REGION,
    RESOURCE,
    SHA256,
    TELEPHONE,
    THEME,
    USCC,
)
from pyfabric_municipal.departments import Department
from pyfabric_municipal.directory.description import DataField, Description, Distribution

_WIDTH = 160


def write_catalogue(catalogue: Catalogue) -> bytes:
    """Return the catalogue as a JSON-LD document, which `read_catalogue` reads as the same catalogue."""
    document = {
        "@context": PREFIXES,
        "@id": catalogue.id,
        "@type": "dcat:Catalog",
        "dct:title": _names(catalogue, catalogue.title, ""),
        "dct:description": catalogue.abstract,
        "gds:department": [_department(catalogue, one) for one in catalogue.departments],
        "dcat:dataset": [_dataset(one) for one in catalogue.all_resources()],
    }
    return ("".join(_lines(document, 0)) + "\n").encode()


def _department(catalogue: Catalogue, department: Department) -> dict[str, Any]:
    return {
        "@id": USCC + department.uscc,
        "@type": "foaf:Organization",
        "foaf:name": _names(catalogue, department.name, department.msp_id),
        "gds:mspId": department.msp_id,
        "gds:uscc": department.uscc,
        "gds:region": department.region,
        "gds:duty": [
            {
                "gds:code": duty.code,
                "dct:title": _names(catalogue, duty.title, duty.code),
                "gds:basis": duty.basis,
            }
            for duty in catalogue.duties[department.msp_id]
        ],
    }


def _dataset(item: Description) -> dict[str, Any]:
    facts = {
        "@id": RESOURCE + item.code,
        "@type": "dcat:Dataset",
        "dct:identifier": item.code,
        "dct:title": [_text(item.title, CHINESE), _text(item.title_en, ENGLISH)],
        "dct:description": item.abstract,
        "dcat:keyword": [_text(one, CHINESE) for one in item.keywords],
        "dcat:theme": [_reference(THEME + one) for one in item.themes],
        "dct:publisher": _reference(USCC + item.provider),
        "dcat:contactPoint": None
        if item.contact is None
        else {
            "@type": "vcard:Organization",
            "vcard:fn": item.contact.office,
            "vcard:hasTelephone": _reference(TELEPHONE + item.contact.telephone),
        },
        "dct:issued": _date(item.issued),
        "dct:modified": None if item.modified is None else _date(item.modified),
        "dcat:version": item.edition,
        "dct:accrualPeriodicity": _reference(FREQUENCIES[item.cycle]),
        "dct:accessRights": {
            "@type": "dct:RightsStatement",
            "gds:shareType": item.share.type.value,
            "gds:condition": item.share.condition,
            "gds:basis": item.share.basis,
            "gds:method": item.share.method,
        },
        "dct:spatial": _reference(REGION + item.region),
        "dcat:previousVersion": _resource(item.replaces),
        "dcat:inSeries": _resource(item.series),
        "dct:relation": [_resource(one) for one in item.related],
        "gds:duty": item.duty,
        "gds:secrecy": item.secrecy,
        "gds:open": item.opening.open,
        "gds:openCondition": item.opening.condition,
        "gds:onPlatform": item.on_platform,
        "gds:field": [_field(one) for one in item.fields],
        "dcat:distribution": [_distribution(one) for one in item.distributions],
    }
    return _given(facts)


def _field(field: DataField) -> dict[str, Any]:
    return _given(
        {
            "gds:name": field.name,
            "dct:title": field.title,
            "gds:type": field.type.value,
            "gds:datum": field.datum,
        }
    )


def _distribution(item: Distribution) -> dict[str, Any]:
    service = {"@type": "dcat:DataService", "dct:title": item.system}
    checksum = {
        "@type": "spdx:Checksum",
        "spdx:algorithm": _reference(SHA256),
        "spdx:checksumValue": item.checksum,
    }
    is_service = item.format == INTERFACE
    return _given(
        {
            "@type": "dcat:Distribution",
            "dct:title": item.title,
            "dct:format": item.format,
            "dcat:accessService": service if is_service else None,
            "gds:system": None if is_service else item.system,
            "spdx:checksum": None if item.checksum is None else checksum,
        }
    )


def _names(catalogue: Catalogue, chinese: str, key: str) -> list[dict[str, str]]:
    english = catalogue.english.get(key)
    others = [] if english is None else [_text(english, ENGLISH)]
    return [_text(chinese, CHINESE), *others]


def _text(value: str, language: str) -> dict[str, str]:
    return {"@value": value, "@language": language}


def _date(day: str) -> dict[str, str]:
    return {"@value": day, "@type": "xsd:date"}


def _reference(to: str) -> dict[str, str]:
    return {"@id": to}


def _resource(code: str | None) -> dict[str, str] | None:
    return None if code is None else _reference(RESOURCE + code)


def _given(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts that say something."""
    kept = {key: value for key, value in facts.items() if value not in (None, "", [])}
    return {key: _given(value) if isinstance(value, dict) else value for key, value in kept.items()}


def _lines(value: Any, depth: int) -> Iterator[str]:
    """Yield a JSON text in which what fits on a line is on one, so that versions can be compared by line."""
    whole = json.dumps(value, ensure_ascii=False)
    if len(whole) + depth <= _WIDTH or not isinstance(value, (dict, list)):
        yield whole
        return
    if isinstance(value, dict):
        parts = [(f"{json.dumps(key)}: ", one) for key, one in value.items()]
        begin, end = "{", "}"
    else:
        parts = [("", one) for one in value]
        begin, end = "[", "]"
    yield f"{begin}\n"
    for number, (name, one) in enumerate(parts, start=1):
        yield " " * (depth + 1) + name
        yield from _lines(one, depth + 1)
        yield ",\n" if number < len(parts) else "\n"
    yield " " * depth + end
