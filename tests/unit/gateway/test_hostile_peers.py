"""A gateway peer that wants something signed which was not asked for: nothing is signed, nothing sent."""

from collections.abc import Callable

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import chaincode_pb2, proposal_pb2, proposal_response_pb2

from pyfabric.admin import lifecycle
from pyfabric.admin.definitions import ChaincodeDefinition
from pyfabric.client.effects import Nonce, Now, Sign, Unary
from pyfabric.client.timeouts import COMMIT_STATUS, ENDORSE, SUBMIT
from pyfabric.errors import DecodeError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.proposals import proposal_hash
from tests.support.client.flows import play
from tests.support.client.gateway_server import (
    EndorsedParts,
    ScriptedPeer,
    altered_endorsement,
    answer,
    endorse,
    endorsement,
    status,
)
from tests.support.client.surfaces import Surface
from tests.unit.client.test_flows import NOON, PEERS

Alter = Callable[[EndorsedParts], None]


def another_call(parts: EndorsedParts) -> None:
    """Call another chaincode, with everything below the headers made to agree."""
    spec = chaincode_pb2.ChaincodeInvocationSpec()
    spec.chaincode_spec.chaincode_id.name = "money"
    spec.chaincode_spec.input.args.extend([b"transfer", b"everything"])
    parts.call.input = spec.SerializeToString()
    hash_again(parts)


def hash_again(parts: EndorsedParts) -> None:
    parts.response.proposal_hash = proposal_hash(
        parts.header.channel_header, parts.action_header, parts.call.SerializeToString()
    )


def transient_in_the_call(parts: EndorsedParts) -> None:
    parts.call.TransientMap["price"] = b"7"
    hash_again(parts)


def another_creator(parts: EndorsedParts) -> None:
    signer = common_pb2.SignatureHeader(creator=b"other", nonce=b"n")
    parts.action_header = signer.SerializeToString()
    hash_again(parts)


def another_channel(parts: EndorsedParts) -> None:
    channel = common_pb2.ChannelHeader.FromString(parts.header.channel_header)
    channel.channel_id = "treasury"
    parts.header.channel_header = channel.SerializeToString()
    hash_again(parts)


def another_header(parts: EndorsedParts) -> None:
    signer = common_pb2.SignatureHeader.FromString(parts.header.signature_header)
    signer.nonce = b"other"
    parts.header.signature_header = parts.action_header = signer.SerializeToString()
    hash_again(parts)


def another_chaincode(parts: EndorsedParts) -> None:
    parts.outcome.chaincode_id.name = "money"


def another_hash(parts: EndorsedParts) -> None:
    parts.response.proposal_hash = bytes(32)


def two_actions(parts: EndorsedParts) -> None:
    parts.actions = 2


def no_action(parts: EndorsedParts) -> None:
    parts.actions = 0


def endorser_twice(parts: EndorsedParts) -> None:
    parts.endorsements = [
        proposal_response_pb2.Endorsement(endorser=b"peer0", signature=signature)
        for signature in (b"one", b"two")
    ]


def no_endorser(parts: EndorsedParts) -> None:
    parts.endorsements = []


def another_kind(parts: EndorsedParts) -> None:
    channel = common_pb2.ChannelHeader.FromString(parts.header.channel_header)
    channel.type = common_pb2.CONFIG_UPDATE
    parts.header.channel_header = channel.SerializeToString()
    hash_again(parts)


HOSTILE: list[tuple[Alter, str]] = [
    (another_call, "whose call is not the proposal's"),
    (transient_in_the_call, "whose call is not the proposal's"),
    (another_creator, "header of its action"),
    (another_channel, "whose header is not the proposal's"),
    (another_header, "whose header is not the proposal's"),
    (another_chaincode, "'money' was endorsed instead of 'city'"),
    (another_hash, "proposal hash"),
    (two_actions, "2 actions"),
    (no_action, "0 actions"),
    (endorser_twice, "endorser more than once"),
    (no_endorser, "no endorsement"),
]


