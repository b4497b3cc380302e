"""The start of an event stream: a block, a transaction, a checkpoint, or the next block."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyfabric.client.chain import block_of_transaction, filtered_block, next_block
from pyfabric.client.checkpoints import Checkpointer
from pyfabric.client.effects import Endpoint, Flow
from pyfabric.client.offline import can_sign
from pyfabric.client.peers import SILENT
from pyfabric.errors import ClientError, DeliverError, GatewayError, ValidationCode
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.envelopes import LAST_BLOCK, SeekStart
from pyfabric.messages.events import FilteredBlock


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
    the error of the stream itself explains why. `reached` is whether a peer sent a block already.
    """

    block: SeekStart
    after_transaction_id: str | None
    endpoints: Sequence[Endpoint]
    reached: bool = False


def resolve(
    endpoints: Sequence[Endpoint], identity: SigningIdentity, channel: str, start: Start
) -> Flow[Opening]:
    """Resolve a start. Raises GatewayError when the transaction is unknown or no peer is reachable.

    A start that names its block needs no peer: that none is reachable shows when the stream is read.
    """
    block, transaction = start.fixed()
    if not can_sign(identity):
        return Opening("next" if block is None else block, transaction, endpoints)
    if block is None and transaction is not None:
        block = yield from block_of_transaction(endpoints, identity, channel, transaction)
        return Opening(block, transaction, endpoints, reached=True)
    try:
        following, ordered = yield from next_block(endpoints, identity, channel)
    except GatewayError:
        if block is None:
            raise
        return Opening(block, transaction, endpoints)
    reached = isinstance(following, int)
    return Opening(following if block is None else block, transaction, ordered, reached)


def resolve_events(
    endpoints: Sequence[Endpoint],
    identity: SigningIdentity,
    channel: str,
    chaincode: str,
    start: Start,
) -> Flow[Opening]:
    """Resolve the start of a stream of a chaincode's events.

    A peer waits for ever for the events behind a transaction that has none, or that its chain has not
    (chaincodeEventMatcher of Fabric's gateway). So the block is read, if the identity may: the stream
    starts behind the last event up to that transaction. Where one peer has not the block yet and another
    does not answer, nobody knows: the stream waits for the block. Raises what `resolve` raises, GatewayError
    when no peer answers, and ClientError when the transaction is not in the block.
    """
    opening = yield from resolve(endpoints, identity, channel, start)
    unsigned = not can_sign(identity)
    if unsigned or opening.after_transaction_id is None or not isinstance(opening.block, int):
        return opening
    try:
        block = yield from filtered_block(opening.endpoints, identity, channel, opening.block)
    except (GatewayError, DeliverError) as error:
        if isinstance(error, GatewayError) and error.code in SILENT and not opening.reached:
            raise
        return opening
    if block is None:
        raise _unknown(opening, channel)
    return replace(opening, after_transaction_id=_event_before(block, chaincode, opening, channel))


def _event_before(
    block: FilteredBlock, chaincode: str, opening: Opening, channel: str
) -> str | None:
    """Return the last transaction with an event of the chaincode up to the one to start after."""
    last = None
    for each in block.transactions:
        if each.code is ValidationCode.VALID and any(
            event.chaincode == chaincode for event in each.chaincode_events
        ):
            last = each.transaction_id
        if each.transaction_id == opening.after_transaction_id:
            return last
    raise _unknown(opening, channel)


def _unknown(opening: Opening, channel: str) -> ClientError:
    return ClientError(
        f"channel {channel} has no transaction {opening.after_transaction_id} in block "
        f"{opening.block}, to start after it: the position (or its checkpoint file) is of another "
        "chain, or the peers have lost blocks; start at a block instead, or with a new checkpoint"
    )
