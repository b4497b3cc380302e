"""The model of a topology file: what a network is. Rules between its parts: `checks`."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pyfabric.admin.collections import CollectionConfig
from pyfabric_network.topology.values import (
    ChannelName,
    ChannelPolicy,
    CollectionName,
    ContractClass,
    ContractName,
    DefinitionSequence,
    DepartmentName,
    Duration,
    Endorsement,
    HostPort,
    MembershipPolicy,
    MspId,
    NetworkName,
    PeerCount,
    PolicyName,
    Size,
    UserName,
    Version,
    between,
)

PORTS_PER_DEPARTMENT = 50


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class User(_Part):
    """A person or system of a department; `attributes` go into the certificate, for contracts."""

    attributes: Mapping[str, str] = Field(default_factory=dict)


class FurtherUser(_Part):
    """A user of an organisation of a running network whom the topology does not have: issued or enrolled by command.

    `enrolled`: its certificate comes from a certificate authority's server, and cannot be made again here.
    """

    unit: Literal["client", "admin"] = "client"
    attributes: Mapping[str, str] = Field(default_factory=dict)
    enrolled: bool = False


class Department(_Part):
    """A department: its peers carry its MSP id (default: the name followed by MSP).

    Its orderers, if it runs any, are an organisation of their own: `orderer_msp_id` (default: the name
    followed by OrdererMSP). It may have no peers and run orderers only. Other departments find its peers
    through the first `anchor_peers` of them. With `intermediate_ca` its identities come from a CA below
    a root, whose key can be kept offline. `ca_server` and `client_auth_required` are the network's, unless given.
    """

    title: str = ""
    msp_id: MspId | None = None
    peers: Annotated[int, AfterValidator(between(0, 9))] = 1
    anchor_peers: Annotated[int, AfterValidator(between(1, 9))] = 1
    orderer_msp_id: MspId | None = None
    intermediate_ca: bool = False
    ca_server: bool | None = None
    client_auth_required: bool | None = None
    users: dict[UserName, User] = Field(default_factory=dict)


class Batch(_Part):
    """When an orderer cuts a block: whichever comes first."""

    timeout: Duration = "2s"
    max_messages: Annotated[int, AfterValidator(between(1, 100_000))] = 500
    preferred_bytes: Size = "2 MB"
    absolute_bytes: Size = "10 MB"


class BFT(_Part):
    """When SmartBFT's orderers replace a leader; the defaults are for nodes that are near each other.

    A transaction that is not in a block `forward_timeout` after the batch timeout is sent to the leader
    by all; after another batch timeout and `complain_timeout` they elect another leader. A leader
    without work is missed after `heartbeat_timeout`. An election without a result is repeated after
    `view_change_timeout`.
    """

    forward_timeout: Duration = "1s"
    complain_timeout: Duration = "4s"
    view_change_timeout: Duration = "3s"
    heartbeat_timeout: Duration = "6s"


class Ordering(_Part):
    """The ordering service; `nodes` names the department that runs each orderer.

    Raft continues while more than half of the orderers run. BFT (SmartBFT) of n orderers also bears
    that (n - 1) / 3 of them lie; it needs four and Fabric 3.
    """

    consensus: Literal["raft", "bft"] = "raft"
    nodes: tuple[str, ...]
    batch: Batch = Batch()
    bft: BFT = BFT()


class Times(_Part):
    """How long nodes wait for each other, and how often peers greet each other (docs/topologies.md).

    The defaults are for nodes that are near each other; Fabric's own make people wait for minutes when
    an orderer hangs. Nodes read them when they start.
    """

    broadcast_timeout: Duration = "2s"
    cluster_dial_timeout: Duration = "1s"
    keepalive_interval: Duration = "10s"
    keepalive_timeout: Duration = "5s"
    reconnect_backoff: Duration = "5s"
    alive_interval: Duration = "5s"
    publish_interval: Duration = "4s"
    request_interval: Duration = "4s"


class Channel(_Part):
    """A channel: which departments are in it and which contracts run there.

    `policies` replace the defaults of /Channel/Application (Readers, Writers, Admins, Endorsement,
    LifecycleEndorsement) or add to them, as implicit meta rules ("MAJORITY Admins") or signature
    policies. `acls` say which policy decides a resource (peer/Propose) instead of Fabric's own.
    `sequences` are those of contracts whose definition has another sequence here than on other channels, such
    as 1 on a channel that was added after the contract had changed elsewhere.
    """

    departments: tuple[str, ...]
    contracts: tuple[str, ...] = ()
    sequences: dict[ContractName, DefinitionSequence] = Field(default_factory=dict)
    policies: dict[PolicyName, ChannelPolicy] = Field(default_factory=dict)
    acls: dict[str, str] = Field(default_factory=dict)


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


class ContractProcess(_Part):
    """What the process of a contract may use, at each department (docs/contracts.md).

    `transactions` run at once; further ones wait. It may allocate `memory` (default: what the machine has),
    and gives way to other programs the more, the higher `nice` is.
    """

    transactions: Annotated[int, AfterValidator(between(1, 1000))] = 64
    memory: Size | None = None
    nice: Annotated[int, AfterValidator(between(0, 19))] = 0


class ContractService(_Part):
    """A chaincode that runs as a service, and who must endorse.

    Contract hosts serve its `classes`, each by a `process` of its own; or it is served elsewhere, by any runtime, and `addresses`
    say where each department's peers reach their department's service. Without `endorsement`, the channel's Endorsement policy decides. A change of the code is a new
    `version`; any change of the definition, its collections too, is the next `sequence`. With `clock` each department's
    contract host ticks the clock that the contract keeps on its channels (docs/city.md).
    """

    version: Version
    sequence: DefinitionSequence = 1
    classes: tuple[ContractClass, ...] = ()
    addresses: dict[str, HostPort] = Field(default_factory=dict)
    process: ContractProcess = ContractProcess()
    endorsement: Endorsement | None = None
    init_required: bool = False
    clock: bool = False
    collections: dict[CollectionName, Collection] = Field(default_factory=dict)


class Ticked(NamedTuple):
    """A clock that a department ticks: its channel and contract, and the department's place among all that do."""

    channel: str
    contract: str
    place: int
    departments: int


