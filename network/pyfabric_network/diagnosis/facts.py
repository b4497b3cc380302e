"""What is known of a network before anything is judged: what one run of the doctor saw, and several together.

It holds no keys, and can be written as JSON and read again (`views`), for other departments.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Literal, TypeAlias

from fabric_protos.common import configtx_pb2
from pydantic import Base64Bytes

from pyfabric.messages.decoding import decode
from pyfabric.rules.configuration.channel_config import ChannelConfig

NodeKind: TypeAlias = Literal["peer", "orderer"]


class Encounter(StrEnum):
    """What a TLS connection to a node met."""

    ANSWERS = "answers"
    UNKNOWN_HOST = "its host name is unknown"
    REFUSED = "nothing listens there"
    UNREACHABLE = "its host is not reachable"
    SILENT = "it takes connections but does not answer"
    NO_TLS = "what listens there does not speak TLS"
    WRONG_NAME = "its certificate has other names"
    WRONG_CA = "its certificate is not from a CA that is trusted"
    EXPIRED = "its certificate has expired"
    NOT_YET = "its certificate is not yet valid"
    WANTS_CERTIFICATE = "it wants a client certificate"
    REFUSES_CERTIFICATE = "it refuses the client certificate"
    CLOSED = "it closes the connection"


DEAD = frozenset(
    {Encounter.UNKNOWN_HOST, Encounter.REFUSED, Encounter.UNREACHABLE, Encounter.SILENT}
)
"""Nobody can use such a node, with whatever certificates."""


@dataclass(frozen=True, slots=True)
class ProbeFacts:
    """A connection: what it met, the node's own words, and the certificate (PEM) that it showed, if any.

    `name` is the one that the certificate had to have.
    """

    encounter: Encounter
    name: str = ""
    said: str = ""
    certificate: Base64Bytes = b""


@dataclass(frozen=True, slots=True)
class OperationsFacts:
    """What a node's operations service reported; `ahead` is how many seconds its clock is ahead of this machine's."""

    version: str = ""
    ahead: float | None = None
    failed_checks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrdererPart:
    """An orderer's part in a channel; `leads` is None where its metrics mention no leader."""

    relation: str
    status: str
    height: int
    leads: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """A node: `address` is where other nodes reach it, `outside` where this machine does.

    `expected` are the channels that it should have joined. `heights` (peers) and `parts` (orderers) are
    by channel; `unasked` is why its own administrator got no answer from it, empty if there was one.
    `own`: its administrator's keys were there.
    """

    name: str
    kind: NodeKind
    msp_id: str
    address: str
    outside: str
    probe: ProbeFacts
    own: bool = False
    only_anchor: bool = False
    state: str = ""
    expected: tuple[str, ...] = ()
    unasked: str = ""
    heights: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, OrdererPart] = field(default_factory=dict)
    installed: tuple[str, ...] | None = None
    operations: OperationsFacts | None = None

    @property
    def lives(self) -> bool:
        """Whether something answers there."""
        return self.probe.encounter not in DEAD


@dataclass(frozen=True, slots=True)
class SeenPeer:
    """A peer that discovery reported: `chaincodes` are the sequences that it can run, by name."""

    msp_id: str
    address: str
    certificate: Base64Bytes
    chaincodes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DefinitionFacts:
    """A chaincode definition in force: its policy (peer.ApplicationPolicy) and collections as bytes."""

    name: str
    version: str
    sequence: int
    policy: Base64Bytes
    collections: Base64Bytes


@dataclass(frozen=True, slots=True)
class ApprovalFacts:
    """What a department approved last of a chaincode; no package id if its peers shall not run it."""

    channel: str
    chaincode: str
    msp_id: str
    sequence: int
    package_id: str | None


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """A channel as one peer knows it: the other peers on it, and the definitions in force."""

    name: str
    peer: str
    peers: tuple[SeenPeer, ...]
    definitions: tuple[DefinitionFacts, ...]


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """A certificate (PEM) of a department, and where it is; `identity`: channels must accept it."""

    what: str
    msp_id: str
    place: str
    certificate: Base64Bytes
    identity: bool = False


@dataclass(frozen=True, slots=True)
class RevocationFacts:
    """A list of revoked certificates (PEM or DER) that a department's CA has made."""

    msp_id: str
    place: str
    content: Base64Bytes


