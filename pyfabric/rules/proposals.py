"""A signed proposal taken apart, with Fabric's checks of what stands in it.

Sources: core/endorser/msgvalidation.go, core/handlers/auth/filter, internal/pkg/gateway/evaluate.go of
Fabric 3.1. What needs a channel or an identity is checked by the endorser.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from hashlib import sha256
from typing import TypeVar

from fabric_protos.common import common_pb2
from fabric_protos.msp import identities_pb2
from fabric_protos.peer import chaincode_pb2, proposal_pb2
from google.protobuf.message import Message

from pyfabric.errors import DecodeError, IdentityError, PeerResponseError
from pyfabric.identity.certificates import load_certificate
from pyfabric.messages.decoding import decode
from pyfabric.messages.go_texts import enum_name
from pyfabric.messages.proposals import proposal_hash

TIME_WINDOW = timedelta(minutes=15)

M = TypeVar("M", bound=Message)


class ProposalError(PeerResponseError):
    """A proposal is refused before anything is executed; the text is Fabric's."""

    def __init__(self, message: str) -> None:
        super().__init__(message, status=500)


class UnreadableError(ProposalError):
    """A message in a proposal cannot be decoded; `part` names it."""

    def __init__(self, message: str, *, part: str) -> None:
        super().__init__(message)
        self.part = part


@dataclass(slots=True)
class Proposal:
    """A readable proposal. `verified_by` remembers which MSP manager found its creator good.

    Its signature header may be unreadable, which gateways do not notice and endorsers do.
    """

    signed: proposal_pb2.SignedProposal
    header: common_pb2.Header
    channel_header: common_pb2.ChannelHeader
    signature_header: common_pb2.SignatureHeader
    payload: proposal_pb2.ChaincodeProposalPayload
    invocation: chaincode_pb2.ChaincodeInvocationSpec
    unreadable: UnreadableError | None = None
    verified_by: object = None
    _hash: bytes = b""

    @property
    def channel_id(self) -> str:
        """The channel in the header; empty for a call to the peer itself."""
        return self.channel_header.channel_id

    @property
    def transaction_id(self) -> str:
        """The transaction id in the header."""
        return self.channel_header.tx_id

    @property
    def creator(self) -> bytes:
        """The serialized identity that made the proposal."""
        return self.signature_header.creator

    @property
    def creator_msp_id(self) -> str:
        """The MSP id that the creator claims; empty if it cannot be read."""
        try:
            return decode(identities_pb2.SerializedIdentity, self.creator).mspid
        except DecodeError:
            return ""

    @property
    def called_name(self) -> str:
        """The chaincode in the invocation (what the gateway goes by)."""
        return self.invocation.chaincode_spec.chaincode_id.name

    def hash(self) -> bytes:
        """Return the proposal hash that endorsers sign: without the transient data."""
        if not self._hash:
            visible = proposal_pb2.ChaincodeProposalPayload(input=self.payload.input)
            self._hash = proposal_hash(
                self.header.channel_header,
                self.header.signature_header,
                visible.SerializeToString(),
            )
        return self._hash


def read_proposal(signed: proposal_pb2.SignedProposal) -> Proposal:
    """Take a proposal apart; raises UnreadableError for the first part that cannot be read."""
    proposal = parse(proposal_pb2.Proposal, signed.proposal_bytes)
    header = parse(common_pb2.Header, proposal.header)
    channel_header = parse(common_pb2.ChannelHeader, header.channel_header)
    signature_header, unreadable = common_pb2.SignatureHeader(), None
    try:
        signature_header = parse(common_pb2.SignatureHeader, header.signature_header)
    except UnreadableError as error:
        unreadable = error
    payload = parse(proposal_pb2.ChaincodeProposalPayload, proposal.payload)
    invocation = parse(chaincode_pb2.ChaincodeInvocationSpec, payload.input)
    return Proposal(
        signed, header, channel_header, signature_header, payload, invocation, unreadable
    )


def parse(kind: type[M], data: bytes) -> M:
    """Decode a message; raises UnreadableError."""
    return decode(kind, data, partial(UnreadableError, part=kind.DESCRIPTOR.name))


