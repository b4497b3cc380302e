"""Endorsed transactions and the request for their outcome (gateway.PreparedTransaction, …)."""

from dataclasses import dataclass
from typing import Self

from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2

from pyfabric.errors import CommitError, ValidationCode
from pyfabric.messages.decoding import decode
from pyfabric.messages.endorsed import check_proposed, endorsed_action


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """What became of a transaction: its validation code and the block that holds it."""

    transaction_id: str
    code: ValidationCode
    block_number: int

    @property
    def successful(self) -> bool:
        """Whether the transaction is valid: its writes are in the state."""
        return self.code is ValidationCode.VALID

    def raise_unless_valid(self) -> None:
        """Raise CommitError unless the transaction is valid."""
        if not self.successful:
            raise CommitError(
                transaction_id=self.transaction_id, code=self.code, block_number=self.block_number
            )


@dataclass(frozen=True, slots=True)
class CommitStatusRequest:
    """A request for a transaction's outcome. `message` is what is signed (CommitStatusRequest)."""

    transaction_id: str
    message: bytes
    signature: bytes = b""

    @classmethod
    def new(cls, creator: bytes, channel: str, transaction_id: str) -> Self:
        """Return the unsigned request of that creator (serialized identity)."""
        request = gateway_pb2.CommitStatusRequest(
            transaction_id=transaction_id, channel_id=channel, identity=creator
        )
        return cls(transaction_id, request.SerializeToString())

    def signed(self, signature: bytes) -> Self:
        """Return the same request with that signature."""
        return type(self)(self.transaction_id, self.message, signature)

    def to_bytes(self) -> bytes:
        """Return the bytes of gateway.SignedCommitStatusRequest: what is exchanged and what is sent."""
        return gateway_pb2.SignedCommitStatusRequest(
            request=self.message, signature=self.signature
        ).SerializeToString()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read `to_bytes`; raises DecodeError."""
        signed = decode(gateway_pb2.SignedCommitStatusRequest, raw)
        request = decode(gateway_pb2.CommitStatusRequest, signed.request)
        return cls(request.transaction_id, signed.request, signed.signature)

    def read_answer(self, raw: bytes) -> CommitStatus:
        """Return the outcome in a gateway.CommitStatusResponse; raises DecodeError."""
        answer = decode(gateway_pb2.CommitStatusResponse, raw)
        return CommitStatus(self.transaction_id, ValidationCode(answer.result), answer.block_number)


@dataclass(frozen=True, slots=True)
class PreparedTransaction:
    """An endorsed transaction, signed or not yet. `message` is what is signed (common.Payload).

    `result` is what the chaincode answered.
    """

    transaction_id: str
    channel: str
    result: bytes
    message: bytes
    signature: bytes = b""

    def signed(self, signature: bytes) -> Self:
        """Return the same transaction with that signature."""
        return type(self)(self.transaction_id, self.channel, self.result, self.message, signature)

    def _envelope(self) -> common_pb2.Envelope:
        return common_pb2.Envelope(payload=self.message, signature=self.signature)

    def to_bytes(self) -> bytes:
        """Return the bytes of gateway.PreparedTransaction, as the official clients exchange them."""
        return gateway_pb2.PreparedTransaction(
            transaction_id=self.transaction_id, envelope=self._envelope()
        ).SerializeToString()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read `to_bytes`; raises DecodeError, also when its parts contradict each other."""
        return cls.from_envelope(decode(gateway_pb2.PreparedTransaction, raw).envelope)

    @classmethod
    def from_envelope(cls, envelope: common_pb2.Envelope) -> Self:
        """Return the transaction of an envelope, with its signature.

        Raises DecodeError, also when its parts contradict each other (`endorsed_action`).
        """
        payload = decode(common_pb2.Payload, envelope.payload)
        header = decode(common_pb2.ChannelHeader, payload.header.channel_header)
        return cls(
            transaction_id=header.tx_id,
            channel=header.channel_id,
            result=endorsed_action(payload).response.payload,
            message=envelope.payload,
            signature=envelope.signature,
        )

    def submit_request(self) -> bytes:
        """Return the bytes of gateway.SubmitRequest."""
        return gateway_pb2.SubmitRequest(
            transaction_id=self.transaction_id,
            channel_id=self.channel,
            prepared_transaction=self._envelope(),
        ).SerializeToString()


def read_endorsed(raw: bytes, proposal: bytes) -> PreparedTransaction:
    """Return the transaction in a gateway.EndorseResponse, unsigned; `proposal` is a peer.Proposal.

    Raises DecodeError, also when it is not the transaction of that proposal in every part that the
    proposal decides: a peer must not get anything else signed.
    """
    envelope = decode(gateway_pb2.EndorseResponse, raw).prepared_transaction
    check_proposed(decode(common_pb2.Payload, envelope.payload), proposal)
    return PreparedTransaction.from_envelope(envelope)
