"""The block validator on spoilt transactions that real members signed again, so that it reads them whole."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from random import Random

from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.peer import proposal_pb2, proposal_response_pb2, transaction_pb2
from google.protobuf.message import DecodeError as ProtobufDecodeError

from pyfabric.core.validation.block import Outcome
from pyfabric.errors import FabricError, ValidationCode
from pyfabric.identity.signing import SigningIdentity
from tests.support import history, records
from tests.support.mutation import mutant
from tests.support.real_messages import real_messages
from tests.support.replay import ValidatedHistory

BEFORE = 100
"""The block up to which the real channel is replayed; the transactions are those of the blocks after it."""

_SIGNERS = ("user1", "peer0", "Admin")


def validate(seed: int) -> Outcome:
    """The outcome of a block of one to three spoilt transactions."""
    random = Random(seed)
    count = random.randint(1, 3)
    envelopes = [_spoilt(random.getrandbits(64)) for _ in range(count)]
    outcome = _channel().validate(BEFORE + 1, envelopes)
    if len(outcome.transactions) != count:
        raise AssertionError(f"{len(outcome.transactions)} codes for {count} transactions")
    for transaction in outcome.transactions:
        if transaction.code not in set(ValidationCode) - {ValidationCode.NOT_VALIDATED}:
            raise AssertionError(f"no code of a transaction: {transaction.code}")
    return outcome


def try_block(seed: int) -> None:
    """The same, where a configuration that cannot take effect may be refused as a whole."""
    with suppress(FabricError):
        validate(seed)


@cache
def _channel() -> ValidatedHistory:
    replay = ValidatedHistory()
    for number in range(1, BEFORE + 1):
        replay.commit(number)
    return replay


@cache
def _payloads() -> Sequence[bytes]:
    blocks = history.blocks()[BEFORE + 1 :]
    return [
        common_pb2.Envelope.FromString(raw).payload for block in blocks for raw in block.data.data
    ]


def _spoilt(seed: int) -> bytes:
    random = Random(seed)
    if random.random() < 0.1:
        return mutant(seed, _payloads())
    if random.random() < 0.5:
        payload = _with_other_response(random.choice(_payloads()), seed)
    else:
        payload = _endorsed_again(mutant(seed, _payloads()))
    return _signed(payload)


def _signed(payload: bytes) -> bytes:
    creator = b""
    with suppress(ProtobufDecodeError):
        header = common_pb2.Payload.FromString(payload).header
        creator = common_pb2.SignatureHeader.FromString(header.signature_header).creator
    signer = _members().get(creator)
    signature = signer.sign(payload) if signer is not None else b""
    return common_pb2.Envelope(payload=payload, signature=signature).SerializeToString()


def _endorsed_again(payload: bytes) -> bytes:
    """The payload with signatures of its endorsers over what it now holds."""
    return _with_responses(payload, lambda response: response)


def _with_other_response(payload: bytes, seed: int) -> bytes:
    """The payload with only what the endorsers signed spoilt: results, events, or the whole."""

    def spoil(response: bytes) -> bytes:
        random = Random(seed)
        if random.random() < 0.2:
            return mutant(seed, [response])
        message = proposal_response_pb2.ProposalResponsePayload.FromString(response)
        action = proposal_pb2.ChaincodeAction.FromString(message.extension)
        action.results = mutant(seed, [action.results, *real_messages()[rwset_pb2.TxReadWriteSet]])
        message.extension = action.SerializeToString()
        return message.SerializeToString()

    return _with_responses(payload, spoil)


def _with_responses(payload: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The payload with its responses changed and endorsed again, as far as it can be read."""
    message = common_pb2.Payload()
    with suppress(ProtobufDecodeError):
        message.MergeFromString(payload)
        transaction = transaction_pb2.Transaction.FromString(message.data)
        for action in transaction.actions:
            content = transaction_pb2.ChaincodeActionPayload.FromString(action.payload)
            endorsed = content.action
            endorsed.proposal_response_payload = change(endorsed.proposal_response_payload)
            for endorsement in endorsed.endorsements:
                signer = _members().get(endorsement.endorser)
                if signer is not None:
                    signed = endorsed.proposal_response_payload + endorsement.endorser
                    endorsement.signature = signer.sign(signed)
            action.payload = content.SerializeToString()
        message.data = transaction.SerializeToString()
        return message.SerializeToString()
    return payload


@cache
def _members() -> dict[bytes, SigningIdentity]:
    return {identity.serialized(): identity for identity in _identities()}


def _identities() -> Iterator[SigningIdentity]:
    for organization in records.MEMBERS:
        for name in _SIGNERS:
            joint = "." if name == "peer0" else "@"
            yield records.identity(f"{name}{joint}{organization}")
