"""The departments of a network: their organisations, users and contract hosts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyfabric.messages.addresses import Address
from pyfabric_network.state_folder import ADMIN
from pyfabric_network.topology.contracts import ServedPackage, elsewhere_key, slot_key
from pyfabric_network.topology.nodes import Member, Node, make_nodes
from pyfabric_network.topology.organizations import (
    Organization,
    make_ordering,
    make_server,
    make_user,
)
from pyfabric_network.topology.places import (
    CA_PORT,
    CONTAINER_PORTS,
    CONTRACT_PORTS,
    CONTRACTS_FROM,
    HOST_OPERATIONS_PORT,
    LOOPBACK,
    Place,
)
from pyfabric_network.topology.spec import Topology

__all__ = ["ADMIN", "DepartmentPlan", "make_department"]


@dataclass(frozen=True, kw_only=True)
class DepartmentPlan(Organization):
    """A department: the organisation of its peers and users, and `ordering`, that of its orderers.

    They are two organisations, because the Orderer group of every channel holds `ordering`: peers take an
    identity for a member of any channel that names its MSP, also of those that they have not joined. A
    department without peers has only `ordering`. Its nodes run at `place`. `elsewhere` has the addresses
    of its own services of contracts that no contract host serves, by contract. `contract_client` is what its
    peers show to their contracts, whose servers take nobody else.
    """

    title: str
    place: Place
    anchor_peers: tuple[Node, ...]
    ordering: Organization | None
    contract_host: Member
    contract_client: Member
    first_contract: Address
    host_operations: Address
    elsewhere: Mapping[str, Address]

    @property
    def peers(self) -> tuple[Node, ...]:
        """Its peers."""
        return self.nodes

    @property
    def orderers(self) -> tuple[Node, ...]:
        """Its orderers."""
        return () if self.ordering is None else self.ordering.nodes

    @property
    def organizations(self) -> tuple[Organization, ...]:
        """The organisations that it has: of its orderers, if it runs any, and of its peers, if it has any."""
        ordering = () if self.ordering is None else (self.ordering,)
        return (*ordering, self) if self.peers else ordering

    @property
    def tls_only(self) -> tuple[Member, ...]:
        """What has a TLS certificate, and no identity on the network."""
        return (self.contract_host, self.contract_client, *super().tls_only)

    def builder_addresses(self) -> dict[str, str]:
        """Return what fills the addresses of packages at this department's peers, for every slot."""
        hosted = {
            slot_key(slot): str(self.contract_address(slot)) for slot in range(CONTRACT_PORTS)
        }
        return hosted | {
            elsewhere_key(name): str(address) for name, address in self.elsewhere.items()
        }

    def contract_address(self, slot: int) -> Address:
        """Return where this department's contract host listens for the package in `slot`."""
        return Address(self.first_contract.host, self.first_contract.port + slot)

    def listening(self, served: Sequence[ServedPackage]) -> dict[str, Address]:
        """Return where its contract host listens for these packages, each with what listens there."""
        found = {
            f"{item.label} of {self.name}": address
            for item in served
            for address in (self.contract_address(item.slot),)
            if address.is_loopback
        }
        if served:
            found[f"{self.contract_host.name} (operations)"] = self.host_operations
        return found


def make_department(
    topology: Topology, name: str, root: Path, place: Place, *, containers: bool
) -> DepartmentPlan:
    """Work out a department of a topology whose network is below `root`."""
    spec = topology.departments[name]
    domain = name.lower()
    folder = root / "organizations" / domain
    msp_id = topology.msp_id(name)
    peers = make_nodes(
        "peer",
        spec.peers,
        msp_id=msp_id,
        folder=folder,
        domain=domain,
        place=place,
        containers=containers,
    )
    host = make_server(folder, domain, "contracts", "contracts")
    contracts = Address(LOOPBACK, place.first_port + CONTRACTS_FROM)
    if containers:
        contracts = Address(host.name, CONTAINER_PORTS["contracts"])
    users = {
        short: make_user(folder, domain, short, "client", one.attributes)
        for short, one in spec.users.items()
    }
    return DepartmentPlan(
        name=name,
        domain=domain,
        title=spec.title,
        msp_id=msp_id,
        place=place,
        folder=folder,
        nodes=peers,
        anchor_peers=peers[: spec.anchor_peers],
        ordering=make_ordering(topology, name, folder, place, containers=containers),
        intermediate_ca=spec.intermediate_ca,
        users={ADMIN: make_user(folder, domain, ADMIN, "admin", {}), **users},
        contract_host=host,
        contract_client=Member(
            f"contract-client.{domain}", "client", folder / "contract-client", self_signed=True
        ),
        ca_server=make_server(folder, domain, "ca", "ca-server") if containers else None,
        ca_address=Address(LOOPBACK, place.first_port + CA_PORT),
        first_contract=contracts,
        host_operations=Address(LOOPBACK, place.first_port + HOST_OPERATIONS_PORT),
        elsewhere={
            contract: Address.parse(service.addresses[name])
            for contract, service in topology.contracts.items()
            if name in service.addresses
        },
    )
