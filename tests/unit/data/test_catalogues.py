"""A catalogue is a table for the functions of the directory, whole and without a fault."""

import json
from importlib import import_module, resources
from pathlib import Path

import pytest
from pyfabric_cli.data.catalogues import catalogue_table
from pyfabric_cli.data.forms import Form, function_of
from pyfabric_cli.data.schemas import Schemas
from pyfabric_municipal.catalogue import bundled_catalogue
from pyfabric_network.topology.bundled import bundled_topologies
from pyfabric_network.topology.loading import load_topology

from pyfabric.chaincode import Chaincode, Contract
from pyfabric.chaincode.testing import TestLedger
from tests.support.extent import extent

FILE = Path(str(resources.files("pyfabric_municipal").joinpath("data/catalogue.jsonld")))
CATALOGUE = bundled_catalogue()


def contracts() -> list[Contract]:
    """Return the contracts of the directory, as the city deploys them."""
    named = load_topology(bundled_topologies()["city"]).contracts["directory"].classes
    places = [name.split(":") for name in named]
    return [getattr(import_module(module), name)() for module, name in places]


METADATA = json.loads(
    TestLedger(Chaincode(contracts())).evaluate("org.hyperledger.fabric:GetMetadata")
)


def form(function: str) -> Form:
    return Form(function_of(METADATA, function), Schemas(METADATA))


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        ("Directory:claim_duties", {one: len(each) for one, each in CATALOGUE.duties.items()}),
        ("Directory:draft", {one: len(each) for one, each in CATALOGUE.resources.items()}),
        ("Directory:submit", {one: len(each) for one, each in CATALOGUE.resources.items()}),
    ],
)
def test_each_department_s_part_has_no_fault(function: str, wanted: dict[str, int]) -> None:
    rows = form(function)
    departments = list(wanted.items())
    for msp_id, count in departments[: extent(3, len(departments))]:
        entries, faults = rows.entries(catalogue_table(FILE, msp_id, rows.fields()))
        assert faults == []
        assert len(entries) == count


def test_a_department_that_is_not_in_it_has_no_rows() -> None:
    rows = form("Directory:draft")
    assert catalogue_table(FILE, "NobodyMSP", rows.fields()).rows == ()
