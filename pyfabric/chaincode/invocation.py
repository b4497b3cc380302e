"""One transaction as the contract receives it (who asks what, and when), and how it ended."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final, NamedTuple, Self

from fabric_protos.common import common_pb2
from fabric_protos.peer import chaincode_pb2, chaincode_shim_pb2, proposal_pb2

from pyfabric.errors import ContractError, DecodeError
from pyfabric.messages.decoding import decode, read_time

OK: Final = 200
ERROR: Final = 500


class Event(NamedTuple):
    """The event that a transaction emits if it commits as valid."""

    name: str
    payload: bytes


class Result(NamedTuple):
    """How an invocation ended: `status` OK with a payload, or ERROR with a message."""

    status: int
    message: str
    payload: bytes
    event: Event | None


@dataclass(frozen=True)
class Invocation:
    """What a peer sends of one transaction (ChaincodeMessage of type TRANSACTION or INIT).

    `arguments` begins with the function's name. `signed_proposal` (bytes of protos.SignedProposal)
    is what the client signed; the properties read it only when they are asked. `multiple_reads` is how
    many keys the peer reads in one request, `write_batch` how many writes it accepts in one; 0: one at a
    time (before Fabric 3.1). `peer_msp_id` is the MSP of the peer, which no message names; None: not known.
    `endorser_time` stands for the time of this machine, if the peer gives one, as the development ledger does, whose
    clock can be set; None: the machine is asked.
    """

    channel_id: str
    transaction_id: str
    arguments: tuple[bytes, ...]
    signed_proposal: bytes
    decorations: Mapping[str, bytes]
    is_init: bool
    multiple_reads: int = 0
    write_batch: int = 0
    peer_msp_id: str | None = None
    endorser_time: datetime | None = None

    @classmethod
    def from_message(
        cls,
        message: chaincode_shim_pb2.ChaincodeMessage,
        *,
        multiple_reads: int = 0,
        write_batch: int = 0,
        peer_msp_id: str | None = None,
    ) -> Self:
        """Read a TRANSACTION or INIT message; raises ContractError if its input cannot be read."""
        given = decode(
            chaincode_pb2.ChaincodeInput,
            message.payload,
            ContractError,
            "failed to unmarshal input",
        )
        return cls(
            channel_id=message.channel_id,
            transaction_id=message.txid,
            arguments=tuple(given.args),
            signed_proposal=message.proposal.SerializeToString(),
            decorations=dict(given.decorations),
            is_init=message.type == chaincode_shim_pb2.ChaincodeMessage.INIT,
            multiple_reads=multiple_reads,
            write_batch=write_batch,
            peer_msp_id=peer_msp_id,
            endorser_time=_time_of(message),
        )

    @cached_property
    def timestamp(self) -> datetime:
        """When the client says it made the proposal (UTC, microseconds); the same on every peer."""
        try:
            return read_time(self._channel_header.timestamp)
        except DecodeError as error:
            raise ContractError(f"failed to read the proposal's time: {error}") from error

    @cached_property
    def creator(self) -> bytes:
        """The client's msp.SerializedIdentity."""
        return self._signature_header.creator

    @cached_property
    def binding(self) -> bytes:
        """SHA-256 over nonce, creator and epoch: ties other signed material to this proposal."""
        header = self._signature_header
        epoch = self._channel_header.epoch.to_bytes(8, "little")
        return hashlib.sha256(header.nonce + header.creator + epoch).digest()

    @cached_property
    def transient(self) -> Mapping[str, bytes]:
        """Data that the client gave the contract and that no ledger keeps."""
        payload = decode(
            proposal_pb2.ChaincodeProposalPayload,
            self._proposal.payload,
            ContractError,
            "failed to extract proposal payload",
        )
        return dict(payload.TransientMap)

    @cached_property
    def _proposal(self) -> proposal_pb2.Proposal:
        problem = "failed to extract Proposal from SignedProposal"
        signed = decode(proposal_pb2.SignedProposal, self.signed_proposal, ContractError, problem)
        return decode(proposal_pb2.Proposal, signed.proposal_bytes, ContractError, problem)

    @cached_property
    def _header(self) -> common_pb2.Header:
        return decode(
            common_pb2.Header,
            self._proposal.header,
            ContractError,
            "failed to extract proposal header",
        )

    @cached_property
    def _channel_header(self) -> common_pb2.ChannelHeader:
        return decode(
            common_pb2.ChannelHeader,
            self._header.channel_header,
            ContractError,
            "failed to extract channel header",
        )

    @cached_property
    def _signature_header(self) -> common_pb2.SignatureHeader:
        return decode(
            common_pb2.SignatureHeader,
            self._header.signature_header,
            ContractError,
            "failed to extract signature header",
        )


def _time_of(message: chaincode_shim_pb2.ChaincodeMessage) -> datetime | None:
    """Return the time that the peer gives with a transaction; Fabric's own peers give none."""
    return message.timestamp.ToDatetime(UTC) if message.HasField("timestamp") else None
