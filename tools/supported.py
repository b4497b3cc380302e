"""What the development ledger covers of Fabric 3.1, and with which answer it refuses the rest.

Where the code uses a table, that table is shown. SUPPORTED.md is made of this
(`tools/make_supported.py`); a test asks for everything that is refused and gets exactly these answers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fabric_protos.peer import chaincode_shim_pb2

from pyfabric.ledger.channel.limits import UNSURVIVABLE, VALIDATED_CAPABILITIES
from pyfabric.ledger.system import cscc, lifecycle, qscc
from pyfabric.messages import config_values
from pyfabric.messages.consensus import METADATA
from pyfabric.rules.configuration.succession import (
    APPLICATION_CAPABILITIES,
    CHANNEL_CAPABILITIES,
    ORDERER_CAPABILITIES,
)
from pyfabric.rules.requests.handler import REQUESTS

_Kind = chaincode_shim_pb2.ChaincodeMessage.Type


@dataclass(frozen=True, slots=True)
class Item:
    """Something of Fabric's; supported, unless there is an `answer` with which it is refused.

    `note` describes what is particular about it, or why it is refused.
    """

    name: str
    answer: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Items of one kind."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the ledger does otherwise than Fabric, and why that is kept."""

    what: str
    why: str


SERVICES: Final = {
    "gateway.Gateway": ("Evaluate", "Endorse", "Submit", "CommitStatus", "ChaincodeEvents"),
    "protos.Endorser": ("ProcessProposal",),
    "protos.Deliver": ("Deliver", "DeliverFiltered", "DeliverWithPrivateData"),
    "discovery.Discovery": ("Discover",),
    "orderer.AtomicBroadcast": ("Broadcast", "Deliver"),
}
REFUSED_SERVICES: Final = {
    "protos.Snapshot": ("Generate", "Cancel", "QueryPendings"),
    "protos.ChaincodeSupport": ("Register",),
    "gossip.Gossip": ("GossipStream", "Ping"),
    "orderer.Cluster": ("Step",),
    "orderer.ClusterNodeService": ("Step",),
}
_WHY_NOT: Final = {
    "protos.Snapshot": "no snapshots in Fabric's form; the ledger has its own, of a whole network",
    "protos.ChaincodeSupport": "contracts run as services: the peer connects to them",
    "gossip.Gossip": "the peers of a process share their blocks; private data is handed over in process",
    "orderer.Cluster": "the orderers of a process share one sequence",
    "orderer.ClusterNodeService": "the orderers of a process share one sequence",
}
PARTICIPATION: Final = (
    "GET /participation/v1/channels",
    "POST /participation/v1/channels",
    "PUT /participation/v1/channels",
    "GET /participation/v1/channels/{channel}",
    "DELETE /participation/v1/channels/{channel}",
    "GET /participation/v1/channels/{channel}/blocks/{block}",
)
OPERATIONS: Final = ("GET /healthz", "GET /version", "GET /metrics", "GET /logspec", "PUT /logspec")
LSCC: Final = (
    "make sure the chaincode lscc has been successfully defined on channel {channel} and try again: "
    "chaincode lscc not found"
)
NO_BLOCKS: Final = (
    "cannot join: the development ledger has no block {number} of channel {channel} that is this one: it "
    "cannot fetch blocks from other machines"
)
RICH_QUERY: Final = "ExecuteQuery not supported for leveldb"
_IN_PROTOCOL: Final = (_Kind.REGISTER, _Kind.COMPLETED, _Kind.ERROR, _Kind.KEEPALIVE)


def sections() -> tuple[Section, ...]:
    """Everything, section by section."""
    return (
        Section("gRPC methods", tuple(_methods())),
        Section("HTTP", tuple(_http())),
        Section("System chaincodes", tuple(_functions())),
        Section("Messages of contracts", tuple(_messages())),
        Section("Packages", _PACKAGES),
        Section("Values of a channel's configuration", tuple(_values())),
        Section("Capabilities", tuple(_capabilities())),
        Section("Configuration updates and ordering", _ORDERING),
        Section("Policies", _POLICIES),
        Section("MSPs and identities", _MSPS),
    )


def refused() -> tuple[Item, ...]:
    """Everything that is refused."""
    return tuple(item for section in sections() for item in section.items if item.answer)


