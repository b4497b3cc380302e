"""Key-level endorsement of public and private keys by a Python contract on the development ledger."""

from collections.abc import Iterator

import pytest

from pyfabric.errors import ValidationCode
from tests.support.network.deeds_network import Deeds, running_deeds


@pytest.fixture(scope="module")
def deeds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deeds]:
    with running_deeds(tmp_path_factory.mktemp("policies")) as made:
        yield made


@pytest.mark.parametrize("collection", ["", "files"])
def test_a_bound_key_needs_its_departments(deeds: Deeds, collection: str) -> None:
    place = (collection, "parcel")
    assert deeds.submit("put", *place, "1") is ValidationCode.VALID
    assert deeds.contract.evaluate("bound", *place) == b""
    assert deeds.submit("bind", *place, "LandMSP") is ValidationCode.VALID
    assert deeds.contract.evaluate("bound", *place) == b"LandMSP"
    assert deeds.submit("put", *place, "2") is ValidationCode.ENDORSEMENT_POLICY_FAILURE
    assert deeds.submit("put", *place, "2", by="LandMSP") is ValidationCode.VALID
    assert deeds.submit("bind", *place, "TaxMSP", by="LandMSP") is ValidationCode.VALID
    for alone in ("LandMSP", "TaxMSP"):
        refused = deeds.submit("put", *place, "3", by=alone)
        assert refused is ValidationCode.ENDORSEMENT_POLICY_FAILURE
    deeds.contract.submit("put", *place, "3")
    deeds.contract.submit("release", *place, "LandMSP")
    assert deeds.contract.evaluate("bound", *place) == b"TaxMSP"
    assert deeds.submit("put", *place, "4") is ValidationCode.VALID
