"""A topology worked out: every name, address, port, path and package id of the network. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pyfabric.errors import NetworkError
from pyfabric.messages.addresses import Address
from pyfabric_network.topology.ca_servers import CAServer
from pyfabric_network.topology.clients import with_clients
from pyfabric_network.topology.contracts import (
    ContractPlan,
    ServedPackage,
    make_contracts,
    with_settings,
)
from pyfabric_network.topology.departments import DepartmentPlan, make_department
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.organizations import Further, Organization
from pyfabric_network.topology.places import LOOPBACK, Place
from pyfabric_network.topology.spec import PORTS_PER_DEPARTMENT, Topology


@dataclass(frozen=True)
class ChannelPlan:
    """A channel: its members, its contracts, the file of its genesis block, and the nodes that have `left` it.

    `sequences` are those of contracts that have another one here than the topology gives them for all channels.
    """

    name: str
    departments: tuple[DepartmentPlan, ...]
    contracts: tuple[ContractPlan, ...]
    policies: Mapping[str, str]
    acls: Mapping[str, str]
    block: Path
    sequences: Mapping[str, int]
    left: frozenset[str] = frozenset()

    def sequence(self, contract: ContractPlan) -> int:
        """Return the sequence of a contract's definition on this channel."""
        return self.sequences.get(contract.name, contract.spec.sequence)

    @property
    def own(self) -> tuple[DepartmentPlan, ...]:
        """Its departments with peers in it on this machine."""
        return tuple(one for one in self.departments if one.place.here and self.peers_of(one))

    def peers(self) -> tuple[Node, ...]:
        """Return the peers that join it."""
        return tuple(peer for department in self.departments for peer in self.peers_of(department))

    def peers_of(self, department: DepartmentPlan) -> tuple[Node, ...]:
        """Return the peers of one of its departments that join it."""
        return tuple(peer for peer in department.peers if peer.name not in self.left)


@dataclass(frozen=True)
class Plan:
    """The whole network; `root` is the network's folder, and everything that is made is inside it.

    `served` is what contract hosts serve. `places` are those of the departments that are known to have
    machines of their own; without any, the whole network is on this machine. `containers` is true if
    nodes run in containers. `contract_user` is the user of this machine whose rights contracts have. With `every_ca`
    each department has a CA server, whatever the topology.
    """

    topology: Topology
    root: Path
    served: tuple[ServedPackage, ...]
    places: Mapping[str, Place]
    containers: bool
    departments: Mapping[str, DepartmentPlan]
    contracts: Mapping[str, ContractPlan]
    channels: Mapping[str, ChannelPlan]
    contract_user: str | None = None
    every_ca: bool = False

    @property
    def name(self) -> str:
        """The network's name."""
        return self.topology.name

    @property
    def project(self) -> str:
        """The name of what runs on this machine: the network, or one department's part of it."""
        if self.places and len(self.own) == 1:
            return f"{self.name}-{self.own[0].folder.name}"
        return self.name

    @cached_property
    def peers(self) -> tuple[Node, ...]:
        """Every peer."""
        return tuple(peer for department in self.departments.values() for peer in department.peers)

    @cached_property
    def orderers(self) -> tuple[Node, ...]:
        """Every orderer, department by department."""
        return tuple(
            node for department in self.departments.values() for node in department.orderers
        )

    @cached_property
    def own(self) -> tuple[DepartmentPlan, ...]:
        """The departments whose nodes run on this machine: all, unless they have their own."""
        return tuple(one for one in self.departments.values() if one.place.here)

    @cached_property
    def own_organizations(self) -> tuple[Organization, ...]:
        """The organisations of these departments."""
        return tuple(one for department in self.own for one in department.organizations)

    @cached_property
    def own_with_peers(self) -> tuple[DepartmentPlan, ...]:
        """Those of these departments that have peers, and so a contract host and users."""
        return tuple(department for department in self.own if department.peers)

    @cached_property
    def own_orderers(self) -> tuple[Node, ...]:
        """The orderers that run on this machine."""
        return tuple(node for department in self.own for node in department.orderers)

    @cached_property
    def own_peers(self) -> tuple[Node, ...]:
        """The peers that run on this machine."""
        return tuple(node for department in self.own for node in department.peers)

    @cached_property
    def own_ca_servers(self) -> tuple[CAServer, ...]:
        """The CA servers that run on this machine."""
        return tuple(one.cas for one in self.own if one.cas is not None)

    @property
    def own_servers(self) -> tuple[Node | CAServer, ...]:
        """The nodes, then the CA servers, that run on this machine."""
        return (*self.own_nodes, *self.own_ca_servers)

    @property
    def own_nodes(self) -> tuple[Node, ...]:
        """The orderers, then the peers, that run on this machine."""
        return (*self.own_orderers, *self.own_peers)

    @property
    def missing(self) -> tuple[str, ...]:
        """The departments whose public definitions are missing, between departments with own machines."""
        return tuple(name for name in self.departments if self.places and name not in self.places)

    def channels_of(self, department: DepartmentPlan) -> tuple[ChannelPlan, ...]:
        """Return the channels that a department's nodes join: its own, or all if it runs orderers."""
        return tuple(
            channel
            for channel in self.channels.values()
            if department.orderers or department in channel.departments
        )

    def department(self, name: str) -> DepartmentPlan:
        """Return a department by its name; raises NetworkError that names the ones there are."""
        if name not in self.departments:
            known = ", ".join(self.departments)
            raise NetworkError(f"no department named {name} in {self.name}; there are: {known}")
        return self.departments[name]

    def contract(self, name: str) -> ContractPlan:
        """Return a contract by its name; raises NetworkError that names the ones there are."""
        if name not in self.contracts:
            known = ", ".join(self.contracts) or "none"
            raise NetworkError(f"no contract named {name} in {self.name}; there are: {known}")
        return self.contracts[name]

    def channel(self, name: str) -> ChannelPlan:
        """Return a channel by its name; raises NetworkError that names the ones there are."""
        if name not in self.channels:
            known = ", ".join(self.channels)
            raise NetworkError(f"no channel named {name} in {self.name}; there are: {known}")
        return self.channels[name]

    def owner(self, node: Node | Organization) -> DepartmentPlan:
        """Return the department that runs a node, or has an organisation."""
        return next(
            department
            for department in self.departments.values()
            if any(one.msp_id == node.msp_id for one in department.organizations)
        )

    def organization(self, node: Node) -> Organization:
        """Return the organisation whose identity a node has."""
        return next(one for one in self.owner(node).organizations if one.msp_id == node.msp_id)

    def serving(self, served: Sequence[ServedPackage]) -> "Plan":
        """Return the same network with other packages served by its contract hosts."""
        return replace(self, served=tuple(served))

    def served_by(self, department: DepartmentPlan) -> tuple[ServedPackage, ...]:
        """Return what a department's contract host serves: the contracts of its channels."""
        own = {
            contract.name
            for channel in self.channels.values()
            if department in channel.departments
            for contract in channel.contracts
        }
        return tuple(item for item in self.served if item.contract in own)

    def listening(self, *, running: Collection[str] = ()) -> dict[str, Address]:
        """Return where the network listens on this machine, each address with what listens there.

        Nodes, CA servers and contract hosts whose names are among `running` are left out.
        """
        found: dict[str, Address] = {}
        for one in self.own_servers:
            if one.name not in running:
                found |= one.listening()
        for department in self.own_with_peers:
            if department.contract_host.name not in running:
                found |= department.listening(self.served_by(department))
        return found


