"""Discovery by our own peers, with our own client and with raw requests."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from fabric_protos.common import policies_pb2
from fabric_protos.discovery import protocol_pb2
from fabric_protos.gossip import message_pb2
from fabric_protos.msp import identities_pb2
from fabric_protos.peer import policy_pb2

from pyfabric._grpc.options import channel_credentials
from pyfabric.admin.discovery import (
    ChaincodeCall,
    DiscoveredEndorsers,
    discover_config,
    discover_endorsers,
    discover_local_peers,
    discover_peers,
)
from pyfabric.client.effects import Endpoint
from pyfabric.client.envelopes import tls_certificate_hash
from pyfabric.errors import DiscoveryError
from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.keys import verify_signature
from pyfabric.identity.signing import SigningIdentity
from pyfabric.rules.policies.syntax import parse_signature_policy
from tests.support.ledger.ledger import CHANNEL, LedgerNetwork

pytestmark = pytest.mark.asyncio(loop_scope="module")

TWO = parse_signature_policy("OutOf(2,'EconInfoMSP.peer','MktSupMSP.peer','HaidianMSP.peer')")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LedgerNetwork]:
    made = LedgerNetwork.make(tmp_path_factory.mktemp("discovery"))
    async with made.running():
        await made.create_channel()
        await made.deploy("majority")
        await made.deploy("any-two", policy=_application(TWO))
        yield made


def _application(policy: policies_pb2.SignaturePolicyEnvelope) -> bytes:
    return policy_pb2.ApplicationPolicy(signature_policy=policy).SerializeToString()


async def raw(
    endpoint: Endpoint,
    identity: SigningIdentity,
    queries: Sequence[protocol_pb2.Query],
    *,
    payload: bytes | None = None,
    signature: bytes | None = None,
    authentication: Any = True,
) -> protocol_pb2.Response:
    """Return a request made by hand."""
    if payload is None:
        request = protocol_pb2.Request(queries=queries)
        if authentication is True:
            authentication = protocol_pb2.AuthInfo(
                client_identity=identity.serialized(),
                client_tls_cert_hash=tls_certificate_hash(endpoint),
            )
        if authentication is not None:
            request.authentication.CopyFrom(authentication)
        payload = request.SerializeToString()
    signed = protocol_pb2.SignedRequest(
        payload=payload, signature=identity.sign(payload) if signature is None else signature
    )
    async with grpc.aio.secure_channel(endpoint.address, channel_credentials(endpoint)) as channel:
        ask = channel.unary_unary(
            "/discovery.Discovery/Discover",
            request_serializer=protocol_pb2.SignedRequest.SerializeToString,
            response_deserializer=protocol_pb2.Response.FromString,
        )
        answer: protocol_pb2.Response = await ask(signed, timeout=10)
        return answer


async def test_peers_of_a_channel(network: LedgerNetwork) -> None:
    found = await network.driver.run(
        discover_peers(network.first.peer, network.first.user(), CHANNEL)
    )
    assert [one.msp_id for one in found] == ["EconInfoMSP", "HaidianMSP", "MktSupMSP"]
    info = network.departments
    assert {one.address for one in found} == {one.peer_address for one in info.values()}
    for one in found:
        assert one.ledger_height == 9
        assert one.chaincodes == {"any-two": "1", "majority": "1", "_lifecycle": "1"}
        assert load_certificate(one.certificate_pem).subject


async def test_peers_that_can_serve_calls(network: LedgerNetwork) -> None:
    ask, user = network.driver.run, network.first.user()
    calls = [ChaincodeCall("majority"), ChaincodeCall("any-two")]
    assert len(await ask(discover_peers(network.first.peer, user, CHANNEL, calls))) == 3
    with pytest.raises(DiscoveryError) as caught:
        await ask(discover_peers(network.first.peer, user, CHANNEL, [ChaincodeCall("ghost")]))
    assert caught.value.message == (
        "No metadata was found for chaincode ghost in channel directory"
    )


async def test_local_peers_are_for_administrators(network: LedgerNetwork) -> None:
    first = network.first
    found = await network.driver.run(discover_local_peers(first.peer, first.admin))
    assert {one.address for one in found} == {
        one.peer_address for one in network.departments.values()
    }
    assert {one.ledger_height for one in found} == {0}
    foreign = network.departments["Haidian"].admin
    for refused in (first.user(), foreign):
        with pytest.raises(DiscoveryError, match="access denied"):
            await network.driver.run(discover_local_peers(first.peer, refused))


async def test_configuration(network: LedgerNetwork) -> None:
    found = await network.driver.run(
        discover_config(network.first.peer, network.first.user(), CHANNEL)
    )
    assert sorted(found.msps) == ["EconInfoMSP", "HaidianMSP", "MktSupMSP"]
    assert found.msps["MktSupMSP"] == network.departments["MktSup"].definition
    assert found.orderers == {"EconInfoMSP": (network.config.orderers[0].address,)}


def organizations(found: DiscoveredEndorsers) -> list[list[str]]:
    """Return each layout as the organisations that it asks."""
    return sorted(
        sorted(peer.msp_id for name in one for peer in found.groups[name]) for one in found.layouts
    )


PAIRS = [["EconInfoMSP", "HaidianMSP"], ["EconInfoMSP", "MktSupMSP"], ["HaidianMSP", "MktSupMSP"]]


@pytest.mark.parametrize("names", [["majority"], ["any-two"], ["any-two", "majority"]])
async def test_endorsers(network: LedgerNetwork, names: list[str]) -> None:
    found = await network.driver.run(
        discover_endorsers(
            network.first.peer,
            network.first.user(),
            CHANNEL,
            [ChaincodeCall(name) for name in names],
        )
    )
    assert found.chaincode == names[0]
    assert organizations(found) == PAIRS
    assert {quantity for one in found.layouts for quantity in one.values()} == {1}


async def test_the_policies_of_keys(network: LedgerNetwork) -> None:
    key = parse_signature_policy("AND('EconInfoMSP.peer','HaidianMSP.peer')").SerializeToString()
    ask, peer, user = network.driver.run, network.first.peer, network.first.user()
    call = ChaincodeCall("any-two", key_policies=(key,), disregard_namespace_policy=True)
    found = await ask(discover_endorsers(peer, user, CHANNEL, [call]))
    assert organizations(found) == [["EconInfoMSP", "HaidianMSP"]]
    call = ChaincodeCall("any-two", disregard_namespace_policy=True)
    with pytest.raises(DiscoveryError) as caught:
        await ask(discover_endorsers(peer, user, CHANNEL, [call]))
    assert caught.value.message == (
        'failed constructing descriptor for chaincodes:{name:"any-two"  '
        "disregard_namespace_policy:true}"
    )


async def test_a_request_with_several_queries(network: LedgerNetwork) -> None:
    admin = network.first.admin
    interest = {"chaincodes": [{"name": "majority"}]}
    answer = await raw(
        network.first.peer,
        admin,
        [
            protocol_pb2.Query(channel=CHANNEL, config_query={}),
            protocol_pb2.Query(channel="ghost", config_query={}),
            protocol_pb2.Query(local_peers={}),
            protocol_pb2.Query(channel=CHANNEL, local_peers={}),
            protocol_pb2.Query(channel=CHANNEL),
            protocol_pb2.Query(config_query={}),
            protocol_pb2.Query(channel=CHANNEL, peer_query={}),
            protocol_pb2.Query(channel=CHANNEL, cc_query={"interests": [interest, interest]}),
            protocol_pb2.Query(channel=CHANNEL, cc_query={}),
            protocol_pb2.Query(channel=CHANNEL, cc_query={"interests": [{}]}),
            protocol_pb2.Query(
                channel=CHANNEL, cc_query={"interests": [{"chaincodes": [{"name": ""}]}]}
            ),
        ],
    )
    unknown = "unknown or missing request type"
    assert [one.WhichOneof("result") or "" for one in answer.results] == [
        "config_result",
        "error",
        "members",
        *["error"] * 3,
        "members",
        "cc_query_res",
        *["error"] * 3,
    ]
    assert [one.error.content for one in answer.results if one.HasField("error")] == [
        "access denied",
        *[unknown] * 3,
        "chaincode query must have at least one chaincode interest",
        "chaincode interest must contain at least one chaincode",
        "chaincode name in interest cannot be empty",
    ]
    assert len(answer.results[7].cc_query_res.content) == 2


async def test_what_peers_say_of_themselves_is_signed(network: LedgerNetwork) -> None:
    query = protocol_pb2.Query(channel=CHANNEL, peer_query={})
    answer = await raw(network.first.peer, network.first.user(), [query])
    for peers in answer.results[0].members.peers_by_org.values():
        for peer in peers.peers:
            public_key = load_certificate(_certificate(peer)).public_key()
            for envelope in (peer.membership_info, peer.state_info):
                assert verify_signature(public_key, envelope.payload, envelope.signature)
            alive = message_pb2.GossipMessage.FromString(peer.membership_info.payload).alive_msg
            state = message_pb2.GossipMessage.FromString(peer.state_info.payload).state_info
            assert alive.membership.pki_id == state.pki_id
            assert alive.timestamp.inc_num
            assert state.timestamp.seq_num


def _certificate(peer: protocol_pb2.Peer) -> bytes:
    return identities_pb2.SerializedIdentity.FromString(peer.identity).id_bytes


async def test_refused_identities(network: LedgerNetwork, tmp_path: Path) -> None:
    user, peer = network.first.user(), network.first.peer
    query = protocol_pb2.Query(channel=CHANNEL, config_query={})
    forged = await raw(peer, user, [query], signature=b"forged")
    assert forged.results[0].error.content == "access denied"
    stranger = LedgerNetwork.make(tmp_path, ("Ghost",)).first.admin
    unknown = await raw(peer, stranger, [query])
    assert unknown.results[0].error.content == "access denied"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"payload": b"\xff"}, "failed parsing request: proto: cannot parse invalid wire-format"),
        ({"authentication": None}, "access denied, no authentication info in request"),
        (
            {"authentication": protocol_pb2.AuthInfo()},
            "access denied, client identity wasn't supplied",
        ),
    ],
)
async def test_bad_requests(network: LedgerNetwork, options: Any, text: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw(network.first.peer, network.first.user(), [], **options)
    assert caught.value.code() is grpc.StatusCode.UNKNOWN
    assert (caught.value.details() or "").startswith(text)


async def test_crafted_policies_of_keys_are_refused(network: LedgerNetwork) -> None:
    """They kept all nodes of the process from answering for a minute."""
    policies = [
        parse_signature_policy(
            "OutOf(5, " + ", ".join(f"'M{policy}-{one}.peer'" for one in range(10)) + ")"
        )
        for policy in range(150)
    ]
    query = protocol_pb2.Query(channel=CHANNEL, cc_query={})
    call = query.cc_query.interests.add().chaincodes.add(name="majority")
    call.key_policies.extend(policies)
    small = protocol_pb2.Query(channel=CHANNEL, config_query={})
    answer = await raw(network.first.peer, network.first.user(), [query, query, small])
    for refused in answer.results:
        assert "the endorsement policies have too many combinations" in refused.error.content
    other = await raw(network.first.peer, network.first.user(), [small])
    assert other.results[0].config_result.orderers


async def test_requests_are_not_bound_to_the_clients_certificate(tmp_path: Path) -> None:
    """Take what Fabric 3.1.5 takes: see tests/system/test_client_certificates.py."""
    network = LedgerNetwork.make(tmp_path, ("EconInfo",), mutual_tls=True)
    first = network.first
    async with network.running():
        endpoint = first.mutual_endpoint(first.peer_address)
        assert await network.driver.run(discover_local_peers(endpoint, first.admin))
        for hash_ in (b"", b"\x01" * 32):
            authentication = protocol_pb2.AuthInfo(
                client_identity=first.admin.serialized(), client_tls_cert_hash=hash_
            )
            query = protocol_pb2.Query(local_peers={})
            found = await raw(endpoint, first.admin, [query], authentication=authentication)
            assert found.results[0].members.peers_by_org.keys() == {"EconInfoMSP"}
