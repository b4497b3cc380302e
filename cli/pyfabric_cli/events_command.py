"""`pyfabric events`: blocks, or a chaincode's events, as they are committed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pyfabric_network import reading

from pyfabric.admin import peers
from pyfabric.gateway import Block, ChaincodeEvent, FileCheckpointer
from pyfabric.gateway import Network as Channel
from pyfabric_cli import options
from pyfabric_cli.output import readable
from pyfabric_cli.session import Session


def events(
    chaincode: Annotated[
        str | None, typer.Option("--chaincode", help="A chaincode's events instead of blocks.")
    ] = None,
    start: Annotated[
        int | None,
        typer.Option(min=0, help="First block (default: 0; with --follow the next one)."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until interrupted.")
    ] = False,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Go on behind what this file says was seen, and keep it up to date."),
    ] = None,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Print blocks, or a chaincode's events, one a line."""
    session = Session.start(state, output)
    member = session.member(context, user, channel)
    seen = FileCheckpointer(checkpoint) if checkpoint else None
    with member.gateway() as gateway:
        network = gateway.network(member.channel)
        if follow:
            found = _follow(network, chaincode, start, seen)
        else:
            flow = peers.chain_info(member.peers[0], member.identity, member.channel)
            found = _past(network, chaincode, member.ask(flow).height, start or 0, seen)
        for one in found:
            session.printer.event(_facts(one), _line(one))
            _remember(seen, one)


def _follow(
    network: Channel, chaincode: str | None, start: int | None, seen: FileCheckpointer | None
) -> Iterator[Block | ChaincodeEvent]:
    if chaincode is None:
        with network.block_events(start_block=start, checkpoint=seen) as blocks:
            yield from blocks
    else:
        with network.chaincode_events(chaincode, start_block=start, checkpoint=seen) as found:
            yield from found


def _past(
    network: Channel,
    chaincode: str | None,
    height: int,
    start: int,
    seen: FileCheckpointer | None,
) -> Iterator[Block | ChaincodeEvent]:
    if chaincode is None:
        return reading.blocks(network, height, start=start, checkpoint=seen)
    return reading.chaincode_events(network, chaincode, height, start=start, checkpoint=seen)


def _remember(seen: FileCheckpointer | None, one: Block | ChaincodeEvent) -> None:
    if seen is None:
        return
    if isinstance(one, Block):
        seen.checkpoint_block(one.number)
    else:
        seen.checkpoint_chaincode_event(one)


def _facts(one: Block | ChaincodeEvent) -> dict[str, Any]:
    if isinstance(one, ChaincodeEvent):
        return {
            "block_number": one.block_number,
            "transaction_id": one.transaction_id,
            "chaincode": one.chaincode,
            "event": one.name,
            "payload": readable(one.payload),
        }
    return {
        "block_number": one.number,
        "transactions": [
            {"transaction_id": each.transaction_id, "code": each.code.name}
            for each in one.transactions
        ],
    }


def _line(one: Block | ChaincodeEvent) -> str:
    if isinstance(one, ChaincodeEvent):
        return f"{one.block_number}  {one.transaction_id}  {one.name}  {readable(one.payload)}"
    return "\n".join(
        f"{one.number}  {each.transaction_id}  {each.code.name}" for each in one.transactions
    )
