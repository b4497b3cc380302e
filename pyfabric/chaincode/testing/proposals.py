"""Proposals of a test ledger's clients, which nobody signs."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from fabric_protos.common import common_pb2
from fabric_protos.peer import chaincode_pb2, chaincode_shim_pb2, proposal_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from pyfabric.chaincode.invocation import Invocation
from pyfabric.messages.envelopes import NONCE_SIZE
from pyfabric.messages.values import encode_value

_BATCH: Final = 100


def invocation(
    call: Sequence[object],
    *,
    number: int,
    channel_id: str,
    creator: bytes,
    at: datetime,
    transient: Mapping[str, bytes],
    is_init: bool,
) -> Invocation:
    """Return what a peer sends a contract of the proposal with this number; `call` begins with a function.

    Arguments that are not bytes or text are written as a client would write them.
    """
    nonce = number.to_bytes(NONCE_SIZE, "big")
    transaction_id = hashlib.sha256(nonce + creator).hexdigest()
    proposal = _proposal(channel_id, transaction_id, nonce, creator, at, transient)
    given = chaincode_pb2.ChaincodeInput(args=[encode_value(each) for each in call])
    kinds = chaincode_shim_pb2.ChaincodeMessage
    return Invocation.from_message(
        chaincode_shim_pb2.ChaincodeMessage(
            type=kinds.INIT if is_init else kinds.TRANSACTION,
            channel_id=channel_id,
            txid=transaction_id,
            payload=given.SerializeToString(),
            proposal=proposal_pb2.SignedProposal(
                proposal_bytes=proposal.SerializeToString(), signature=b"signature"
            ),
        ),
        multiple_reads=_BATCH,
        write_batch=_BATCH,
    )


def _proposal(
    channel: str,
    transaction_id: str,
    nonce: bytes,
    creator: bytes,
    at: datetime,
    transient: Mapping[str, bytes],
) -> proposal_pb2.Proposal:
    stamp = Timestamp()
    stamp.FromDatetime(at.astimezone(UTC))
    channel_header = common_pb2.ChannelHeader(
        type=common_pb2.ENDORSER_TRANSACTION,
        channel_id=channel,
        tx_id=transaction_id,
        timestamp=stamp,
    )
    signature_header = common_pb2.SignatureHeader(creator=creator, nonce=nonce)
    header = common_pb2.Header(
        channel_header=channel_header.SerializeToString(),
        signature_header=signature_header.SerializeToString(),
    )
    payload = proposal_pb2.ChaincodeProposalPayload(TransientMap=transient)
    return proposal_pb2.Proposal(
        header=header.SerializeToString(), payload=payload.SerializeToString()
    )