def make_plan(
    topology: Topology,
    root: Path,
    *,
    base_port: int,
    served: Sequence[ServedPackage] = (),
    places: Mapping[str, Place] | None = None,
    containers: bool = False,
    code: Mapping[str, str] | None = None,
    contract_user: str | None = None,
    left: Mapping[str, Collection[str]] | None = None,
    users: Further | None = None,
    every_ca: bool = False,
) -> Plan:
    """Work a topology out below `root`.

    `served` is what contract hosts serve already: a package keeps its port for as long as it is served.
    `places` are those of departments with machines of their own, as far as they are known. In
    `containers`, the nodes of this machine reach each other by host name. `code` are the digests of
    contracts' files (see `kept_code`), `left` the names of the nodes that have left a channel, by channel, `users`
    those whom the topology does not have. With `every_ca` each department has a CA server, whatever the topology.
    Raises NetworkError when contract ports run out.
    """
    known = places or {}
    usual = {
        name: Place(LOOPBACK, base_port + PORTS_PER_DEPARTMENT * index, here=not known)
        for index, name in enumerate(topology.departments)
    }
    departments = {
        name: make_department(
            topology,
            name,
            root,
            known.get(name, place),
            users or {},
            containers=containers,
            ca_server=every_ca or topology.has_ca_server(name),
        )
        for name, place in usual.items()
    }
    departments = with_clients(departments, topology)
    contracts = make_contracts(topology, served, code or {})
    channels = {
        name: ChannelPlan(
            name=name,
            departments=tuple(departments[member] for member in spec.departments),
            contracts=tuple(contracts[contract] for contract in spec.contracts),
            policies=spec.policies,
            acls=spec.acls,
            block=root / "channels" / f"{name}.block",
            sequences=spec.sequences,
            left=frozenset((left or {}).get(name, ())),
        )
        for name, spec in topology.channels.items()
    }
    now_served = with_settings(topology, served)
    return Plan(
        topology=topology,
        root=root,
        served=now_served,
        places=known,
        containers=containers,
        departments=departments,
        contracts=contracts,
        channels=channels,
        contract_user=contract_user,
        every_ca=every_ca,
    )