def check_filters(proposal: Proposal, now: datetime) -> None:
    """Apply the filters before the endorser: an expired identity, a clock that is too far off."""
    if proposal.unreadable is not None:
        raise ProposalError(f"failed parsing signature header: {proposal.unreadable.message}")
    expires = expires_at(proposal.creator)
    if expires is not None and now > expires:
        raise ProposalError("proposal client identity expired")
    stamp = proposal.channel_header.timestamp
    if abs(now.timestamp() - stamp.seconds - stamp.nanos / 1e9) > TIME_WINDOW.total_seconds():
        raise ProposalError(
            f"request unauthorized due to incorrect timestamp {_moment(stamp.seconds)}, "
            f"peer time {now:%Y-%m-%dT%H:%M:%SZ}, peer.authentication.timewindow 15m0s"
        )


def _moment(seconds: int) -> str:
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return f"{seconds} seconds after 1970"
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@lru_cache(maxsize=4096)
def expires_at(creator: bytes) -> datetime | None:
    """Return when the certificate of a serialized identity expires; None if it cannot be read."""
    try:
        identity = decode(identities_pb2.SerializedIdentity, creator)
        return load_certificate(identity.id_bytes).not_valid_after_utc
    except (DecodeError, IdentityError):
        return None


def check_shape(proposal: Proposal) -> str:
    """Return what the endorser needs to find in a proposal; answers the chaincode of its header."""
    extension = parse(proposal_pb2.ChaincodeHeaderExtension, proposal.channel_header.extension)
    if not extension.HasField("chaincode_id"):
        raise ProposalError("ChaincodeHeaderExtension.ChaincodeId is nil")
    if not extension.chaincode_id.name:
        raise ProposalError("ChaincodeHeaderExtension.ChaincodeId.Name is empty")
    if not proposal.invocation.HasField("chaincode_spec"):
        raise ProposalError("chaincode invocation spec did not contain chaincode spec")
    if not proposal.invocation.chaincode_spec.HasField("input"):
        raise ProposalError("chaincode input did not contain any input")
    return extension.chaincode_id.name


def invalid_proposal(problem: ProposalError) -> ProposalError:
    """Return the refusal of a proposal whose headers or creator do not hold."""
    return ProposalError(f"error validating proposal: {problem.message}")


def unknown_creator(channel_id: str) -> ProposalError:
    """Return the refusal of a creator whose MSP the channel does not know, or who has no certificate."""
    return ProposalError(
        f"access denied: channel [{channel_id}] creator org unknown, creator is malformed"
    )


def check_headers(proposal: Proposal) -> None:
    """Check header type, epoch, nonce, creator, transaction id and the presence of a signature."""
    kind = proposal.channel_header.type
    if kind not in (common_pb2.ENDORSER_TRANSACTION, common_pb2.CONFIG):
        name = enum_name(common_pb2.HeaderType.DESCRIPTOR, kind)
        raise ProposalError(f"invalid header type {name}")
    if proposal.channel_header.epoch != 0:
        raise ProposalError("epoch is non-zero")
    signature_header = proposal.signature_header
    if not signature_header.nonce:
        raise ProposalError("nonce is empty")
    if not signature_header.creator:
        raise ProposalError("creator is empty")
    expected = sha256(signature_header.nonce + signature_header.creator).hexdigest()
    if proposal.transaction_id != expected:
        raise ProposalError(
            f"incorrectly computed txid '{proposal.transaction_id}' -- expected '{expected}'"
        )
    if not proposal.signed.signature:
        raise ProposalError("empty signature bytes")


def check_for_evaluation(proposal: Proposal) -> None:
    """Check what the gateway's Evaluate asks of a proposal; raises ProposalError."""
    channel_id = proposal.channel_id
    if not channel_id:
        raise ProposalError("no channel id provided")
    if not proposal.invocation.HasField("chaincode_spec"):
        raise ProposalError(f"no chaincode spec is provided, channel id [{channel_id}]")
    if not proposal.invocation.chaincode_spec.HasField("chaincode_id"):
        raise ProposalError(f"no chaincode id is provided, channel id [{channel_id}]")
    if not proposal.called_name:
        raise ProposalError(f"no chaincode name is provided, channel id [{channel_id}]")
