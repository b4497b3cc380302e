"""The chaincodes of the city: contracts of one chaincode share its ledger, and must not mean two things by one kind."""

import importlib
from pathlib import Path

import pytest
import yaml
from pyfabric_municipal.common.contract import CityContract

CITY = Path(__file__).resolve().parents[3] / "network" / "city.yaml"
CONTRACTS = yaml.safe_load(CITY.read_text(encoding="utf-8"))["contracts"]


@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_a_kind_is_of_one_type_in_a_chaincode(name: str) -> None:
    found: dict[str, type] = {}
    for place in CONTRACTS[name]["classes"]:
        module, _, contract = place.partition(":")
        declared = getattr(importlib.import_module(module), contract)
        if issubclass(declared, CityContract):
            for record in declared.RECORDS:
                assert found.setdefault(record.KIND, record) is record
