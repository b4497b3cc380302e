"""The bundled catalogue: all departments of the city, real descriptions, valid by the contract's own rules."""

from datetime import date
from importlib import resources

import pytest
from pyfabric_municipal.catalogue import (
    Catalogue,
    batches,
    bundled_catalogue,
    generated_catalogue,
    read_catalogue,
    write_catalogue,
)
from pyfabric_municipal.common.values.regions import require_beijing_region
from pyfabric_municipal.common.values.timestamps import parse_date
from pyfabric_municipal.directory.description import Description, ShareType, Theme
from pyfabric_municipal.directory.rows import (
    PER_TRANSACTION,
    code_rows,
    draft_rows,
    duty_rows,
)
from pyfabric_network.topology.bundled import bundled_topologies
from pyfabric_network.topology.loading import load_topology

from pyfabric.chaincode import from_json
from tests.support.municipal.municipal import ECON, HAI, MKT, City

TODAY = date(2026, 11, 30)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return bundled_catalogue()


def test_it_has_the_departments_of_the_city(catalogue: Catalogue) -> None:
    city = load_topology(bundled_topologies()["city"])
    wanted = {city.msp_id(name) for name in city.departments}
    assert {one.msp_id for one in catalogue.departments} == wanted
    assert len({one.uscc for one in catalogue.departments}) == len(wanted)
    assert catalogue.english.keys() >= wanted


def test_each_department_has_eight_to_twelve_resources_of_eight_to_sixty_fields(
    catalogue: Catalogue,
) -> None:
    for items in catalogue.resources.values():
        assert 8 <= len(items) <= 12
        assert all(8 <= len(item.fields) <= 60 for item in items)


def test_descriptions_differ_and_are_complete(catalogue: Catalogue) -> None:
    every = list(catalogue.all_resources())
    for texts in (
        [item.abstract for item in every],
        [item.title for item in every],
        [item.title_en for item in every],
    ):
        assert len(set(texts)) == len(texts)
    assert all(len(item.abstract) >= 30 for item in every)
    assert all(item.keywords and item.themes and item.contact and item.modified for item in every)
    assert {item.share.type for item in every} == set(ShareType)
    assert len({item.cycle for item in every}) == 6
    assert {one for item in every for one in item.themes} == set(Theme) - {
        Theme.PRICES,
        Theme.ENERGY,
    }
    assert any(each.checksum for item in every for each in item.distributions)


def test_every_duty_and_relation_is_there(catalogue: Catalogue) -> None:
    codes = {item.code for item in catalogue.all_resources()}
    for msp_id, items in catalogue.resources.items():
        duties = {duty.code for duty in catalogue.duties[msp_id]}
        assert {item.duty for item in items} <= duties
        assert {code for item in items for code in item.related} <= codes
        assert all(map(is_current, items))


def is_current(item: Description) -> bool:
    """Return whether the contract takes a description today; raises for a region that is not valid."""
    require_beijing_region(item.region, TODAY)
    return parse_date(item.modified or item.issued) <= TODAY


def test_it_is_written_as_it_is_exported(catalogue: Catalogue) -> None:
    source = resources.files("pyfabric_municipal").joinpath("data/catalogue.jsonld").read_bytes()
    assert write_catalogue(catalogue) == source


def test_the_contract_takes_all_of_it(catalogue: Catalogue) -> None:
    city, part = City(), catalogue.of([ECON, MKT, HAI])
    for msp_id, items in part.resources.items():
        for claims in batches(part.duties[msp_id]):
            city.batch(msp_id, "claim_duties", *duty_rows(claims))
        for batch in batches(items):
            city.batch(msp_id, "draft", *draft_rows(batch))
            city.batch(msp_id, "submit", *code_rows(batch))
            city.batch(HAI if msp_id == ECON else ECON, "publish", *code_rows(batch))
    page = city.ask(HAI, "Directory:listed", "resource", "provider", [], 200, "")
    assert len(page["items"]) == len(list(part.all_resources()))
    assert {item["state"] for item in page["items"]} == {"published"}
    (twice,) = city.ask(ECON, "Directory:duplicates", 200)["items"]
    assert twice["datum"] == "enterprise.contact_address"
    assert len(city.ask(HAI, "Directory:holders", "uscc")["items"]) > 15


def test_batches_fit_in_transactions() -> None:
    parts = list(batches(range(2 * PER_TRANSACTION + 1)))
    assert [len(part) for part in parts] == [PER_TRANSACTION, PER_TRANSACTION, 1]
    assert list(batches([])) == []


def test_a_seed_makes_the_same_catalogue_again_and_another_another() -> None:
    made = generated_catalogue(60, seed=7)
    assert generated_catalogue(60, seed=7) == made
    assert generated_catalogue(60, seed=8).resources != made.resources
    assert read_catalogue(write_catalogue(made), "generated") == made


def test_generated_resources_are_valid_and_have_codes_of_their_own(catalogue: Catalogue) -> None:
    made = list(generated_catalogue(100, seed=1).all_resources())
    assert len({item.code for item in made}) == len(made) == 100
    known = {item.code for item in catalogue.all_resources()}
    for item in made:
        assert from_json(Description, item.canonical()) == item
        assert item.code not in known
        assert item.series in known
        assert is_current(item)