def _methods() -> Iterable[Item]:
    for service, methods in SERVICES.items():
        yield from (Item(f"{service}/{method}") for method in methods)
    for service, methods in REFUSED_SERVICES.items():
        answer = f"UNIMPLEMENTED: unknown service {service}"
        yield from (Item(f"{service}/{one}", answer, _WHY_NOT[service]) for one in methods)


def _http() -> Iterable[Item]:
    yield from (
        Item(one, note="orderers, over TLS with client certificates") for one in PARTICIPATION
    )
    yield from (Item(one, note="every node that has an operations address") for one in OPERATIONS)
    yield Item("GET /debug/pprof/", "404 page not found", "profiles of a Go program")


def _functions() -> Iterable[Item]:
    for name in cscc.FUNCTIONS:
        snapshot = name == "JoinChainBySnapshot"
        yield Item(f"cscc/{name}", cscc.NO_SNAPSHOTS if snapshot else "")
    yield from (Item(f"qscc/{name}") for name in qscc.QUERIES)
    yield from (Item(f"_lifecycle/{name}") for name in lifecycle.FUNCTIONS)
    yield Item("lscc", LSCC, "Fabric 3.1.5 cannot run it either; it says that a file is missing")


def _messages() -> Iterable[Item]:
    for number in sorted({*_IN_PROTOCOL, *REQUESTS}):
        query = number == _Kind.GET_QUERY_RESULT
        answer = f"GET_QUERY_RESULT failed: transaction ID: {{txid}}: {RICH_QUERY}" if query else ""
        note = "as Fabric with LevelDB; CouchDB is not offered" if query else ""
        yield Item(_Kind.Name(number), answer, note)


def _values() -> Iterable[Item]:
    for path, keys in (
        ("/Channel", config_values.CHANNEL),
        ("/Channel/Orderer", config_values.ORDERER),
        ("/Channel/Orderer/{organization}", config_values.ORDERER_ORGANIZATION),
        ("/Channel/Application", config_values.APPLICATION),
        ("/Channel/Application/{organization}", config_values.APPLICATION_ORGANIZATION),
    ):
        yield from (Item(f"{path}/{key}", note=_WITHOUT_EFFECT.get(key, "")) for key in keys)
    yield Item(
        "any other value", "failed to deserialize values: Unexpected key {key}", "as in Fabric"
    )
    yield Item(
        "/Channel/Consortiums",
        "invalid config: contains consortiums: system channel not supported",
        "as in Fabric 3",
    )


_WITHOUT_EFFECT: Final = {
    "Consortium": "without effect, as in Fabric 3",
    "KafkaBrokers": "without effect, as in Fabric 3",
    "ChannelRestrictions": "without effect, as in Fabric 3",
}


def _capabilities() -> Iterable[Item]:
    yield from (Item(f"Channel {one}") for one in CHANNEL_CAPABILITIES)
    yield from (Item(f"Orderer {one}") for one in ORDERER_CAPABILITIES)
    for one in APPLICATION_CAPABILITIES:
        alone = "" if one in VALIDATED_CAPABILITIES else "only beside V2_0 or V2_5"
        yield Item(f"Application {one}", note=alone)
    yield Item(
        "Application without V2_0 and V2_5",
        "the development ledger validates as application capability V2_0 or V2_5 says; channel "
        "{channel} has none",
        "transactions of those channels follow older rules",
    )
    yield Item(
        "any other, Channel or Orderer",
        "config requires unsupported channel capabilities: Channel capability V9_9 is required but not "
        "supported: Channel capability V9_9 is required but not supported",
        "as in Fabric",
    )