@pytest.mark.parametrize(("alter", "reason"), HOSTILE)
def test_an_altered_transaction_is_not_signed(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity, alter: Alter, reason: str
) -> None:
    peer.on(ENDORSE, lambda request, _: altered_endorsement(request, b"result", alter))
    peer.on(SUBMIT, answer(b""))
    with surface.connect(identity, peer.endpoint) as gateway:
        contract = gateway.network("directory").contract("city")
        with pytest.raises(DecodeError, match=f"{reason}.*nothing was signed"):
            contract.submit("publish", transient={"price": b"7"})
    assert not peer.requests[SUBMIT]


def test_the_answer_to_an_earlier_proposal_is_not_signed(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(ENDORSE, endorse(b"result"))
    peer.on(SUBMIT, answer(b""))
    peer.on(COMMIT_STATUS, answer(status(0, 3)))
    with surface.connect(identity, peer.endpoint) as gateway:
        contract = gateway.network("directory").contract("city")
        contract.submit("innocent")
        peer.on(ENDORSE, answer(endorsement(peer.requests[ENDORSE][0], b"result")))
        with pytest.raises(DecodeError, match="not the proposal's"):
            contract.submit("publish")
    assert len(peer.requests[SUBMIT]) == 1


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        *((alter, reason) for alter, reason in HOSTILE if "not the proposal's" not in reason),
        (transient_in_the_call, "more than the visible part"),
        (another_header, "its id is not that of its nonce and creator"),
        (another_kind, "its header type is 2"),
    ],
)
def test_a_transaction_made_elsewhere_must_agree_with_itself(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity, alter: Alter, reason: str
) -> None:
    with surface.connect(identity, peer.endpoint) as gateway:
        proposal = gateway.network("directory").contract("city").new_proposal("publish")
        proposed = gateway_pb2.ProposedTransaction.FromString(proposal.bytes())
        request = gateway_pb2.EndorseRequest(proposed_transaction=proposed.proposal)
        raw = altered_endorsement(request.SerializeToString(), b"result", alter)
        prepared = gateway_pb2.PreparedTransaction(
            transaction_id=proposal.transaction_id,
            envelope=gateway_pb2.EndorseResponse.FromString(raw).prepared_transaction,
        ).SerializeToString()
        with pytest.raises(DecodeError, match=reason):
            gateway.new_transaction(prepared)
        with pytest.raises(DecodeError, match=reason):
            gateway.new_signed_transaction(prepared, b"signature")


def test_the_id_of_what_was_made_elsewhere_is_that_of_what_is_signed(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(ENDORSE, endorse(b"result"))
    with surface.connect(identity, peer.endpoint) as gateway:
        proposal = gateway.network("directory").contract("city").new_proposal("publish")
        proposed = gateway_pb2.ProposedTransaction.FromString(proposal.bytes())
        prepared = gateway_pb2.PreparedTransaction.FromString(proposal.endorse().bytes())
        proposed.transaction_id = prepared.transaction_id = "other"
        again = gateway.new_proposal(proposed.SerializeToString())
        endorsed = gateway.new_transaction(prepared.SerializeToString())
        assert again.transaction_id == endorsed.transaction_id == proposal.transaction_id


@pytest.mark.parametrize("alter", [another_call, another_chaincode, endorser_twice])
def test_an_administrator_signs_only_the_approval_that_was_asked_for(
    identity: SigningIdentity, alter: Alter
) -> None:
    signed: list[bytes] = []

    def call(rpc: Unary[bytes]) -> object:
        assert rpc.method == ENDORSE
        try:
            return rpc.parse(altered_endorsement(rpc.request, b"", alter))
        except DecodeError as error:
            return error

    def sign(effect: Sign) -> bytes:
        signed.append(effect.message)
        return b"signature"

    definition = ChaincodeDefinition(name="city", version="1", sequence=1)
    with pytest.raises(DecodeError, match="nothing was signed"):
        play(
            lifecycle.approve(PEERS[0], identity, "directory", definition, None),
            {Nonce: lambda _: b"n" * 24, Now: lambda _: NOON, Sign: sign, Unary: call},
        )
    assert [bool(proposal_pb2.Proposal.FromString(one).header) for one in signed] == [True]
