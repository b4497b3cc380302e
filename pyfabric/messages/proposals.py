"""Proposals: what a client asks peers to simulate (peer.Proposal, gateway.ProposedTransaction)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Self

from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import chaincode_pb2, proposal_pb2

from pyfabric.messages.decoding import decode


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call of a chaincode: `arguments[0]` is the function's name.

    `endorsing_organizations` are MSP ids; when empty, the peer chooses. `is_init` marks the call that a
    chaincode with init_required needs before all others.
    """

    channel: str
    chaincode: str
    arguments: Sequence[bytes]
    transient: Mapping[str, bytes] | None = None
    endorsing_organizations: Sequence[str] = ()
    is_init: bool = False


@dataclass(frozen=True, slots=True)
class ProposedTransaction:
    """A proposal, signed or not yet. `message` is what the creator signs (peer.Proposal)."""

    transaction_id: str
    channel: str
    message: bytes
    endorsing_organizations: Sequence[str] = ()
    signature: bytes = b""

    def signed(self, signature: bytes) -> Self:
        """Return the same proposal with that signature."""
        return type(self)(
            self.transaction_id,
            self.channel,
            self.message,
            self.endorsing_organizations,
            signature,
        )

    def _signed_proposal(self) -> proposal_pb2.SignedProposal:
        return proposal_pb2.SignedProposal(proposal_bytes=self.message, signature=self.signature)

    def to_bytes(self) -> bytes:
        """Return the bytes of gateway.ProposedTransaction, as the official clients exchange them."""
        return gateway_pb2.ProposedTransaction(
            transaction_id=self.transaction_id,
            proposal=self._signed_proposal(),
            endorsing_organizations=self.endorsing_organizations,
        ).SerializeToString()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read `to_bytes`; raises DecodeError. The id is that of the proposal, not the one beside it."""
        proposed = decode(gateway_pb2.ProposedTransaction, raw)
        channel = decode(
            common_pb2.ChannelHeader,
            proposal_header(proposed.proposal.proposal_bytes).channel_header,
        )
        return cls(
            transaction_id=channel.tx_id,
            channel=channel.channel_id,
            message=proposed.proposal.proposal_bytes,
            endorsing_organizations=tuple(proposed.endorsing_organizations),
            signature=proposed.proposal.signature,
        )

    def evaluate_request(self) -> bytes:
        """Return the bytes of gateway.EvaluateRequest."""
        return gateway_pb2.EvaluateRequest(
            transaction_id=self.transaction_id,
            channel_id=self.channel,
            proposed_transaction=self._signed_proposal(),
            target_organizations=self.endorsing_organizations,
        ).SerializeToString()

    def endorse_request(self) -> bytes:
        """Return the bytes of gateway.EndorseRequest."""
        return gateway_pb2.EndorseRequest(
            transaction_id=self.transaction_id,
            channel_id=self.channel,
            proposed_transaction=self._signed_proposal(),
            endorsing_organizations=self.endorsing_organizations,
        ).SerializeToString()

    def endorser_request(self) -> bytes:
        """Return the bytes of peer.SignedProposal, for a peer's own Endorser service."""
        return self._signed_proposal().SerializeToString()


def proposal_header(proposal: bytes) -> common_pb2.Header:
    """Return the header inside the bytes of a peer.Proposal; raises DecodeError."""
    return decode(common_pb2.Header, decode(proposal_pb2.Proposal, proposal).header)


def proposal_visible(proposal: bytes) -> bytes:
    """Return the visible payload of the bytes of a peer.Proposal; raises DecodeError."""
    return visible_payload(decode(proposal_pb2.Proposal, proposal).payload)


def proposal_payload(invocation: Invocation) -> bytes:
    """Return the bytes of peer.ChaincodeProposalPayload for an invocation, its transient data included."""
    spec = chaincode_pb2.ChaincodeInvocationSpec(
        chaincode_spec=chaincode_pb2.ChaincodeSpec(
            # Fabric ignores the type; the official clients send NODE whatever the language.
            type=chaincode_pb2.ChaincodeSpec.NODE,
            chaincode_id=chaincode_pb2.ChaincodeID(name=invocation.chaincode),
            input=chaincode_pb2.ChaincodeInput(
                args=invocation.arguments, is_init=invocation.is_init
            ),
        )
    )
    return proposal_pb2.ChaincodeProposalPayload(
        input=spec.SerializeToString(), TransientMap=invocation.transient
    ).SerializeToString()


def visible_payload(payload: bytes) -> bytes:
    """Return a ChaincodeProposalPayload as a transaction holds it: without its transient data.

    Source: GetBytesProposalPayloadForTx of Fabric's protoutil. Raises DecodeError.
    """
    invoked = decode(proposal_pb2.ChaincodeProposalPayload, payload).input
    return proposal_pb2.ChaincodeProposalPayload(input=invoked).SerializeToString()


def proposal_hash(channel_header: bytes, signature_header: bytes, visible: bytes) -> bytes:
    """Return the hash of a proposal that endorsers sign; `visible` is its visible payload.

    Source: GetProposalHash2 of Fabric's protoutil.
    """
    return sha256(channel_header + signature_header + visible).digest()


@lru_cache(maxsize=256)
def header_extension(chaincode: str) -> bytes:
    """Return the bytes of peer.ChaincodeHeaderExtension, which names the chaincode that is called."""
    return proposal_pb2.ChaincodeHeaderExtension(
        chaincode_id=chaincode_pb2.ChaincodeID(name=chaincode)
    ).SerializeToString()
