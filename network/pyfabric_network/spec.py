"""The model of a topology file: what a network is, checked before anything is made of it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pyfabric.admin.collections import CollectionConfig
from pyfabric.errors import TopologyError
from pyfabric_network.document import Document, KeyPath, read_document
from pyfabric_network.values import (
    ChannelName,
    ChannelPolicy,
    CollectionName,
    ContractClass,
    ContractName,
    DepartmentName,
    Duration,
    Endorsement,
    MembershipPolicy,
    MspId,
    NetworkName,
    PeerCount,
    PolicyName,
    Size,
    UserName,
    Version,
    between,
    octets,
)

PORTS_PER_DEPARTMENT = 50
_PRINCIPAL = re.compile(r"'([^']+)\.(?:member|admin|client|peer|orderer)'")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class User(_Part):
    """A person or system of a department; `attributes` go into the certificate, for contracts."""

    attributes: Mapping[str, str] = Field(default_factory=dict)


class Department(_Part):
    """One organisation: its nodes carry its MSP id (default: the name followed by MSP)."""

    title: str = ""
    msp_id: MspId | None = None
    peers: Annotated[int, AfterValidator(between(1, 9))] = 1
    users: dict[UserName, User] = Field(default_factory=dict)


class Batch(_Part):
    """When an orderer cuts a block: whichever comes first."""

    timeout: Duration = "2s"
    max_messages: Annotated[int, AfterValidator(between(1, 100_000))] = 500
    preferred_bytes: Size = "2 MB"
    absolute_bytes: Size = "10 MB"


class Ordering(_Part):
    """The ordering service; `nodes` names the department that runs each orderer."""

    consensus: Literal["raft"] = "raft"
    nodes: tuple[str, ...]
    batch: Batch = Batch()


class Channel(_Part):
    """A channel: which departments are in it and which contracts run there.

    `policies` replace the defaults of /Channel/Application (Readers, Writers, Admins, Endorsement,
    LifecycleEndorsement), as implicit meta rules ("MAJORITY Admins") or signature policies.
    """

    departments: tuple[str, ...]
    contracts: tuple[str, ...] = ()
    policies: dict[PolicyName, ChannelPolicy] = Field(default_factory=dict)


class Collection(_Part):
    """Private data of a contract: who keeps it, given as departments or as a policy.

    The defaults are those of Fabric's own collection files.
    """

    members: tuple[str, ...] = ()
    policy: MembershipPolicy | None = None
    required_peer_count: PeerCount = 0
    max_peer_count: PeerCount = 1
    block_to_live: Annotated[int, AfterValidator(between(0, 2**63 - 1))] = 0
    member_only_read: bool = False
    member_only_write: bool = False
    endorsement: Endorsement | None = None


class ContractService(_Part):
    """A chaincode that runs as a service: the contract classes it holds, and who must endorse.

    Without `endorsement`, the channel's Endorsement policy decides. A change of the code is a new
    `version`; any change of the definition, its collections too, is the next `sequence`.
    """

    version: Version
    sequence: Annotated[int, AfterValidator(between(1, 1_000_000))] = 1
    classes: tuple[ContractClass, ...]
    endorsement: Endorsement | None = None
    init_required: bool = False
    collections: dict[CollectionName, Collection] = Field(default_factory=dict)

    def label(self, name: str) -> str:
        """The package label: what tells this version's package from others."""
        return f"{name}_{self.version}"


class Topology(_Part):
    """A whole network. Each department has 50 ports from `base_port` on, in the order of the file."""

    name: NetworkName
    fabric: Literal["3.1", "2.5"] = "3.1"
    base_port: Annotated[int, AfterValidator(between(1024, 65535))] = 17000
    departments: dict[DepartmentName, Department]
    ordering: Ordering
    channels: dict[ChannelName, Channel]
    contracts: dict[ContractName, ContractService] = Field(default_factory=dict)

    def msp_id(self, department: str) -> str:
        """The MSP id of a department."""
        return self.departments[department].msp_id or f"{department}MSP"

    def collections(self, contract: str) -> tuple[CollectionConfig, ...]:
        """The collections of a contract as its definition has them."""
        return tuple(
            CollectionConfig(
                name=name,
                policy=spec.policy or self._any_of(spec.members),
                required_peer_count=spec.required_peer_count,
                maximum_peer_count=spec.max_peer_count,
                block_to_live=spec.block_to_live,
                member_only_read=spec.member_only_read,
                member_only_write=spec.member_only_write,
                endorsement_policy=spec.endorsement,
            )
            for name, spec in self.contracts[contract].collections.items()
        )

    def _any_of(self, departments: Sequence[str]) -> str:
        members = ", ".join(f"'{self.msp_id(department)}.member'" for department in departments)
        return f"OR({members})"


def bundled_topologies() -> Mapping[str, Path]:
    """The topologies that come with this package, by name."""
    packaged = Path(str(files("pyfabric_network") / "topologies"))
    source = Path(__file__).parents[1]
    folder = packaged if packaged.is_dir() else source
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_topology(file: Path) -> Topology:
    """Read and check a topology file; raises TopologyError with file, line and key."""
    document = read_document(file)
    topology = document.parse(Topology)
    checks = (
        _check_departments,
        _check_ordering,
        _check_contracts,
        _check_collections,
        _check_channels,
    )
    for check in checks:
        check(topology, document)
    return topology