class Topology(_Part):
    """A whole network. Each department has 50 ports from `base_port` on, in the order of the file.

    With `client_auth_required`, nodes serve only clients that show a TLS certificate (mutual TLS). With `ca_server`,
    a Fabric CA server runs for each department, as it does on the embedded runtime anyway.
    """

    name: NetworkName
    fabric: Literal["3.1", "2.5"] = "3.1"
    base_port: Annotated[int, AfterValidator(between(1024, 65535))] = 17000
    client_auth_required: bool = False
    ca_server: bool = False
    departments: dict[DepartmentName, Department]
    ordering: Ordering
    times: Times = Times()
    channels: dict[ChannelName, Channel]
    contracts: dict[ContractName, ContractService] = Field(default_factory=dict)

    def msp_id(self, department: str) -> str:
        """Return the MSP id of a department's peers and users."""
        return self.departments[department].msp_id or f"{department}MSP"

    def ordering_msp_id(self, department: str) -> str:
        """Return the MSP id of a department's orderers."""
        return self.departments[department].orderer_msp_id or f"{department}OrdererMSP"

    def msp_ids(self, department: str) -> tuple[str, ...]:
        """Return the MSP ids that a department has: of its peers, if any, and of its orderers, if any."""
        found = [self.msp_id(department)] if self.departments[department].peers else []
        if department in self.ordering.nodes:
            found.append(self.ordering_msp_id(department))
        return tuple(found)

    def demands_client_certificates(self, department: str) -> bool:
        """Return whether a department's nodes serve only clients that show a TLS certificate."""
        own = self.departments[department].client_auth_required
        return self.client_auth_required if own is None else own

    def has_ca_server(self, department: str) -> bool:
        """Return whether a CA server runs for a department, whatever the runtime."""
        own = self.departments[department].ca_server
        return self.ca_server if own is None else own

    def ticked(self, department: str) -> tuple[Ticked, ...]:
        """Return the clocks that a department with peers ticks."""
        found = []
        for name, channel in self.channels.items():
            ticking = [one for one in channel.departments if self.departments[one].peers]
            for contract in channel.contracts:
                if department in ticking and self.contracts[contract].clock:
                    place = ticking.index(department)
                    found.append(Ticked(name, contract, place, len(ticking)))
        return tuple(found)

    def collections(self, contract: str) -> tuple[CollectionConfig, ...]:
        """Return the collections of a contract as its definition has them."""
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
