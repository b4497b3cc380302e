"""Key-level endorsement of a Python contract, on the development ledger: public and private keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import load_profile, profile_file

from pyfabric.errors import ValidationCode
from pyfabric.gateway import Contract, connect

SOURCE = Path(__file__).parents[1] / "support" / "deeds_contract.py"
TOPOLOGY = """\
name: deeds
departments:
  Tax: { users: { clerk: {} } }
  Land: { users: { clerk: {} } }
ordering: { nodes: [Tax], batch: { timeout: 20ms } }
channels:
  estate: { departments: [Tax, Land], contracts: [deeds] }
contracts:
  deeds:
    version: "1"
    classes: ["deeds_contract:Deeds"]
    endorsement: OR('TaxMSP.peer', 'LandMSP.peer')
    collections: { files: { members: [Tax, Land] } }
"""


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contract]:
    folder = tmp_path_factory.mktemp("deeds")
    (folder / SOURCE.name).write_text(SOURCE.read_text())
    (folder / "topology.yaml").write_text(TOPOLOGY)
    network = Network.prepare(folder / "topology.yaml", folder / "state", base_port=ANY_FREE_PORT)
    network.up()
    try:
        network.deploy()
        profile = load_profile(profile_file(network.plan, network.plan.department("Tax")))
        with connect(profile.user("clerk"), profile.peers) as gateway:
            yield gateway.network("estate").contract("deeds")
    finally:
        network.down()


def submit(contract: Contract, *call: str, by: str) -> ValidationCode | int:
    """What a transaction comes to that only this department endorses."""
    endorsed = contract.new_proposal(*call, endorsing_organizations=[by]).endorse()
    return endorsed.submit().status().code


@pytest.mark.parametrize("collection", ["", "files"])
def test_a_bound_key_needs_its_departments(contract: Contract, collection: str) -> None:
    place = (collection, "parcel")
    assert submit(contract, "put", *place, "1", by="TaxMSP") is ValidationCode.VALID
    assert contract.evaluate("bound", *place) == b""
    assert submit(contract, "bind", *place, "LandMSP", by="TaxMSP") is ValidationCode.VALID
    assert contract.evaluate("bound", *place) == b"LandMSP"
    refused = submit(contract, "put", *place, "2", by="TaxMSP")
    assert refused is ValidationCode.ENDORSEMENT_POLICY_FAILURE
    assert submit(contract, "put", *place, "2", by="LandMSP") is ValidationCode.VALID
    assert submit(contract, "bind", *place, "TaxMSP", by="LandMSP") is ValidationCode.VALID
    for alone in ("LandMSP", "TaxMSP"):
        refused = submit(contract, "put", *place, "3", by=alone)
        assert refused is ValidationCode.ENDORSEMENT_POLICY_FAILURE
    contract.submit("put", *place, "3")
    contract.submit("release", *place, "LandMSP")
    assert contract.evaluate("bound", *place) == b"TaxMSP"
    assert submit(contract, "put", *place, "4", by="TaxMSP") is ValidationCode.VALID