_PACKAGES: Final = (
    Item("type ccaas"),
    Item(
        "any other type",
        "could not build chaincode: the development ledger runs no packages of type 'golang', only "
        "'ccaas'",
        "contracts run as services",
    ),
)
_ORDERING: Final = (
    *(Item(f"ConsensusType {name}") for name in METADATA),
    Item("maintenance mode, and the move from Raft to BFT", note="goes on without a restart"),
    Item(
        "any other ConsensusType",
        "cannot join: failed to find a consenter for consensus type: solo",
        "as in Fabric",
    ),
    Item(
        "joining by a block of a chain that this process has not",
        NO_BLOCKS,
        "blocks are not fetched from other machines",
    ),
    Item(
        "an update to application capabilities that no peer has",
        f"{UNSURVIVABLE}: Application capability V9_9 is required but not supported",
        "Fabric's orderers take it, and all peers stop",
    ),
    Item(
        "an update to invalid SmartBFT options",
        f'{UNSURVIVABLE}: bad config metadata option RequestBatchMaxInterval: time: invalid duration ""',
        "Fabric's orderers take it, and stop",
    ),
)
_POLICIES: Final = (
    Item("signature policies", note="principals by role, organisational unit and identity"),
    Item("implicit meta policies ANY, ALL and MAJORITY"),
    Item(
        "policies of type MSP and UNKNOWN",
        "policy Readers at path Channel has unknown policy type: 2",
        "as in Fabric",
    ),
    Item(
        "expressions with a condition (? :)",
        "unexpected character '?' (character 16 of \"OR('A.member') ? 1 : 2\")",
        "the general language under Fabric's; no policy needs it",
    ),
    Item(
        "expressions with a comment",
        "unexpected character '/' (character 16 of \"OR('A.member') // all\")",
        "likewise",
    ),
    Item(
        "expressions with an escape in a text",
        'unexpected character "\'" (character 4 of "OR(\'A\\\\.member\')")',
        "likewise",
    ),
)
_MSPS: Final = (
    Item("X.509 MSPs: roots, intermediates, revocation lists, administrators"),
    Item("roles by organisational unit (NodeOUs), organisational unit identifiers"),
    Item("keys P-256 and P-384 with SHA-256; Ed25519 with channel capability V3_0"),
    Item("Idemix MSPs", "Setup error: unsupported msp type 1", "anonymous identities are left out"),
    Item(
        "SHA-3 for signatures or identifiers",
        "MSP A: only SHA2 signatures and SHA256 identifiers are supported, not SHA3 and SHA256",
        "no CA or tool of Fabric makes such MSPs",
    ),
    Item(
        "name constraints, policy mappings and policy constraints in a CA certificate",
        "name constraints are not supported (in the certificate of CN=limited)",
        "certificates of such authorities would be judged otherwise than in Fabric",
    ),
    Item(
        "CA certificates signed with RSA-PSS",
        'x509: certificate signed by unknown authority (possibly because of "x509: cannot verify '
        'signature: algorithm unimplemented" while trying to verify candidate authority certificate '
        '"limited")',
        "Fabric verifies them; no Fabric CA signs so",
    ),
)

DIFFERENCES: Final = (
    Difference(
        "A key-level policy (metadata VALIDATION_PARAMETER) of junk is one that nobody satisfies: "
        "ENDORSEMENT_POLICY_FAILURE (10).",
        "The code is the peer's own for a policy that does not hold; its reason is another text.",
    ),
    Difference(
        "A chaincode whose validation plugin is not vscc makes its transactions INVALID_OTHER_REASON (25).",
        "For a real peer a plugin that it has not is a failure of its own: it stops at that block.",
    ),
    Difference(
        "Metadata written for a key that is deleted in the same block are dropped.",
        "Some real peers stopped (a panic, a hang) on such histories.",
    ),
    Difference(
        "The namespaces of one transaction are checked in sorted order.",
        "Go's order is random: a transaction that breaks two rules is 10 or 25 there.",
    ),
    Difference(
        "Of several faults of one configuration update the first by its key is named.",
        "Fabric names any: read and write sets are maps.",
    ),
    Difference(
        "An unknown section of a configuration is named in the refusal (Disallowed channel group).",
        "Fabric prints its whole content, spaced at random.",
    ),
    Difference(
        "The peers of an organisation that has left a channel still have its newer blocks.",
        "All peers of a process share one chain; its members' clients are refused as in Fabric.",
    ),
    Difference(
        "The leader of a Raft channel is the first orderer that joined; BFT stays in view 0, and the "
        "quorum that signs is the first.",
        "There is no consensus between machines; what blocks say is what such a cluster would say.",
    ),
    Difference(
        "Where a channel's BlockValidation policy is one that its orderers do not satisfy, their chain stops: "
        "SERVICE_UNAVAILABLE, chain is stopped: signature set did not satisfy policy.",
        "Fabric's orderers go on and make blocks that no peer takes.",
    ),
    Difference(
        "An orderer that leaves, comes or is removed by a configuration update is so at once.",
        "Fabric's find out after seconds or minutes.",
    ),
    Difference(
        "Metrics of gossip, of the Raft log and its leadership, of couchdb, and of the Go runtime are left "
        "out.",
        "There is nothing that they could count.",
    ),
)
