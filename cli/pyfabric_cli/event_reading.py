"""Blocks and chaincode events, past or to come, and how one of them is printed and remembered."""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

from pyfabric_network import reading

from pyfabric.admin.block_files import BlockFiles
from pyfabric.admin.peers import ChainInfo
from pyfabric.errors import ClientError, GatewayError, StatusCode
from pyfabric.gateway import Block, ChaincodeEvent, FileCheckpointer
from pyfabric.gateway import Network as Channel
from pyfabric.messages.blocks import parse_block
from pyfabric.rules.blocks.events import chaincode_events
from pyfabric_cli.output import readable

Event: TypeAlias = Block | ChaincodeEvent

_LOGGER = logging.getLogger("pyfabric.events")
_PAUSE: Final = 2.0


def follow(
    channel: Channel,
    chaincode: str | None,
    start: int | None,
    seen: FileCheckpointer | None,
    *,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Event]:
    """Yield blocks, or a chaincode's events, as they are committed, without end.

    While no peer answers, they are asked again. A stream continues by itself after its first event, so
    that opening it again neither loses nor repeats one.
    """
    while True:
        try:
            return (yield from _stream(channel, chaincode, start, seen))
        except GatewayError as error:
            if error.code not in (StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED):
                raise
            _LOGGER.warning("no peer answers, asking again in %.0f s: %s", _PAUSE, error)
            wait(_PAUSE)


def _stream(
    channel: Channel, chaincode: str | None, start: int | None, seen: FileCheckpointer | None
) -> Iterator[Event]:
    if chaincode is None:
        with channel.block_events(start_block=start, checkpoint=seen) as blocks:
            yield from blocks
    else:
        with channel.chaincode_events(chaincode, start_block=start, checkpoint=seen) as events:
            yield from events


def past(
    channel: Channel,
    chaincode: str | None,
    height: int,
    start: int,
    seen: FileCheckpointer | None,
) -> Iterator[Event]:
    """Return the blocks, or a chaincode's events, below a height."""
    if chaincode is None:
        return reading.blocks(channel, height, start=start, checkpoint=seen)
    return reading.chaincode_events(channel, chaincode, height, start=start, checkpoint=seen)


def in_files(source: Path, chaincode: str | None, start: int) -> Iterator[Event]:
    """Yield the blocks in a folder or file from a number on, or a chaincode's events in them."""
    for raw in BlockFiles(source).blocks(start):
        if chaincode is None:
            yield Block.from_bytes(raw)
            continue
        block = parse_block(raw)
        for found in chaincode_events(block):
            if found.chaincode_id == chaincode:
                yield ChaincodeEvent(
                    block_number=block.header.number,
                    transaction_id=found.tx_id,
                    chaincode=found.chaincode_id,
                    name=found.event_name,
                    payload=found.payload,
                )


def checked_start(info: ChainInfo, start: int | None) -> int:
    """Return the block to start with: the earliest one that the peer has, if none is given.

    Raises ClientError for one from before the snapshot by which the peer joined.
    """
    if start is None:
        return info.start
    if start < info.start:
        raise ClientError(
            f"the peer joined by a snapshot: it has blocks and events from block {info.start} on, not from "
            f"{start}; ask another peer"
        )
    return start


def remember(seen: FileCheckpointer | None, event: Event) -> None:
    """Record in the checkpoint, if there is one, that this was printed."""
    if seen is None:
        return
    if isinstance(event, Block):
        seen.checkpoint_block(event.number)
    else:
        seen.checkpoint_chaincode_event(event)


def facts(event: Event) -> dict[str, Any]:
    """Return a block or an event as plain values."""
    if isinstance(event, ChaincodeEvent):
        return {
            "block_number": event.block_number,
            "transaction_id": event.transaction_id,
            "chaincode": event.chaincode,
            "event": event.name,
            "payload": readable(event.payload),
        }
    return {
        "block_number": event.number,
        "transactions": [
            {"transaction_id": each.transaction_id, "code": each.code.name}
            for each in event.transactions
        ],
    }


def line(event: Event) -> str:
    """Return an event as a line, or a block as a line for each transaction."""
    if isinstance(event, ChaincodeEvent):
        return (
            f"{event.block_number}  {event.transaction_id}  {event.name}  {readable(event.payload)}"
        )
    return "\n".join(
        f"{event.number}  {each.transaction_id}  {each.code.name}" for each in event.transactions
    )
