"""Features of Fabric 3.1 that the development ledger supports, and the responses that refuse the others.

Where the code uses a table, this module reads that table. `tools/make_supported.py` writes SUPPORTED.md
from it, and a test checks that everything refused is refused with exactly these texts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fabric_protos.peer import chaincode_shim_pb2

from pyfabric.ca_server.endpoints import ENDPOINTS
from pyfabric.ca_server.requests import UNSUPPORTED
from pyfabric.ledger.channel.limits import UNSURVIVABLE
from pyfabric.ledger.system import cscc, lifecycle, qscc
from pyfabric.messages import config_values
from pyfabric.messages.consensus import METADATA
from pyfabric.rules.configuration.succession import (
    APPLICATION_CAPABILITIES,
    CHANNEL_CAPABILITIES,
    ORDERER_CAPABILITIES,
)
from pyfabric.rules.requests.handler import REQUESTS
from pyfabric.rules.validation.block import VALIDATED_CAPABILITIES

_Kind = chaincode_shim_pb2.ChaincodeMessage.Type


@dataclass(frozen=True, slots=True)
class Item:
    """A feature of Fabric: supported, or refused with the text `answer`.

    `note` is a remark, or the reason why it is refused.
    """

    name: str
    answer: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """The features of one kind."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A known difference from Fabric, with its reason."""

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
    "protos.Snapshot": "the ledger has snapshots of its own, of a whole network",
    "protos.ChaincodeSupport": "contracts run as services: the peer connects to them",
    "gossip.Gossip": "the peers of one process share blocks and private data directly",
    "orderer.Cluster": "the orderers of one process share one sequence of messages",
    "orderer.ClusterNodeService": "the orderers of one process share one sequence of messages",
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
CA_PATH: Final = "/api/v1/"
IDEMIX: Final = ("idemix/credential", "idemix/cri")
RICH_QUERY: Final = "ExecuteQuery not supported for leveldb"
_IN_PROTOCOL: Final = (_Kind.REGISTER, _Kind.COMPLETED, _Kind.ERROR, _Kind.KEEPALIVE)


