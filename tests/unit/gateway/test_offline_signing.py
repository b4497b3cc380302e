"""A gateway without a key: each step gets its signature from elsewhere."""

import hashlib
from collections.abc import Callable

import grpc
import pytest
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2

from pyfabric.client.event_requests import BLOCKS, BLOCKS_AND_PRIVATE_DATA, FILTERED_BLOCKS
from pyfabric.client.timeouts import COMMIT_STATUS, ENDORSE, EVALUATE, SUBMIT
from pyfabric.errors import ClientError, DecodeError, GatewayError, SubmitError
from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.keys import verify_signature
from pyfabric.identity.signing import SigningIdentity
from tests.support.client.gateway_server import (
    CHAINCODE_EVENTS,
    ScriptedPeer,
    answer,
    block,
    chaincode_events,
    endorse,
    evaluated,
    fail,
    filtered_block,
    new_identity,
    status,
    stream,
)
from tests.support.client.surfaces import Surface


def accept(peer: ScriptedPeer) -> None:
    peer.on(EVALUATE, answer(evaluated(b"found")))
    peer.on(ENDORSE, endorse(b"result"))
    peer.on(SUBMIT, answer(b""))
    peer.on(COMMIT_STATUS, answer(status(0, 7)))


def test_every_step_can_be_signed_elsewhere(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    accept(peer)
    with surface.connect(identity.identity, peer.endpoint) as gateway:
        contract = gateway.network("directory").contract("city")
        unsigned = contract.new_proposal("publish", endorsing_organizations=["HaidianMSP"])
        proposed = gateway_pb2.ProposedTransaction.FromString(unsigned.bytes())
        message = proposed.proposal.proposal_bytes
        assert unsigned.digest() == hashlib.sha256(message).digest()
        assert proposed.transaction_id == unsigned.transaction_id
        proposal = gateway.new_signed_proposal(unsigned.bytes(), identity.sign(message))
        assert proposal.transaction_id == unsigned.transaction_id
        assert proposal.evaluate() == b"found"

        endorsed = proposal.endorse()
        payload = gateway_pb2.PreparedTransaction.FromString(endorsed.bytes()).envelope.payload
        assert endorsed.digest() == hashlib.sha256(payload).digest()
        transaction = gateway.new_signed_transaction(endorsed.bytes(), identity.sign(payload))
        assert transaction.result == b"result"

        submitted = transaction.submit()
        question = gateway_pb2.SignedCommitStatusRequest.FromString(submitted.bytes()).request
        assert submitted.digest() == hashlib.sha256(question).digest()
        commit = gateway.new_signed_commit(submitted.bytes(), identity.sign(question))
        outcome = commit.status()
    assert outcome.successful
    assert outcome.transaction_id == unsigned.transaction_id == commit.transaction_id
    key = load_certificate(identity.identity.certificate).public_key()
    sent = gateway_pb2.SubmitRequest.FromString(peer.requests[SUBMIT][0])
    assert sent.transaction_id == unsigned.transaction_id
    assert verify_signature(key, payload, sent.prepared_transaction.signature)
    request = gateway_pb2.EndorseRequest.FromString(peer.requests[ENDORSE][0])
    assert list(request.endorsing_organizations) == ["HaidianMSP"]


def test_a_gateway_with_a_key_signs_what_came_unsigned(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    accept(peer)
    with surface.connect(identity, peer.endpoint) as gateway:
        contract = gateway.network("directory").contract("city")
        proposal = gateway.new_proposal(contract.new_proposal("publish").bytes())
        transaction = gateway.new_transaction(proposal.endorse().bytes())
        question = gateway_pb2.SignedCommitStatusRequest.FromString(transaction.submit().bytes())
        question.ClearField("signature")
        commit = gateway.new_commit(question.SerializeToString())
        assert commit.status().block_number == 7
    asked = gateway_pb2.SignedCommitStatusRequest.FromString(peer.requests[COMMIT_STATUS][0])
    key = load_certificate(identity.identity.certificate).public_key()
    assert verify_signature(key, asked.request, asked.signature)


def test_each_step_without_a_signature_says_what_to_do(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    accept(peer)
    with surface.connect(identity.identity, peer.endpoint) as gateway:
        network = gateway.network("directory")
        proposal = network.contract("city").new_proposal("publish")
        with pytest.raises(ClientError, match="sign digest\\(\\) elsewhere"):
            proposal.endorse()
        with network.block_events() as blocks, pytest.raises(ClientError, match="holds no key"):
            next(blocks)
    assert not peer.requests


def test_without_a_key_a_lost_answer_to_submit_stays_open(
    surface: Surface, new_peer: Callable[..., ScriptedPeer], identity: SigningIdentity
) -> None:
    first, second = new_peer(), new_peer()
    accept(first)
    first.on(SUBMIT, fail(grpc.StatusCode.UNAVAILABLE, "gone"))
    with surface.connect(identity.identity, [first.endpoint, second.endpoint]) as gateway:
        unsigned = gateway.network("directory").contract("city").new_proposal("publish")
        message = gateway_pb2.ProposedTransaction.FromString(unsigned.bytes())
        signature = identity.sign(message.proposal.proposal_bytes)
        endorsed = gateway.new_signed_proposal(unsigned.bytes(), signature).endorse()
        payload = gateway_pb2.PreparedTransaction.FromString(endorsed.bytes()).envelope.payload
        prepared = gateway.new_signed_transaction(endorsed.bytes(), identity.sign(payload))
        with pytest.raises(SubmitError, match="UNAVAILABLE: gone"):
            prepared.submit()
    assert not second.requests


@pytest.mark.parametrize("kind", ["p256", "p384"])
def test_digests_of_ecdsa_keys_are_sha256(surface: Surface, peer: ScriptedPeer, kind: str) -> None:
    user = new_identity(kind="p384" if kind == "p384" else "p256")
    with surface.connect(user, peer.endpoint) as gateway:
        proposal = gateway.network("directory").contract("city").new_proposal("publish")
    message = gateway_pb2.ProposedTransaction.FromString(proposal.bytes()).proposal.proposal_bytes
    assert proposal.digest() == hashlib.sha256(message).digest()


def test_an_ed25519_keys_digest_is_the_message(surface: Surface, peer: ScriptedPeer) -> None:
    user = new_identity(kind="ed25519")
    accept(peer)
    with surface.connect(user, peer.endpoint) as gateway:
        contract = gateway.network("directory").contract("city")
        proposal = contract.new_proposal("publish")
        assert contract.submit("publish") == b"result"
    message = gateway_pb2.ProposedTransaction.FromString(proposal.bytes()).proposal.proposal_bytes
    assert proposal.digest() == message
    sent = gateway_pb2.EndorseRequest.FromString(peer.requests[ENDORSE][0]).proposed_transaction
    key = load_certificate(user.identity.certificate).public_key()
    assert verify_signature(key, sent.proposal_bytes, sent.signature)


def test_requests_for_events_can_be_signed_elsewhere(
    surface: Surface, new_peer: Callable[..., ScriptedPeer], identity: SigningIdentity
) -> None:
    dead, peer = new_peer(), new_peer()
    dead.stop()
    peer.on(CHAINCODE_EVENTS, stream(chaincode_events(6, "t1"), stay=True))
    with surface.connect(identity.identity, [dead.endpoint, peer.endpoint]) as gateway:
        network = gateway.network("directory")
        unsigned = network.new_chaincode_events_request("city", start_block=6)
        message = gateway_pb2.SignedChaincodeEventsRequest.FromString(unsigned.bytes()).request
        assert unsigned.digest() == hashlib.sha256(message).digest()
        signature = identity.sign(message)
        request = gateway.new_signed_chaincode_events_request(unsigned.bytes(), signature)
        with request.events() as events:
            assert next(events).transaction_id == "t1"
            # Resuming would need another signature, so the loss is reported.
            peer.stop()
            with pytest.raises(GatewayError, match="UNAVAILABLE"):
                next(events)
    sent = gateway_pb2.SignedChaincodeEventsRequest.FromString(peer.requests[CHAINCODE_EVENTS][0])
    assert (sent.request, sent.signature) == (message, signature)


@pytest.mark.parametrize(
    ("name", "method", "raw"),
    [
        ("block_events", BLOCKS.method, block(3)),
        ("filtered_block_events", FILTERED_BLOCKS.method, filtered_block(3)),
        ("block_and_private_data_events", BLOCKS_AND_PRIVATE_DATA.method, block(3)),
    ],
)
def test_requests_for_blocks_can_be_signed_elsewhere(
    surface: Surface,
    new_peer: Callable[..., ScriptedPeer],
    identity: SigningIdentity,
    name: str,
    method: str,
    raw: bytes,
) -> None:
    dead, peer = new_peer(), new_peer()
    dead.stop()
    peer.on(method, stream(raw, stay=True))
    with surface.connect(identity.identity, [dead.endpoint, peer.endpoint]) as gateway:
        unsigned = getattr(gateway.network("directory"), f"new_{name}_request")(start_block=3)
        payload = common_pb2.Envelope.FromString(unsigned.bytes()).payload
        assert unsigned.digest() == hashlib.sha256(payload).digest()
        signature = identity.sign(payload)
        request = getattr(gateway, f"new_signed_{name}_request")(unsigned.bytes(), signature)
        with request.events() as blocks:
            next(blocks)
    sent = common_pb2.Envelope.FromString(peer.requests[method][0])
    assert (sent.payload, sent.signature) == (payload, signature)
    header = common_pb2.ChannelHeader.FromString(
        common_pb2.Payload.FromString(payload).header.channel_header
    )
    assert (header.type, header.channel_id) == (common_pb2.DELIVER_SEEK_INFO, "directory")


def test_requests_made_elsewhere_are_signed_here_when_there_is_a_key(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(CHAINCODE_EVENTS, stream(chaincode_events(6, "t1"), stay=True))
    for kind in (BLOCKS, FILTERED_BLOCKS, BLOCKS_AND_PRIVATE_DATA):
        peer.on(kind.method, stream(filtered_block(3), stay=True))
    with surface.connect(identity, peer.endpoint) as gateway:
        network = gateway.network("directory")
        requests = {
            CHAINCODE_EVENTS: gateway.new_chaincode_events_request(
                network.new_chaincode_events_request("city").bytes()
            ),
            BLOCKS.method: gateway.new_block_events_request(
                network.new_block_events_request().bytes()
            ),
            FILTERED_BLOCKS.method: gateway.new_filtered_block_events_request(
                network.new_filtered_block_events_request().bytes()
            ),
            BLOCKS_AND_PRIVATE_DATA.method: gateway.new_block_and_private_data_events_request(
                network.new_block_and_private_data_events_request().bytes()
            ),
        }
        for request in requests.values():
            with request.events() as events:
                next(events)
    assert set(peer.requests) == set(requests)
    sent = common_pb2.Envelope.FromString(peer.requests[BLOCKS.method][0])
    key = load_certificate(identity.identity.certificate).public_key()
    assert verify_signature(key, sent.payload, sent.signature)


@pytest.mark.parametrize("name", ["proposal", "transaction", "commit", "block_events_request"])
def test_junk_is_refused(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity, name: str
) -> None:
    with surface.connect(identity, peer.endpoint) as gateway, pytest.raises(DecodeError):
        getattr(gateway, f"new_signed_{name}")(b"\xff\xff\xff", b"signature")
