"""Two departments with the contract of `deeds_contract`, on the embedded runtime."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import load_profile, profile_file

from pyfabric.errors import ValidationCode
from pyfabric.gateway import Contract, connect
from tests.support.paths import TESTS

SOURCE = TESTS / "support" / "contracts" / "deeds_contract.py"
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


class Deeds:
    """The running network, and the contract as the clerk of Tax calls it."""

    def __init__(self, network: Network, stack: ExitStack) -> None:
        self.network = network
        profile = load_profile(profile_file(network.plan, network.plan.department("Tax")))
        self.gateway = stack.enter_context(connect(profile.user("clerk"), profile.peers))
        self.contract: Contract = self.gateway.network("estate").contract("deeds")

    def submit(self, *call: str, by: str = "TaxMSP") -> ValidationCode | int:
        """Return what a transaction comes to that only this department endorses."""
        endorsed = self.contract.new_proposal(*call, endorsing_organizations=[by]).endorse()
        return endorsed.submit().status().code


@contextmanager
def running_deeds(folder: Path) -> Iterator[Deeds]:
    """Yield the network, up on free ports with its contract; down afterwards."""
    (folder / SOURCE.name).write_text(SOURCE.read_text())
    (folder / "topology.yaml").write_text(TOPOLOGY)
    network = Network.prepare(folder / "topology.yaml", folder / "state", base_port=ANY_FREE_PORT)
    network.up()
    try:
        network.deploy()
        with ExitStack() as stack:
            yield Deeds(network, stack)
    finally:
        network.down()
