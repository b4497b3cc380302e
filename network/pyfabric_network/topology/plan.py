"""A topology worked out: every name, address, port, path and package id of the network. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias

from pyfabric.admin.collections import CollectionConfig
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.errors import NetworkError
from pyfabric.messages.addresses import Address, is_loopback
from pyfabric_network.topology.spec import PORTS_PER_DEPARTMENT, ContractService, Topology

LOOPBACK = "127.0.0.1"
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - the other departments' nodes come from outside
ADMIN = "Admin"
Unit: TypeAlias = Literal["admin", "client", "peer", "orderer"]

# Where a department's 50 ports go: peers from 0 (2 each), a CA at 18, orderers from 20 (3 each), contracts
# from 30;
# the last port of each, and the last of all for the contract host, is of the operations service.
_CA_PORT, _ORDERERS_FROM, _CONTRACTS_FROM = 18, 20, 30
_HOST_OPERATIONS = PORTS_PER_DEPARTMENT - 1
_CONTRACT_PORTS = _HOST_OPERATIONS - _CONTRACTS_FROM
# Where a container listens for other containers: Fabric's usual ports, and contracts from 9000 on.
CONTAINER_PORTS: Mapping[Unit, int] = {"peer": 7051, "orderer": 7050, "client": 9000}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a department that has a machine of its own runs its nodes.

    The others reach them at `host` (a name or an address), at the department's ports from `first_port`
    on. `here` says whether this is the machine, which then has the department's keys.
    """

    host: str
    first_port: int
    here: bool

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of the same machine reach the host."""
        return is_loopback(self.host)

    @property
    def listening_host(self) -> str:
        """What the nodes listen on: every address of their machine, unless the host is loopback."""
        return self.host if self.is_loopback else _EVERYWHERE


@dataclass(frozen=True)
class Member:
    """A holder of certificates: an identity of its department (`msp`) and a TLS pair (`tls`).

    `unit` is the role that the identity's certificate states; `hosts` are the names that the TLS
    certificate is good for; `attributes` are for contracts to read.
    """

    name: str
    unit: Unit
    folder: Path
    hosts: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def msp(self) -> Path:
        """The MSP folder with this member's certificate and key."""
        return self.folder / "msp"

    @property
    def certificate(self) -> Path:
        """The identity's certificate."""
        return self.msp / "signcerts" / "cert.pem"

    @property
    def tls(self) -> Path:
        """The folder with the TLS certificate, key and roots."""
        return self.folder / "tls"

    @property
    def tls_certificate(self) -> Path:
        """The TLS certificate: a server's if the member has host names, otherwise a client's."""
        return self.tls / ("server.crt" if self.hosts else "client.crt")

    @property
    def tls_key(self) -> Path:
        """The key of the TLS certificate."""
        return self.tls_certificate.with_suffix(".key")

    @property
    def tls_roots(self) -> Path:
        """The certificate of the department's TLS CA."""
        return self.tls / "ca.crt"


@dataclass(frozen=True)
class Node:
    """A peer or an orderer: nodes reach it at `inside`, everything else at `outside`.

    `listen` is where its program listens; `operations` serves health and metrics; `admin` is the
    participation API of an orderer.
    """

    member: Member
    msp_id: str
    inside: Address
    outside: Address
    listen: Address
    operations: Address
    admin: Address | None = None

    @property
    def name(self) -> str:
        """The node's host name."""
        return self.member.name

    def listening(self) -> dict[str, Address]:
        """Where it listens on this machine, by what listens there."""
        found = {self.name: self.listen, f"{self.name} (operations)": self.operations}
        if self.admin is not None:
            found[f"{self.name} (participation API)"] = self.admin
        return found


@dataclass(frozen=True)
class DepartmentPlan:
    """One organisation: its folders, nodes and users (by short name: Admin, clerk, …).

    Its nodes run at `place`. In containers it may have a Fabric CA, `ca_server`. Its peers find its own service of a contract that no contract host serves
    in `elsewhere`.
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
        """Everybody who gets an identity here."""
        nodes = (node.member for node in (*self.peers, *self.orderers))
        return (*nodes, *self.users.values())

    def builder_addresses(self) -> dict[str, str]:
        """What fills the addresses of packages at this department's peers, whatever comes."""
        hosted = {
            _slot_key(slot): str(self.contract_address(slot)) for slot in range(_CONTRACT_PORTS)
        }
        return hosted | {
            _elsewhere_key(name): str(address) for name, address in self.elsewhere.items()
        }

    def contract_address(self, slot: int) -> Address:
        """Where this department's contract host listens for the package in `slot`."""
        return Address(self.first_contract.host, self.first_contract.port + slot)

    def listening(self, served: Sequence["Served"]) -> dict[str, Address]:
        """Where its contract host listens for these packages, by what listens there."""
        found = {
            f"{item.label} of {self.name}": address
            for item in served
            for address in (self.contract_address(item.slot),)
            if address.is_loopback
        }
        if served:
            found[f"{self.contract_host.name} (operations)"] = self.host_operations
        return found


