"""The start of an event stream: a block, a transaction, a checkpoint, or the next block."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyfabric.client.chain import block_of_transaction, next_block
from pyfabric.client.checkpoints import Checkpointer
from pyfabric.client.effects import Endpoint, Flow
from pyfabric.client.offline import can_sign
from pyfabric.errors import ClientError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.envelopes import LAST_BLOCK, SeekStart


@dataclass(frozen=True, slots=True)
class Start:
    """What the user asked for. A checkpoint that has a position precedes the others."""

    block: int | None = None
    after_transaction_id: str | None = None
    checkpoint: Checkpointer | None = None

    def fixed(self) -> tuple[int | None, str | None]:
        """Return the block and transaction that are known without asking a peer.

        Raises ClientError for a number that no block can have.
        """
        position = self.checkpoint.position if self.checkpoint is not None else None
        if position is not None and position.block_number is not None:
            return position.block_number, position.transaction_id
        if self.block is not None and not 0 <= self.block <= LAST_BLOCK:
            raise ClientError(f"no block can have the number {self.block}")
        return self.block, self.after_transaction_id

    def check_whole_blocks(self) -> None:
        """Raise ClientError when both a block and a transaction are given: blocks come whole.

        A transaction alone means the block that holds it.
        """
        if self.block is not None and self.after_transaction_id is not None:
            raise ClientError("blocks come whole: give start_block or after_transaction_id")


@dataclass(frozen=True, slots=True)
class Opening:
    """A resolved start: a block's number, the transaction to start after, the peers in their order.

    With a number, a broken stream resumes without loss. "next" means that no peer reported its height;
    the error of the stream itself explains why.
    """

    block: SeekStart
    after_transaction_id: str | None
    endpoints: Sequence[Endpoint]


def resolve(
    endpoints: Sequence[Endpoint], identity: SigningIdentity, channel: str, start: Start
) -> Flow[Opening]:
    """Resolve a start. Raises GatewayError when the transaction is unknown or no peer is reachable."""
    block, transaction = start.fixed()
    if block is not None:
        return Opening(block, transaction, endpoints)
    if not can_sign(identity):
        return Opening("next", transaction, endpoints)
    if transaction is not None:
        number = yield from block_of_transaction(endpoints, identity, channel, transaction)
        return Opening(number, transaction, endpoints)
    following, ordered = yield from next_block(endpoints, identity, channel)
    return Opening(following, None, ordered)
