"""Catalogues as DCAT in JSON-LD: what is written is read as the same, in any shape, and faults have their place."""

import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_municipal.catalogue import (
    Catalogue,
    bundled_catalogue,
    read_catalogue,
    write_catalogue,
)
from pyfabric_municipal.directory.description import (
    Contact,
    Description,
    Opening,
    Share,
    ShareType,
    Theme,
    UpdateCycle,
)

from pyfabric.chaincode import ContractError, from_json
from tests.support.municipal.municipal import ECON

SOURCE = resources.files("pyfabric_municipal").joinpath("data/catalogue.jsonld").read_bytes()
SMALL = bundled_catalogue().of([ECON])
CODES = [item.code for item in SMALL.all_resources()]
PREFIXES = json.loads(SOURCE)["@context"]

words = st.sampled_from(["信用", "目录", "a b", '"quoted"', "@id", "dct:title", "第1版"])
other_codes = st.sampled_from(["102001/000009", "311004/000077"])
shares = st.sampled_from(
    [
        Share(type=ShareType.UNCONDITIONAL),
        Share(type=ShareType.CONDITIONAL, condition="限审核使用", method="media"),
        Share(type=ShareType.NOT_SHARED, basis="《中华人民共和国统计法》第九条"),
    ]
)


@st.composite
def described(draw: st.DrawFn) -> Description:
    """Draw a description with anything that may be given or left out."""
    model = draw(st.sampled_from(list(SMALL.all_resources())))
    share = draw(shares)
    distribution = model.distributions[0].model_copy(
        update={
            "format": draw(st.sampled_from(["interface", "csv", "table"])),
            "checksum": draw(st.sampled_from([None, "0" * 64, "ab" * 32])),
        }
    )
    is_open = draw(st.booleans()) and share.type is not ShareType.NOT_SHARED
    return model.model_copy(
        update={
            "share": share,
            "opening": Opening(open=is_open, condition=draw(words) if is_open else ""),
            "cycle": draw(st.sampled_from(UpdateCycle)),
            "keywords": tuple(draw(st.lists(words, max_size=3))),
            "themes": tuple(draw(st.lists(st.sampled_from(Theme), max_size=3))),
            "contact": draw(
                st.sampled_from([None, Contact(office="大数据处", telephone="010-1 转 2")])
            ),
            "modified": draw(st.sampled_from([None, "2026-01-01"])),
            "edition": draw(words),
            "replaces": draw(st.none() | other_codes),
            "series": draw(st.none() | other_codes),
            "related": tuple(draw(st.lists(other_codes, max_size=2))),
            "distributions": (distribution,) * draw(st.integers(1, 2)),
            "on_platform": draw(st.booleans()),
        }
    )


@given(described())
def test_what_is_written_is_read_as_the_same(item: Description) -> None:
    assert from_json(Description, item.canonical()) == item
    catalogue = Catalogue(
        id=SMALL.id,
        title=SMALL.title,
        abstract=SMALL.abstract,
        departments=SMALL.departments,
        duties=SMALL.duties,
        resources={ECON: (item,)},
        english={},
    )
    assert read_catalogue(write_catalogue(catalogue), "x") == catalogue


def small() -> Any:
    return json.loads(write_catalogue(SMALL))