@dataclass(frozen=True, slots=True)
class Served:
    """A package that contract hosts serve: `slot` says at which of the contract ports."""

    contract: str
    label: str
    package_id: str
    classes: tuple[str, ...]
    slot: int


@dataclass(frozen=True)
class ContractPlan:
    """A contract of the topology with its package, which is the same for all departments.

    `served` is what contract hosts must serve for it; None if it is served elsewhere.
    """

    name: str
    spec: ContractService
    collections: tuple[CollectionConfig, ...]
    package: ChaincodePackage
    served: Served | None


@dataclass(frozen=True)
class ChannelPlan:
    """A channel: its members, and the file of its first block."""

    name: str
    departments: tuple[DepartmentPlan, ...]
    contracts: tuple[ContractPlan, ...]
    policies: Mapping[str, str]
    acls: Mapping[str, str]
    block: Path

    @property
    def own(self) -> tuple[DepartmentPlan, ...]:
        """Its departments whose nodes run on this machine."""
        return tuple(department for department in self.departments if department.place.here)

    def peers(self) -> tuple[Node, ...]:
        """The peers that join it."""
        return tuple(peer for department in self.departments for peer in department.peers)


@dataclass(frozen=True)
class Plan:
    """The whole network; `root` is the state folder, and everything made is inside it.

    `places` are those of the departments that are known to have machines of their own; without any,
    the whole network is on this machine. `containers` says whether nodes run in containers.
    """

    topology: Topology
    root: Path
    places: Mapping[str, Place]
    containers: bool
    departments: Mapping[str, DepartmentPlan]
    contracts: Mapping[str, ContractPlan]
    channels: Mapping[str, ChannelPlan]

    @property
    def name(self) -> str:
        """The network's name."""
        return self.topology.name

    @property
    def project(self) -> str:
        """What runs on this machine, by name: the network, or one department's part of it."""
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
    def own_orderers(self) -> tuple[Node, ...]:
        """The orderers that run on this machine."""
        return tuple(node for department in self.own for node in department.orderers)

    @cached_property
    def own_peers(self) -> tuple[Node, ...]:
        """The peers that run on this machine."""
        return tuple(node for department in self.own for node in department.peers)

    @property
    def own_nodes(self) -> tuple[Node, ...]:
        """The orderers, then the peers, that run on this machine."""
        return (*self.own_orderers, *self.own_peers)

    @property
    def missing(self) -> tuple[str, ...]:
        """The departments that have a machine of their own, nobody here knows which."""
        return tuple(name for name in self.departments if self.places and name not in self.places)

    def channels_of(self, department: DepartmentPlan) -> tuple[ChannelPlan, ...]:
        """The channels that a department's nodes are on: its own, or all if it runs orderers."""
        return tuple(
            channel
            for channel in self.channels.values()
            if department.orderers or department in channel.departments
        )

    def department(self, name: str) -> DepartmentPlan:
        """A department by its name; raises NetworkError that names the ones there are."""
        if name not in self.departments:
            known = ", ".join(self.departments)
            raise NetworkError(f"no department named {name} in {self.name}; there are: {known}")
        return self.departments[name]

    def owner(self, node: Node) -> DepartmentPlan:
        """The department that runs a node."""
        return next(d for d in self.departments.values() if d.msp_id == node.msp_id)

    def listening(
        self, served: Sequence[Served], *, running: Collection[str] = ()
    ) -> dict[str, Address]:
        """Where the network listens on this machine, by what listens there.

        Nodes and contract hosts whose names are among `running` are left out.
        """
        found: dict[str, Address] = {}
        for node in self.own_nodes:
            if node.name not in running:
                found |= node.listening()
        for department in self.own:
            if department.contract_host.name not in running:
                found |= department.listening(served)
        return found


def make_plan(
    topology: Topology,
    root: Path,
    *,
    base_port: int,
    served: Sequence[Served] = (),
    places: Mapping[str, Place] | None = None,
    containers: bool = False,
) -> Plan:
    """Work a topology out below `root`.

    `served` is what contract hosts serve already: a package keeps its port for as long as it is
    there. `places` are those of departments with machines of their own, as far as they are known.
    In `containers`, what is together on this machine is reached by host name. Raises NetworkError
    when contract ports run out.
    """
    known = places or {}
    usual = {
        name: Place(LOOPBACK, base_port + PORTS_PER_DEPARTMENT * index, here=not known)
        for index, name in enumerate(topology.departments)
    }
    departments = {
        name: _department(topology, name, root, known.get(name, place), containers=containers)
        for name, place in usual.items()
    }
    contracts = _contracts(topology, served)
    channels = {
        name: ChannelPlan(
            name=name,
            departments=tuple(departments[member] for member in spec.departments),
            contracts=tuple(contracts[contract] for contract in spec.contracts),
            policies=spec.policies,
            acls=spec.acls,
            block=root / "channels" / f"{name}.block",
        )
        for name, spec in topology.channels.items()
    }
    return Plan(topology, root, known, containers, departments, contracts, channels)


