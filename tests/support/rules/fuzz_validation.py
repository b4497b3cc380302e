"""The block validator on corrupted transactions, signed again by real members so that it decodes them fully."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from random import Random

from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2

from pyfabric.errors import FabricError, ValidationCode
from pyfabric.identity.signing import SigningIdentity
from pyfabric.rules.validation.block import Outcome
from tests.support.messages.forging import Forger
from tests.support.messages.mutation import mutant
from tests.support.messages.real_messages import real_messages
from tests.support.municipal import records
from tests.support.rules import history
from tests.support.rules.replay import ValidatedHistory

BEFORE = 100
"""The block up to which the real channel is replayed; the transactions are those of the blocks after it."""

_SIGNERS = ("user1", "peer0", "Admin")


def validate(seed: int) -> Outcome:
    """Return the outcome of a block of one to three corrupted transactions."""
    random = Random(seed)
    count = random.randint(1, 3)
    envelopes = [_corrupted(random.getrandbits(64)) for _ in range(count)]
    outcome = _channel().validate(BEFORE + 1, envelopes)
    if len(outcome.transactions) != count:
        raise AssertionError(f"{len(outcome.transactions)} codes for {count} transactions")
    for transaction in outcome.transactions:
        if transaction.code not in set(ValidationCode) - {ValidationCode.NOT_VALIDATED}:
            raise AssertionError(f"no code of a transaction: {transaction.code}")
    return outcome


def try_block(seed: int) -> None:
    """Do the same; a configuration that cannot take effect may be refused as a whole."""
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


def _corrupted(seed: int) -> bytes:
    random = Random(seed)
    if random.random() < 0.1:
        return mutant(seed, _payloads())
    return _forger().corrupted(random.choice(_payloads()), seed)


@cache
def _forger() -> Forger:
    members = {identity.serialized(): identity for identity in _identities()}
    return Forger(members, real_messages()[rwset_pb2.TxReadWriteSet])


def _identities() -> Iterator[SigningIdentity]:
    for organization in records.MEMBERS:
        for name in _SIGNERS:
            joint = "." if name == "peer0" else "@"
            yield records.identity(f"{name}{joint}{organization}")
