"""The departments of a network: their folders, nodes, users and contract hosts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pyfabric.messages.addresses import Address
from pyfabric_network.topology.contracts import ServedPackage, elsewhere_key, slot_key
from pyfabric_network.topology.nodes import Member, Node, Unit, make_nodes
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

ADMIN = "Admin"


@dataclass(frozen=True)
class DepartmentPlan:
    """One organisation: its folders, nodes and users (by short name: Admin, clerk, …).

    Its nodes run at `place`. In containers it may have a Fabric CA, `ca_server`. `elsewhere` has the
    addresses of its own services of contracts that no contract host serves, by contract.
    """

    name: str
    title: str
    msp_id: str
    place: Place
    folder: Path
    peers: tuple[Node, ...]
    anchor_peers: tuple[Node, ...]
    orderers: tuple[Node, ...]
    intermediate_ca: bool
    users: Mapping[str, Member]
    contract_host: Member
    ca_server: Member | None
    ca_address: Address
    first_contract: Address
    host_operations: Address
    elsewhere: Mapping[str, Address]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Its orderers, then its peers."""
        return (*self.orderers, *self.peers)

    @property
    def servers(self) -> tuple[Member, ...]:
        """What listens with a certificate of its TLS CA and has no identity on the network."""
        return (self.contract_host, *([self.ca_server] if self.ca_server else []))

    @property
    def msp(self) -> Path:
        """The department's public definition: what every other department may see."""
        return self.folder / "msp"

    @property
    def ca(self) -> Path:
        """The folder of the CA that issues identities."""
        return self.folder / "ca"

    @property
    def root_ca(self) -> Path:
        """The folder of the root above that CA, if the department has an intermediate CA."""
        return self.folder / "rootca"

    @property
    def tls_ca(self) -> Path:
        """The folder of the CA for TLS."""
        return self.folder / "tlsca"

    @property
    def admin(self) -> Member:
        """The administrator that sets the network up."""
        return self.users[ADMIN]

    def members(self) -> tuple[Member, ...]:
        """Return everybody who gets an identity of this department."""
        nodes = (node.member for node in (*self.peers, *self.orderers))
        return (*nodes, *self.users.values())

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
    folder = root / "organizations" / name.lower()
    msp_id = topology.msp_id(name)
    nodes = partial(make_nodes, msp_id=msp_id, folder=folder, place=place, containers=containers)
    peers = nodes("peer", spec.peers)
    host = _server(folder, "contracts", "contracts")
    contracts = Address(LOOPBACK, place.first_port + CONTRACTS_FROM)
    if containers:
        contracts = Address(host.name, CONTAINER_PORTS["contracts"])
    users = {
        short: _user(folder, short, "client", one.attributes) for short, one in spec.users.items()
    }
    return DepartmentPlan(
        name=name,
        title=spec.title,
        msp_id=msp_id,
        place=place,
        folder=folder,
        peers=peers,
        anchor_peers=peers[: spec.anchor_peers],
        orderers=nodes("orderer", topology.ordering.nodes.count(name)),
        intermediate_ca=spec.intermediate_ca,
        users={ADMIN: _user(folder, ADMIN, "admin", {}), **users},
        contract_host=host,
        ca_server=_server(folder, "ca", "ca-server") if containers else None,
        ca_address=Address(LOOPBACK, place.first_port + CA_PORT),
        first_contract=contracts,
        host_operations=Address(LOOPBACK, place.first_port + HOST_OPERATIONS_PORT),
        elsewhere={
            contract: Address.parse(service.addresses[name])
            for contract, service in topology.contracts.items()
            if name in service.addresses
        },
    )


def _user(folder: Path, short: str, unit: Unit, attributes: Mapping[str, str]) -> Member:
    name = f"{short}@{folder.name}"
    return Member(name, unit, folder / "users" / name, attributes=attributes)


def _server(folder: Path, service: str, subfolder: str) -> Member:
    name = f"{service}.{folder.name}"
    return Member(name, "client", folder / subfolder, (name, "localhost", LOOPBACK))
