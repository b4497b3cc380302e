"""Finite readings of a channel's events: what is there now, without waiting for more."""

from collections.abc import Iterator

from pyfabric.errors import ValidationCode
from pyfabric.gateway import Block, ChaincodeEvent, Checkpointer, Network


def block(network: Network, number: int) -> Block:
    """Return the block of that number; waits for it if there is none yet."""
    with network.block_events(start_block=number) as stream:
        return next(stream)


def block_of(network: Network, transaction_id: str) -> Block:
    """Return the block that holds a transaction; raises what the peer answers if there is none."""
    with network.block_events(after_transaction_id=transaction_id) as stream:
        return next(stream)


def blocks(
    network: Network, height: int, *, start: int, checkpoint: Checkpointer | None
) -> Iterator[Block]:
    """Yield the blocks from `start`, or from the checkpoint, to the last one below `height`."""
    if _first(start, checkpoint) >= height:
        return
    with network.block_events(start_block=start, checkpoint=checkpoint) as stream:
        for found in stream:
            yield found
            if found.number >= height - 1:
                return


def chaincode_events(
    network: Network, chaincode: str, height: int, *, start: int, checkpoint: Checkpointer | None
) -> Iterator[ChaincodeEvent]:
    """Yield a chaincode's events in the blocks from `start`, or behind the checkpoint, below `height`.

    Raises ClientError for a checkpoint of another chain.
    """
    with network.chaincode_events(chaincode, start_block=start, checkpoint=checkpoint) as stream:
        last = _last_event(network, chaincode, height, start=start, checkpoint=checkpoint)
        if last is None:
            return
        for event in stream:
            yield event
            if event.transaction_id == last:
                return


def _last_event(
    network: Network, chaincode: str, height: int, *, start: int, checkpoint: Checkpointer | None
) -> str | None:
    """Return the transaction of the last event that is still to be read."""
    done = checkpoint.position.transaction_id if checkpoint is not None else None
    last = None
    if _first(start, checkpoint) >= height:
        return None
    with network.filtered_block_events(start_block=start, checkpoint=checkpoint) as stream:
        for found in stream:
            for each in found.transactions:
                if each.transaction_id == done:
                    last = None
                elif each.code is ValidationCode.VALID and any(
                    event.chaincode == chaincode for event in each.chaincode_events
                ):
                    last = each.transaction_id
            if found.number >= height - 1:
                return last
    return last


def _first(start: int, checkpoint: Checkpointer | None) -> int:
    position = checkpoint.position.block_number if checkpoint is not None else None
    return start if position is None else position