def find_topology(name: str) -> Path:
    """The file of a topology given as a path or as the name of a bundled one."""
    bundled = bundled_topologies()
    if name in bundled:
        return bundled[name]
    if Path(name).exists():
        return Path(name)
    raise TopologyError(
        f"no such file, and the topologies that come along are: {', '.join(bundled)}",
        file=Path(name),
        line=None,
        key="",
    )


def _check_departments(topology: Topology, document: Document) -> None:
    if not topology.departments:
        document.fail("needs at least one department", ("departments",))
    spellings: dict[str, str] = {}
    owners: dict[str, str] = {}
    for name in topology.departments:
        same = spellings.setdefault(name.lower(), name)
        if same != name:
            document.fail(f"differs from {same} only in case", ("departments", name))
        owner = owners.setdefault(topology.msp_id(name), name)
        if owner != name:
            document.fail(
                f"MSP id {topology.msp_id(name)} is already that of {owner}", ("departments", name)
            )
        if "Admin" in topology.departments[name].users:
            document.fail(
                "is made for every department already", ("departments", name, "users", "Admin")
            )
    last = topology.base_port + PORTS_PER_DEPARTMENT * len(topology.departments) - 1
    if last > 65535:
        document.fail(f"leaves too few ports: the last would be {last}", ("base_port",))


def _check_ordering(topology: Topology, document: Document) -> None:
    path = ("ordering", "nodes")
    if not topology.ordering.nodes:
        document.fail("needs at least one orderer", path)
    _check_known(topology.ordering.nodes, topology.departments, "department", document, path)
    for department, count in Counter(topology.ordering.nodes).items():
        if count > 3:
            document.fail(f"{department} runs {count} orderers; at most 3", path)
    batch = topology.ordering.batch
    if octets(batch.preferred_bytes) > octets(batch.absolute_bytes):
        document.fail(
            f"must not exceed absolute_bytes ({batch.absolute_bytes})",
            ("ordering", "batch", "preferred_bytes"),
        )


def _check_channels(topology: Topology, document: Document) -> None:
    if not topology.channels:
        document.fail("needs at least one channel", ("channels",))
    for name, channel in topology.channels.items():
        path = ("channels", name)
        if not channel.departments:
            document.fail("needs at least one department", (*path, "departments"))
        for key, given, known, kind in (
            ("departments", channel.departments, topology.departments, "department"),
            ("contracts", channel.contracts, topology.contracts, "contract"),
        ):
            _check_known(given, known, kind, document, (*path, key))
            _check_once(given, document, (*path, key))
        members = {topology.msp_id(department) for department in channel.departments}
        for policy, rule in channel.policies.items():
            _check_principals(rule, members, document, (*path, "policies", policy))
        for contract in channel.contracts:
            _check_policies(topology, contract, members, document)


def _check_policies(
    topology: Topology, contract: str, members: set[str], document: Document
) -> None:
    """Who endorses a contract or keeps its collections must be in each channel where it runs."""
    spec, path = topology.contracts[contract], ("contracts", contract)
    _check_principals(spec.endorsement or "", members, document, (*path, "endorsement"))
    configs = topology.collections(contract)
    for config, (name, collection) in zip(configs, spec.collections.items(), strict=True):
        below = (*path, "collections", name)
        kept = "policy" if collection.policy else "members"
        _check_principals(config.policy, members, document, (*below, kept))
        rule = collection.endorsement or ""
        _check_principals(rule, members, document, (*below, "endorsement"))


def _check_contracts(topology: Topology, document: Document) -> None:
    for name, contract in topology.contracts.items():
        path = ("contracts", name)
        if not contract.classes:
            document.fail("needs at least one class", (*path, "classes"))
        _check_once(contract.classes, document, (*path, "classes"))


def _check_collections(topology: Topology, document: Document) -> None:
    for contract, spec in topology.contracts.items():
        for name, collection in spec.collections.items():
            path = ("contracts", contract, "collections", name)
            if bool(collection.members) == (collection.policy is not None):
                document.fail("needs either members (departments) or a policy", path)
            members = (*path, "members")
            _check_known(collection.members, topology.departments, "department", document, members)
            _check_once(collection.members, document, members)
            if collection.max_peer_count < collection.required_peer_count:
                document.fail(
                    f"must not be below required_peer_count ({collection.required_peer_count})",
                    (*path, "max_peer_count"),
                )


def _check_known(
    given: Iterable[str], known: Iterable[str], kind: str, document: Document, path: KeyPath
) -> None:
    names = list(known)
    for index, name in enumerate(given):
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = (
                f"did you mean {near[0]}?" if near else f"there are: {', '.join(names) or 'none'}"
            )
            document.fail(f"no {kind} named {name}; {hint}", (*path, index))


def _check_once(given: Iterable[str], document: Document, path: KeyPath) -> None:
    for name, count in Counter(given).items():
        if count > 1:
            document.fail(f"{name} is given {count} times", path)


def _check_principals(rule: str, members: set[str], document: Document, path: KeyPath) -> None:
    for msp_id in _PRINCIPAL.findall(rule):
        if msp_id not in members:
            known = ", ".join(sorted(members))
            document.fail(f"{msp_id} is not in the channel; its MSP ids are: {known}", path)