@dataclass(frozen=True, slots=True)
class AuthorityFacts:
    """A CA of a CA server: its certificate and those above it (PEM), as it sends them, and its list of revoked certificates.

    `problem` is why it did not answer, `refusal` why it refused its first registrar; empty if it did neither.
    """

    name: str
    msp_id: str
    address: str
    tls: bool
    chain: Base64Bytes = b""
    revocations: Base64Bytes = b""
    problem: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """A contract that a department serves to its peers, and what keeps it from working."""

    label: str
    msp_id: str
    address: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """The file system that a folder is on: free and total bytes."""

    place: str
    free: int
    total: int


@dataclass(frozen=True, slots=True)
class PortFacts:
    """A port that something of the network should listen on, and which other program has it."""

    wanted_for: str
    address: str
    taken_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one run saw. `own` are the departments, by MSP id, whose administrator it could act as.

    `departments` are the names of those that it knows, by MSP id. `configs` are the newest configurations (bytes of common.Config). `blocks` are the
    most blocks that a node had of each channel when the run began; nodes' heights are some seconds later.
    `unfinished` are commands that were interrupted in the middle. `absent` is why a check, by its id, has no facts of these departments.
    """

    network: str
    taken: datetime
    own: tuple[str, ...]
    departments: Mapping[str, str]
    nodes: tuple[NodeFacts, ...] = ()
    channels: tuple[ChannelFacts, ...] = ()
    configs: Mapping[str, Base64Bytes] = field(default_factory=dict)
    approvals: tuple[ApprovalFacts, ...] = ()
    certificates: tuple[CertificateFacts, ...] = ()
    revocations: tuple[RevocationFacts, ...] = ()
    authorities: tuple[AuthorityFacts, ...] = ()
    services: tuple[ServiceFacts, ...] = ()
    folders: tuple[FolderFacts, ...] = ()
    ports: tuple[PortFacts, ...] = ()
    unfinished: tuple[str, ...] = ()
    blocks: Mapping[str, int] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """Several views together, of which the first is this machine's."""

    views: Sequence[View]

    @property
    def now(self) -> datetime:
        """When this machine looked."""
        return self.views[0].taken

    @cached_property
    def departments(self) -> Mapping[str, str]:
        """The departments' names by MSP id: as each calls itself, if its view is there."""
        found: dict[str, str] = {}
        for view in reversed(self.views):
            found |= view.departments
        for view in self.views:
            found |= {one: view.departments[one] for one in view.own if one in view.departments}
        return found

    @cached_property
    def covered(self) -> frozenset[str]:
        """The MSP ids of the departments whose own view is there."""
        return frozenset(msp_id for view in self.views for msp_id in view.own)

    def title(self, msp_id: str) -> str:
        """Return a department's name, its MSP id if no name is known."""
        return self.departments.get(msp_id, msp_id)

    def nodes(self, kind: NodeKind | None = None) -> Iterator[NodeFacts]:
        """Yield every node once, as its own department saw it if its view is there."""
        found: dict[str, NodeFacts] = {}
        for node in (node for view in self.views for node in view.nodes):
            known = found.get(node.address)
            if known is None or (node.own and not known.own):
                found[node.address] = node
        return (node for node in found.values() if kind in (None, node.kind))

    @cached_property
    def configs(self) -> Mapping[str, ChannelConfig]:
        """The newest configuration of each channel that a peer has shown."""
        return read_configs(one for view in self.views for one in view.configs.items())

    def channels(self) -> Iterator[ChannelFacts]:
        """Yield each channel as each peer that was asked knew it."""
        return (channel for view in self.views for channel in view.channels)

    def definitions(self) -> Mapping[tuple[str, str], DefinitionFacts]:
        """Return the definitions in force, by channel and chaincode, with the highest sequence that a peer has shown."""
        found: dict[tuple[str, str], DefinitionFacts] = {}
        for channel in self.channels():
            for one in channel.definitions:
                known = found.get((channel.name, one.name))
                if known is None or one.sequence > known.sequence:
                    found[channel.name, one.name] = one
        return found


def read_configs(configs: Iterable[tuple[str, bytes]]) -> Mapping[str, ChannelConfig]:
    """Return the newest of each channel's configurations (bytes of common.Config).

    Raises DecodeError or ConfigError for one that Fabric would not take.
    """
    found: dict[str, configtx_pb2.Config] = {}
    for name, raw in configs:
        config = decode(configtx_pb2.Config, raw)
        if name not in found or config.sequence > found[name].sequence:
            found[name] = config
    return {name: ChannelConfig(config, channel_id=name) for name, config in found.items()}