def everywhere(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a document with a change made to each of its objects and lists, from the innermost on."""
    if isinstance(value, dict):
        value = {
            key: one if key == "@context" else everywhere(one, change) for key, one in value.items()
        }
    elif isinstance(value, list):
        value = [everywhere(one, change) for one in value]
    return change(value)


def renamed(document: Any) -> Any:
    """Use other prefixes, and other names for keywords."""
    text = json.dumps({key: one for key, one in document.items() if key != "@context"})
    for prefix in PREFIXES:
        text = text.replace(f'"{prefix}:', f'"my{prefix}:')
    context: dict[str, Any] = {f"my{prefix}": iri for prefix, iri in PREFIXES.items()}
    text = text.replace('"@id":', '"id":').replace('"@type": "my', '"type": "my')
    return {"@context": [context, {"id": "@id", "type": "@type"}], **json.loads(text)}


def full(document: Any) -> Any:
    """Write every IRI out, without a context."""

    def whole(value: Any) -> Any:
        if isinstance(value, str):
            prefix, _, rest = value.partition(":")
            return PREFIXES[prefix] + rest if prefix in PREFIXES else value
        return value

    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                whole(key): whole(one) if key in ("@id", "@type") else one
                for key, one in value.items()
                if key != "@context"
            }
        return value

    return everywhere(document, change)


def single(document: Any) -> Any:
    """Take what is one value out of its list."""
    return everywhere(
        document, lambda one: one[0] if isinstance(one, list) and len(one) == 1 else one
    )


def listed(document: Any) -> Any:
    """Put what is one value into a list, as expanded documents have it."""

    def change(value: Any) -> Any:
        if not isinstance(value, dict) or "@value" in value:
            return value
        return {
            key: one if key[0] == "@" or isinstance(one, list) else [one]
            for key, one in value.items()
        }

    return everywhere(document, change)


def terms(document: Any) -> Any:
    """Use names of terms: with the type of their values, a language, and a vocabulary."""
    context = {
        **PREFIXES,
        "@vocab": PREFIXES["dct"],
        "publisher": {"@id": "dct:publisher", "@type": "@id"},
        "keyword": {"@id": "dcat:keyword", "@language": "zh", "@container": "@set"},
    }

    def change(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        changed = dict(value)
        if "dct:publisher" in changed:
            changed["publisher"] = changed.pop("dct:publisher")["@id"]
            changed["keyword"] = [one["@value"] for one in changed.pop("dcat:keyword", [])]
            changed["description"] = changed.pop("dct:description")
        return changed

    return everywhere(document, change) | {"@context": context}


def flattened(document: Any) -> Any:
    """Put departments and resources beside the catalogue, which refers to them."""
    context = document.pop("@context")
    beside = document["gds:department"] + document["dcat:dataset"]
    for term in ("gds:department", "dcat:dataset"):
        document[term] = [{"@id": one["@id"]} for one in document[term]]
    return {"@context": context, "@graph": [*beside, document]}


@pytest.mark.parametrize("shape", [renamed, full, single, listed, terms, flattened])
def test_every_shape_of_a_document_is_the_same_catalogue(shape: Callable[[Any], Any]) -> None:
    document = json.dumps(shape(small()), ensure_ascii=False).encode()
    assert read_catalogue(document, "x") == SMALL


def first(document: Any) -> Any:
    return document["dcat:dataset"][0]


FAULTS: list[tuple[Callable[[Any], object], str]] = [
    (
        lambda d: first(d).update({"dct:identifier": "1O2001/000001"}),
        r"^x: dataset 1 \(1O2001/000001\): .*class 1-3",
    ),
    (
        lambda d: first(d)["dct:publisher"].update({"@id": "urn:gds:uscc:11110000MB9K20022C"}),
        "dataset 1 .* publisher urn:gds:uscc:11110000MB9K20022C is not a department of this catalogue",
    ),
    (lambda d: first(d).update({"dct:issued": "2020-02-30"}), "no such day"),
    (lambda d: first(d).update({"dct:modified": "2019-01-01"}), "modified before it was published"),
    (
        lambda d: first(d)["dct:accrualPeriodicity"].update({"@id": "freq:hourly"}),
        "accrualPeriodicity .*hourly is unknown; use one of freq:continuous",
    ),
    (lambda d: first(d)["dct:spatial"].update({"@id": "110108"}), "does not begin with"),
    (
        lambda d: first(d)["dct:accessRights"].update({"gds:shareType": "not_shared"}),
        "needs its basis",
    ),
    (
        lambda d: first(d)["dct:title"][1].update({"@language": "zh"}),
        "a title is needed in zh and in en",
    ),
    (lambda d: first(d)["dct:title"].pop(), "a title is needed in zh and in en"),
    (lambda d: first(d).update({"gds:secrecy": "secret"}), "only unclassified"),
    (lambda d: first(d).pop("gds:duty"), r"dataset 1 \(.*\): gds:duty: is missing"),
    (lambda d: first(d).update({"dct:typo": 1}), "dct:typo has no place in the directory"),
    (
        lambda d: first(d)["gds:field"][0].update({"gds:typo": 1}),
        "gds:field: gds:typo has no place",
    ),
    (lambda d: first(d).update({"gds:open": "yes"}), "gds:open: must be true or false"),
    (lambda d: first(d).update({"gds:duty": ["A-001", "B-001"]}), "gds:duty: has 2 values"),
    (lambda d: first(d).update({"gds:field": "uscc"}), "gds:field: must be an object"),
    (
        lambda d: d["dcat:dataset"].append(dict(first(d), **{"@id": "urn:x"})),
        "104001/000001 is used twice",
    ),
    (lambda d: d.update({"@type": "dcat:Dataset"}), "has 0 catalogues"),
    (lambda d: d.update({"@context": "https://www.w3.org/ns/dcat.jsonld"}), "is not fetched"),
    (lambda d: d["@context"].pop("gds"), r"dataset 1 .*gds:secrecy: is missing"),
    (lambda d: d.update({"title": "x"}), "title has no meaning"),
    (lambda d: d["@context"].update({"a": "b:x", "b": "a:x"}), "is defined by itself"),
    (lambda d: d["@context"].update({"@import": "x"}), "@import is not supported"),
    (lambda d: first(d).update({"@reverse": {}}), "@reverse is not supported"),
    (lambda d: first(d).update({"dct:issued": [["2020-01-01"]]}), "a list within a list"),
    (
        lambda d: d["gds:department"][0].update({"gds:uscc": "11110000MB9E10013X"}),
        "department EconInfoMSP: .*check character",
    ),
    (
        lambda d: d["gds:department"][0]["gds:duty"][0].update({"gds:code": "x"}),
        "gds:duty: duty x: .*MKTSUP-012",
    ),
]


@pytest.mark.parametrize(("change", "message"), FAULTS)
def test_each_mistake_is_named_with_its_place(
    change: Callable[[Any], object], message: str
) -> None:
    document = small()
    change(document)
    with pytest.raises(ContractError, match=message):
        read_catalogue(json.dumps(document).encode(), "x")


def test_what_is_no_json_document() -> None:
    with pytest.raises(ContractError, match=r"^x: JSON .*not valid"):
        read_catalogue(b"{", "x")
    with pytest.raises(ContractError, match="twice"):
        read_catalogue(SOURCE.replace(b'"@type"', b'"@id"', 1), "x")
    with pytest.raises(ContractError, match=r"^x: "):
        read_catalogue(b"[" * 100_000, "x")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["@id", "@type", "@graph", "@context", "@value", "dct:title", "x"])
                | st.text(),
                inner,
            )
        ),
    )
)
def test_any_json_is_read_or_refused_with_its_name(document: Any) -> None:
    with pytest.raises(ContractError, match=r"^x: "):
        read_catalogue(json.dumps(document).encode(), "x")
