"""Flows over a peer's discovery service: peers, the configuration of a channel, endorsers.

They raise DiscoveryError when the peer refuses, GatewayError when the call itself fails. The peer must be
on the channel, and the identity a writer of it; questions without a channel are for administrators of the
peer's own organisation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fabric_protos.common import policies_pb2
from fabric_protos.discovery import protocol_pb2
from fabric_protos.gossip import message_pb2
from fabric_protos.msp import identities_pb2, msp_config_pb2
from fabric_protos.peer import proposal_response_pb2

from pyfabric.client.effects import Endpoint, Flow, Unary, call, sign
from pyfabric.client.envelopes import tls_certificate_hash
from pyfabric.errors import DecodeError, DiscoveryError
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.definition_messages import definition_from_config
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.addresses import join
from pyfabric.messages.decoding import decode

_DISCOVER = "/discovery.Discovery/Discover"


@dataclass(frozen=True, slots=True)
class ChaincodeCall:
    """A call that a transaction makes: the chaincode, and the collections it reads or writes.

    With `no_private_reads` private data is only written, so that non-members may endorse. With
    `disregard_namespace_policy` only the policies of collections and keys count. `key_policies` are the
    policies of keys that are written (bytes of common.SignaturePolicyEnvelope).
    """

    name: str
    collections: tuple[str, ...] = ()
    no_private_reads: bool = False
    disregard_namespace_policy: bool = False
    key_policies: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class DiscoveredPeer:
    """A peer as others know it: `address` is host:port inside the network.

    `ledger_height` and `chaincodes` (definition versions by name) are for the channel of the question;
    without a channel they are 0 and empty.
    """

    msp_id: str
    address: str
    certificate_pem: bytes
    ledger_height: int = 0
    chaincodes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DiscoveredConfig:
    """A channel's members and its orderers' addresses (host:port), both by MSP id."""

    msps: Mapping[str, MSPDefinition]
    orderers: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class DiscoveredEndorsers:
    """Who can endorse: with each layout, that number of peers of each group is enough."""

    chaincode: str
    groups: Mapping[str, tuple[DiscoveredPeer, ...]]
    layouts: tuple[Mapping[str, int], ...]


def discover_peers(
    peer: Endpoint,
    identity: SigningIdentity,
    channel: str,
    calls: Sequence[ChaincodeCall] = (),
) -> Flow[tuple[DiscoveredPeer, ...]]:
    """Return the channel's peers, by MSP id and address; with calls, those that can serve all of them."""
    query = protocol_pb2.Query(channel=channel)
    query.peer_query.filter.CopyFrom(_interest(calls))
    return _peers((yield from _ask(peer, identity, query)).members)


def discover_local_peers(
    peer: Endpoint, identity: SigningIdentity
) -> Flow[tuple[DiscoveredPeer, ...]]:
    """Return all peers that the peer knows, of any channel, by MSP id and address."""
    query = protocol_pb2.Query(local_peers=protocol_pb2.LocalPeerQuery())
    return _peers((yield from _ask(peer, identity, query)).members)


def discover_config(
    peer: Endpoint, identity: SigningIdentity, channel: str
) -> Flow[DiscoveredConfig]:
    """Return the channel's members and orderers."""
    query = protocol_pb2.Query(channel=channel, config_query=protocol_pb2.ConfigQuery())
    found = (yield from _ask(peer, identity, query)).config_result
    return DiscoveredConfig(
        msps={msp_id: _definition(msp) for msp_id, msp in sorted(found.msps.items())},
        orderers={
            msp_id: tuple(_address(one) for one in endpoints.endpoint)
            for msp_id, endpoints in sorted(found.orderers.items())
        },
    )


def discover_endorsers(
    peer: Endpoint, identity: SigningIdentity, channel: str, calls: Sequence[ChaincodeCall]
) -> Flow[DiscoveredEndorsers]:
    """Return who can endorse a transaction that makes these calls; the client makes the first itself."""
    query = protocol_pb2.Query(channel=channel)
    query.cc_query.interests.append(_interest(calls))
    content = (yield from _ask(peer, identity, query)).cc_query_res.content
    if len(content) != 1:
        raise DecodeError(f"the peer sent {len(content)} answers to one question for endorsers")
    return DiscoveredEndorsers(
        chaincode=content[0].chaincode,
        groups={
            name: tuple(_peer(one) for one in peers.peers)
            for name, peers in sorted(content[0].endorsers_by_groups.items())
        },
        layouts=tuple(dict(sorted(one.quantities_by_group.items())) for one in content[0].layouts),
    )


def _ask(
    peer: Endpoint, identity: SigningIdentity, query: protocol_pb2.Query
) -> Flow[protocol_pb2.QueryResult]:
    request = protocol_pb2.Request(
        authentication=protocol_pb2.AuthInfo(
            client_identity=identity.serialized(),
            client_tls_cert_hash=tls_certificate_hash(peer),
        ),
        queries=[query],
    )
    payload = request.SerializeToString()
    signed = protocol_pb2.SignedRequest(
        payload=payload, signature=(yield from sign(identity, payload))
    )
    raw = yield from call(Unary(peer, _DISCOVER, signed.SerializeToString(), bytes))
    results = decode(protocol_pb2.Response, raw).results
    if len(results) != 1:
        raise DecodeError(f"{peer.address} sent {len(results)} results for one query")
    if results[0].HasField("error"):
        raise DiscoveryError(results[0].error.content, address=peer.address)
    return results[0]


def _interest(calls: Iterable[ChaincodeCall]) -> proposal_response_pb2.ChaincodeInterest:
    return proposal_response_pb2.ChaincodeInterest(
        chaincodes=[
            proposal_response_pb2.ChaincodeCall(
                name=one.name,
                collection_names=one.collections,
                no_private_reads=one.no_private_reads,
                disregard_namespace_policy=one.disregard_namespace_policy,
                key_policies=[
                    decode(policies_pb2.SignaturePolicyEnvelope, policy)
                    for policy in one.key_policies
                ],
            )
            for one in calls
        ]
    )


def _peers(members: protocol_pb2.PeerMembershipResult) -> tuple[DiscoveredPeer, ...]:
    found = [_peer(one) for peers in members.peers_by_org.values() for one in peers.peers]
    return tuple(sorted(found, key=lambda one: (one.msp_id, one.address)))


def _peer(message: protocol_pb2.Peer) -> DiscoveredPeer:
    identity = decode(identities_pb2.SerializedIdentity, message.identity)
    alive = decode(message_pb2.GossipMessage, message.membership_info.payload).alive_msg
    state = decode(message_pb2.GossipMessage, message.state_info.payload).state_info
    return DiscoveredPeer(
        msp_id=identity.mspid,
        address=alive.membership.endpoint,
        certificate_pem=identity.id_bytes,
        ledger_height=state.properties.ledger_height,
        chaincodes={one.name: one.version for one in state.properties.chaincodes},
    )


def _definition(msp: msp_config_pb2.FabricMSPConfig) -> MSPDefinition:
    return definition_from_config(msp_config_pb2.MSPConfig(config=msp.SerializeToString()))


def _address(endpoint: protocol_pb2.Endpoint) -> str:
    return join(endpoint.host, endpoint.port)
