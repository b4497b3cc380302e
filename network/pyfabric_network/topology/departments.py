"""The departments of a network: their organisations, users and contract hosts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pyfabric.messages.addresses import Address
from pyfabric_network.state_folder import ADMIN, TICKER
from pyfabric_network.topology.ca_servers import CAServer, make_ca_server, served_cas
from pyfabric_network.topology.contracts import ServedPackage, elsewhere_key, slot_key
from pyfabric_network.topology.nodes import Member, Node, make_nodes
from pyfabric_network.topology.organizations import (
    Further,
    Organization,
    make_ordering,
    make_server,
    make_users,
)
from pyfabric_network.topology.places import (
    CONTAINER_PORTS,
    CONTRACT_PORTS,
    CONTRACTS_FROM,
    HOST_OPERATIONS_PORT,
    LOOPBACK,
    Place,
)
from pyfabric_network.topology.spec import Ticked, Topology, User

__all__ = ["ADMIN", "DepartmentPlan", "make_department"]


@dataclass(frozen=True, kw_only=True)
class DepartmentPlan(Organization):
    """A department: the organisation of its peers and users, and `ordering`, that of its orderers.

    They are two organisations, because the Orderer group of every channel holds `ordering`: peers take an
    identity for a member of any channel that names its MSP, also of those that they have not joined. A
    department without peers has only `ordering`. Its nodes run at `place`. `elsewhere` has the addresses
    of its own services of contracts that no contract host serves, by contract. `contract_client` is what its
    peers show to their contracts, whose servers take nobody else. Its contract host ticks the clocks of `ticked`.
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
    ticked: tuple[Ticked, ...]

    @property
    def peers(self) -> tuple[Node, ...]:
        """Its peers."""
        return self.nodes

    @property
    def orderers(self) -> tuple[Node, ...]:
        """Its orderers."""
        return () if self.ordering is None else self.ordering.nodes

    @property
    def cas(self) -> CAServer | None:
        """The server of its CAs, if there is one."""
        ordering = None if self.ordering is None else self.ordering.ca_server
        return self.ca_server or ordering

    @property
    def organizations(self) -> tuple[Organization, ...]:
        """The organisations that it has: of its orderers, if it runs any, and of its peers, if it has any."""
        ordering = () if self.ordering is None else (self.ordering,)
        return (*ordering, self) if self.peers else ordering

    @property
    def tls_only(self) -> tuple[Member, ...]:
        """What has a TLS certificate, and no identity on the network."""
        return (self.contract_host, self.contract_client, *super().tls_only)

    @property
    def first_user(self) -> str:
        """The user that people's programs act as, unless they name another: the first one of the topology's own."""
        return next((short for short in self.users if short not in (ADMIN, TICKER)), ADMIN)

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
    topology: Topology,
    name: str,
    root: Path,
    place: Place,
    further: Further,
    *,
    containers: bool,
    ca_server: bool,
) -> DepartmentPlan:
    """Work out a department of a topology whose network is below `root`, with `further` users.

    With `ca_server` it has a CA server.
    """
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
    ticked = topology.ticked(name)
    users = {**spec.users, TICKER: User()} if ticked else spec.users
    host = make_server(folder, domain, "contracts", "contracts")
    contracts = Address(LOOPBACK, place.first_port + CONTRACTS_FROM)
    if containers:
        contracts = Address(host.name, CONTAINER_PORTS["contracts"])
    department = DepartmentPlan(
        name=name,
        domain=domain,
        title=spec.title,
        msp_id=msp_id,
        place=place,
        folder=folder,
        nodes=peers,
        anchor_peers=peers[: spec.anchor_peers],
        ordering=make_ordering(topology, name, folder, place, further, containers=containers),
        intermediate_ca=spec.intermediate_ca,
        users=make_users(folder, domain, users, further.get(msp_id, {})),
        contract_host=host,
        contract_client=Member(
            f"contract-client.{domain}", "client", folder / "contract-client", self_signed=True
        ),
        first_contract=contracts,
        host_operations=Address(LOOPBACK, place.first_port + HOST_OPERATIONS_PORT),
        elsewhere={
            contract: Address.parse(service.addresses[name])
            for contract, service in topology.contracts.items()
            if name in service.addresses
        },
        ticked=ticked,
    )
    return _with_ca_server(department) if ca_server else department


def _with_ca_server(department: DepartmentPlan) -> DepartmentPlan:
    """Return a department whose organisations' CAs are served, by a server with a certificate of the first of them."""
    ordering = department.ordering
    first = department if department.peers or ordering is None else ordering
    home = first.folder / "ca-server"
    served = [
        served_cas(one.domain, one.folder, home, one.msp_id, intermediate=one.intermediate_ca)
        for one in ((first,) if first is ordering or ordering is None else (first, ordering))
    ]
    server = make_ca_server(
        first.domain, home, department.place, [ca for cas in served for ca in cas]
    )
    if first is department or ordering is None:
        return replace(department, ca_server=server)
    return replace(department, ordering=replace(ordering, ca_server=server))