def _department(
    topology: Topology, name: str, root: Path, place: Place, *, containers: bool
) -> DepartmentPlan:
    spec = topology.departments[name]
    first_port = place.first_port
    domain = name.lower()
    folder = root / "organizations" / domain
    msp_id = topology.msp_id(name)

    def node(kind: Literal["peer", "orderer"], index: int, port: int, admin: int | None) -> Node:
        host = f"{kind}{index}.{domain}"
        address = Address(place.host, port)
        inside = (
            Address(host, CONTAINER_PORTS[kind]) if containers and address.is_loopback else address
        )
        hosts = dict.fromkeys((host, "localhost", LOOPBACK, place.host))
        return Node(
            member=Member(host, kind, folder / f"{kind}s" / host, tuple(hosts)),
            msp_id=msp_id,
            inside=inside,
            outside=address,
            listen=Address(place.listening_host, port),
            operations=Address(LOOPBACK, port + (1 if admin is None else 2)),
            admin=None if admin is None else Address(LOOPBACK, admin),
        )

    def user(short: str, unit: Unit, attributes: Mapping[str, str]) -> Member:
        full = f"{short}@{domain}"
        return Member(full, unit, folder / "users" / full, attributes=attributes)

    peers = tuple(node("peer", j, first_port + 2 * j, None) for j in range(spec.peers))
    orderer_ports = first_port + _ORDERERS_FROM
    host, ca = f"contracts.{domain}", f"ca.{domain}"
    contracts = Address(LOOPBACK, first_port + _CONTRACTS_FROM)
    if containers:
        contracts = Address(host, CONTAINER_PORTS["client"])
    return DepartmentPlan(
        name=name,
        title=spec.title,
        msp_id=msp_id,
        place=place,
        folder=folder,
        peers=peers,
        anchor_peers=peers[: spec.anchor_peers],
        orderers=tuple(
            node("orderer", j, orderer_ports + 3 * j, orderer_ports + 3 * j + 1)
            for j in range(topology.ordering.nodes.count(name))
        ),
        intermediate_ca=spec.intermediate_ca,
        users={ADMIN: user(ADMIN, "admin", {})}
        | {short: user(short, "client", item.attributes) for short, item in spec.users.items()},
        contract_host=Member(host, "client", folder / "contracts", (host, "localhost", LOOPBACK)),
        ca_server=Member(ca, "client", folder / "ca-server", (ca, "localhost", LOOPBACK))
        if containers
        else None,
        ca_address=Address(LOOPBACK, first_port + _CA_PORT),
        first_contract=contracts,
        host_operations=Address(LOOPBACK, first_port + _HOST_OPERATIONS),
        elsewhere={
            contract: Address.parse(item.addresses[name])
            for contract, item in topology.contracts.items()
            if name in item.addresses
        },
    )


def _contracts(topology: Topology, served: Sequence[Served]) -> dict[str, ContractPlan]:
    slots = {item.label: item.slot for item in served}
    plans: dict[str, ContractPlan] = {}
    for name, spec in topology.contracts.items():
        label, collections = spec.label(name), topology.collections(name)
        if spec.addresses:
            package = _package(label, _elsewhere_key(name))
            plans[name] = ContractPlan(name, spec, collections, package, None)
            continue
        if label not in slots:
            slots[label] = _free_slot(label, slots.values())
        package = _package(label, _slot_key(slots[label]))
        hosted = Served(name, label, package.package_id, spec.classes, slots[label])
        plans[name] = ContractPlan(name, spec, collections, package, hosted)
    return plans


def _free_slot(label: str, taken: Collection[int]) -> int:
    slot = next((slot for slot in range(_CONTRACT_PORTS) if slot not in taken), None)
    if slot is None:
        raise NetworkError(
            f"no port is left for {label}: a department serves at most {_CONTRACT_PORTS} packages"
        )
    return slot


def _package(label: str, address_key: str) -> ChaincodePackage:
    """A package without addresses or keys: each peer's builder fills in its department's own."""
    connection = {
        "address": f"{{{{.{address_key}}}}}",
        "dial_timeout": "10s",
        "tls_required": True,
        "client_auth_required": False,
        "root_cert": "{{.root_cert}}",
    }
    return ChaincodePackage.build(label, connection)


def _slot_key(slot: int) -> str:
    """A real peer's builder knows its values from the peer's start on, so they are named after slots:
    no new contract or version needs a restart."""
    return f"address_{slot}"


def _elsewhere_key(contract: str) -> str:
    """A template knows no hyphens; no contract's name has two underscores in a row."""
    return f"address_of_{contract.replace('-', '__')}"