def sections() -> tuple[Section, ...]:
    """Return all features, section by section."""
    return (
        Section("gRPC methods", tuple(_methods())),
        Section("HTTP", tuple(_http())),
        Section("CA servers", tuple(_ca_servers())),
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
    """Return the features that are refused."""
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
    yield from (Item(one, note="every node with an operations address") for one in OPERATIONS)
    yield Item("GET /debug/pprof/", "404 page not found", "these are profiles of a Go program")


def _ca_servers() -> Iterable[Item]:
    for (name, of_one), methods in ENDPOINTS.items():
        path = f"{CA_PATH}{name}{'/{id}' if of_one else ''}"
        # Fabric CA has it, and refuses it as here.
        shown = [one for one in methods if (one, name) != ("DELETE", "certificates")]
        yield from (Item(f"{one} {path}") for one in shown)
    yield from (
        Item(f"POST {CA_PATH}{one}", "404 page not found", "Idemix is left out") for one in IDEMIX
    )
    for name in UNSUPPORTED:
        why = "it lets a client decide over its own certificate; Fabric's own client sends none"
        yield Item(f"{name} of an enrolment", f"{name} is not supported: leave it out", why)


def _functions() -> Iterable[Item]:
    for name in cscc.FUNCTIONS:
        snapshot = name == "JoinChainBySnapshot"
        yield Item(f"cscc/{name}", cscc.NO_SNAPSHOTS if snapshot else "")
    yield from (Item(f"qscc/{name}") for name in qscc.QUERIES)
    yield from (Item(f"_lifecycle/{name}") for name in lifecycle.FUNCTIONS)
    yield Item("lscc", LSCC, "Fabric 3.1.5 cannot run it either; it reports a missing file")


def _messages() -> Iterable[Item]:
    for number in sorted({*_IN_PROTOCOL, *REQUESTS}):
        query = number == _Kind.GET_QUERY_RESULT
        answer = f"GET_QUERY_RESULT failed: transaction ID: {{txid}}: {RICH_QUERY}" if query else ""
        note = "the same as Fabric with LevelDB; CouchDB is not supported" if query else ""
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
        alone = "" if one in VALIDATED_CAPABILITIES else "only together with V2_0 or V2_5"
        yield Item(f"Application {one}", note=alone)
    yield Item(
        "Application without V2_0 and V2_5",
        "the development ledger validates as application capability V2_0 or V2_5 says; channel "
        "{channel} has none",
        "transactions of such channels follow older rules",
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
    Item(
        "maintenance mode, and the move from Raft to BFT",
        note="without a restart; peers receive blocks meanwhile, where Fabric's wait until it ends",
    ),
    Item(
        "any other ConsensusType",
        "cannot join: failed to find a consenter for consensus type: solo",
        "as in Fabric",
    ),
    Item(
        "joining by a block of a chain that this process does not have",
        NO_BLOCKS,
        "the ledger does not fetch blocks from other machines",
    ),
    Item(
        "an update to application capabilities that no peer has",
        f"{UNSURVIVABLE}: Application capability V9_9 is required but not supported",
        "Fabric's orderers accept it, and then all peers stop",
    ),
    Item(
        "an update to invalid SmartBFT options",
        f'{UNSURVIVABLE}: bad config metadata option RequestBatchMaxInterval: time: invalid duration ""',
        "Fabric's orderers accept it, and stop",
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
        "a feature of the expression library that Fabric uses; no policy needs it",
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
    Item(
        "Idemix MSPs",
        "Setup error: unsupported msp type 1",
        "anonymous identities are not supported",
    ),
    Item(
        "SHA-3 for signatures or identifiers",
        "MSP A: only SHA2 signatures and SHA256 identifiers are supported, not SHA3 and SHA256",
        "no CA or tool of Fabric makes such MSPs",
    ),
    Item(
        "name constraints, policy mappings and policy constraints in a CA certificate",
        "name constraints are not supported (in the certificate of CN=limited)",
        "the verdict on certificates of such authorities would differ from Fabric's",
    ),
    Item(
        "CA certificates signed with RSA-PSS",
        'x509: certificate signed by unknown authority (possibly because of "x509: cannot verify '
        'signature: algorithm unimplemented" while trying to verify candidate authority certificate '
        '"limited")',
        "Fabric verifies them; no Fabric CA creates such signatures",
    ),
)

DIFFERENCES: Final = (
    Difference(
        "No endorsement satisfies an invalid key-level policy (metadata VALIDATION_PARAMETER): "
        "ENDORSEMENT_POLICY_FAILURE (10).",
        "Fabric has the same code, but another text in its log.",
    ),
    Difference(
        "A chaincode whose validation plugin is not vscc makes its transactions INVALID_OTHER_REASON (25).",
        "A real peer stops at such a block, since it does not have the plugin.",
    ),
    Difference(
        "Metadata that is written for a key which is deleted in the same block is dropped.",
        "Some real peers stopped on such histories, with a panic or by waiting forever.",
    ),
    Difference(
        "The namespaces of one transaction are checked in sorted order.",
        "Fabric's order is random: a transaction that breaks two rules gets code 10 or 25.",
    ),
    Difference(
        "If a configuration update has several faults, the first by its key is reported.",
        "Fabric reports any of them, because its read and write sets are maps.",
    ),
    Difference(
        "The refusal of an unknown section of a configuration has its name (Disallowed channel group).",
        "Fabric prints the complete content, with random spaces.",
    ),
    Difference(
        "The peers of an organisation that has left a channel still get its new blocks.",
        "All peers of a process share one chain. Clients of the organisation are refused, as in Fabric.",
    ),
    Difference(
        "The leader of a Raft channel is the first orderer that joined; BFT stays in view 0, and the "
        "quorum that signs is the first.",
        "There is no consensus between machines; the blocks have the content that such a cluster would write.",
    ),
    Difference(
        "If a channel's orderers do not satisfy its BlockValidation policy, their chain stops: "
        "SERVICE_UNAVAILABLE, chain is stopped: signature set did not satisfy policy.",
        "Fabric's orderers continue and make blocks that no peer accepts.",
    ),
    Difference(
        "Adding and removing an orderer, also by a configuration update, takes effect immediately.",
        "Fabric's orderers notice it after seconds or minutes.",
    ),
    Difference(
        "A node that refuses a client's TLS certificate, or misses one, closes the connection without a TLS alert.",
        'gRPC for Python sends none. Clients get UNAVAILABLE, as from Fabric; Go\'s read "EOF", not "tls: certificate required".',
    ),
    Difference(
        "A CA server answers GET /api/v1/cainfo and an enrolment without the keys of an Idemix issuer.",
        "Idemix is left out. `fabric-ca-client` writes no file IssuerPublicKey then; everything else is the same.",
    ),
    Difference(
        "A CA server refuses to rename an affiliation to one that there is.",
        "Fabric CA fails in the middle and closes the connection.",
    ),
    Difference(
        "There are no metrics of gossip, of the Raft log and its leadership, of CouchDB and of the Go runtime.",
        "The development ledger has none of these.",
    ),
)
