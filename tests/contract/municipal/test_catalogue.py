"""The catalogue: the bundled one is valid, and errors name the place of the fault."""

import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest
from pyfabric_municipal.catalogue import batches, bundled_catalogue, read_catalogue
from pyfabric_municipal.description import ShareType
from pyfabric_municipal.ledger_access import MAX_BATCH

from pyfabric.chaincode import ContractError
from tests.support.municipal.municipal import DEADLINES, ECON, HAI, MKT, City

SOURCE = resources.files("pyfabric_municipal").joinpath("data/catalogue.jsonld").read_bytes()


def changed(change: Callable[[Any], object]) -> bytes:
    document = json.loads(SOURCE)
    change(document)
    return json.dumps(document).encode()


def first(document: Any) -> Any:
    return document["dcat:dataset"][0]


def test_at_least_sixty_resources_of_three_departments_and_all_share_types() -> None:
    catalogue = bundled_catalogue()
    every = [item for items in catalogue.resources.values() for item in items]
    assert len(every) >= 60
    assert {each.msp_id for each in catalogue.departments} == {ECON, MKT, HAI}
    assert all(len(items) >= 20 for items in catalogue.resources.values())
    assert {item.share.type for item in every} == set(ShareType)
    assert len({item.cycle for item in every}) == 6


def test_the_contract_takes_all_of_it() -> None:
    city, catalogue = City(), bundled_catalogue()
    founding = city.call(ECON, "Directory:found", ECON, DEADLINES, list(catalogue.departments))
    for msp_id in (MKT, HAI):
        city.call(msp_id, "Directory:confirm_founding", founding)
    for msp_id, items in catalogue.resources.items():
        for claims in batches(catalogue.duties[msp_id]):
            city.call(msp_id, "Directory:claim_duties", claims)
        for batch in batches(items):
            codes = [item.code for item in batch]
            city.call(msp_id, "Directory:draft", batch)
            city.call(msp_id, "Directory:submit", codes)
            city.call(ECON, "Directory:publish", codes)
    page = city.ask(HAI, "Directory:resources", 200)
    assert len(page["items"]) == sum(map(len, catalogue.resources.values()))
    assert {item["state"] for item in page["items"]} == {"published"}
    (twice,) = city.ask(ECON, "Directory:duplicates")
    assert twice["datum"] == "enterprise.contact_address"
    assert len(city.ask(HAI, "Directory:holders", "uscc")) > 20


def test_batches_fit_in_transactions() -> None:
    parts = list(batches(range(2 * MAX_BATCH + 1)))
    assert [len(part) for part in parts] == [MAX_BATCH, MAX_BATCH, 1]
    assert list(batches([])) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: first(d).update({"dct:identifier": "1O2001/000001"}),
            r"^x: dataset 1 \(1O2001/000001\): .*class 1-3",
        ),
        (
            lambda d: first(d)["dct:publisher"].update({"@id": "urn:gds:uscc:1"}),
            "dataset 1 .* publisher urn:gds:uscc:1 is not a department of this catalogue",
        ),
        (lambda d: first(d).update({"dct:issued": "2020-02-30"}), "no such day"),
        (
            lambda d: first(d)["dct:accrualPeriodicity"].update({"@id": "freq:hourly"}),
            "accrualPeriodicity freq:hourly is unknown; use one of freq:continuous",
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
        (lambda d: first(d)["dct:title"].pop(), "dcat:dataset.0.dct:title"),
        (lambda d: first(d).update({"gds:secrecy": "secret"}), "only unclassified"),
        (lambda d: first(d).pop("gds:duty"), "dcat:dataset.0.gds:duty: Field required"),
        (lambda d: first(d).update({"dct:typo": 1}), "dcat:dataset.0.dct:typo: Extra inputs"),
        (lambda d: d["dcat:dataset"].append(first(d)), "102001/000001 is used twice"),
        (lambda d: d["@context"].update({"dct": "http://x/"}), "@context: the prefixes must be"),
        (
            lambda d: d["gds:department"][0].update({"gds:uscc": "11110000MB9E10013X"}),
            "publisher .* is not a department of this catalogue|department EconInfoMSP: .*check character",
        ),
        (
            lambda d: d["gds:department"][0]["gds:duty"][0].update({"gds:code": "x"}),
            "department EconInfoMSP: duty x: .*MKTSUP-012",
        ),
    ],
)
def test_each_mistake_is_named_with_its_place(
    change: Callable[[Any], object], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        read_catalogue(changed(change), "x")


def test_what_is_no_json_document() -> None:
    with pytest.raises(ContractError, match=r"^x: not JSON"):
        read_catalogue(b"{", "x")
    with pytest.raises(ContractError, match="appears twice"):
        read_catalogue(SOURCE.replace(b'"@type"', b'"@id"', 1), "x")
