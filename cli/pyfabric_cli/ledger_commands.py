"""`pyfabric ledger`: what stands in a channel's blocks."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from pyfabric_network import reading

from pyfabric.admin import peers
from pyfabric.admin.inspection import describe_transaction
from pyfabric.errors import ClientError
from pyfabric.gateway import BlockTransaction
from pyfabric_cli import options
from pyfabric_cli.output import readable
from pyfabric_cli.session import Session

app = typer.Typer(no_args_is_help=True, help="What stands in a channel's blocks.")


@app.command()
def height(
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """How many blocks the department's peer has, and the hashes of the last two."""
    session = Session.start(state, output)
    member = session.member(context, user, channel)
    info = member.ask(peers.chain_info(member.peers[0], member.identity, member.channel))
    session.printer.facts(
        {
            "channel": member.channel,
            "height": info.height,
            "current_hash": info.current_hash.hex(),
            "previous_hash": info.previous_hash.hex(),
        }
    )


@app.command()
def block(
    number: Annotated[int | None, typer.Argument(min=0, help="Default: the newest.")] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Write the block's bytes to this file as well.")
    ] = None,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """A block and its transactions."""
    session = Session.start(state, output)
    member = session.member(context, user, channel)
    info = member.ask(peers.chain_info(member.peers[0], member.identity, member.channel))
    wanted = info.height - 1 if number is None else number
    if wanted >= info.height:
        raise ClientError(f"{member.channel} has blocks 0 to {info.height - 1}, not {wanted}")
    with member.gateway() as gateway:
        found = reading.block(gateway.network(member.channel), wanted)
    if to is not None:
        to.write_bytes(found.raw)
    session.printer.record(
        {
            "number": found.number,
            "previous_hash": found.previous_hash.hex(),
            "data_hash": found.data_hash.hex(),
        },
        ["transaction_id", "kind", "code", "creator", "chaincode", "function"],
        transactions=[transaction_facts(each) for each in found.transactions],
    )


@app.command("tx")
def transaction(
    transaction_id: Annotated[str, typer.Argument(metavar="ID", help="The transaction's id.")],
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """A transaction: its block, its code, what it asked for and what it wrote."""
    session = Session.start(state, output)
    member = session.member(context, user, channel)
    with member.gateway() as gateway:
        found = reading.block_of(gateway.network(member.channel), transaction_id)
    each = next(one for one in found.transactions if one.transaction_id == transaction_id)
    session.printer.record(
        {"block_number": found.number, **transaction_facts(each)},
        ["namespace", "key", "deleted"],
        writes=writes(each),
    )


@app.command()
def trace(
    transaction_id: Annotated[str, typer.Argument(metavar="ID", help="The transaction's id.")],
    network: options.NetworkName = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """What each node did with a transaction and why: on a development ledger only."""
    session = Session.start(state, output)
    steps = session.network(network).development().trace(transaction_id)
    session.printer.document([asdict(step) for step in steps], "\n".join(map(str, steps)))


def transaction_facts(each: BlockTransaction) -> dict[str, Any]:
    """What a transaction's envelope and code tell, as plain values."""
    view = describe_transaction(each.envelope)
    invocation = view.invocation
    facts: dict[str, Any] = {
        "transaction_id": view.transaction_id,
        "kind": view.kind,
        "code": each.code.name,
        "timestamp": view.timestamp.isoformat() if view.timestamp else None,
        "creator": view.creator,
    }
    if invocation is not None:
        arguments = [readable(argument) for argument in invocation.arguments]
        facts |= {
            "chaincode": invocation.chaincode,
            "function": arguments[0] if arguments else "",
            "arguments": arguments[1:],
            "endorsers": list(invocation.endorsers),
            "event": invocation.event or None,
            "problem": invocation.problem or None,
        }
    return facts


def writes(each: BlockTransaction) -> list[dict[str, Any]]:
    """The keys that a transaction wrote or deleted."""
    invocation = describe_transaction(each.envelope).invocation
    return [asdict(write) for write in invocation.writes] if invocation else []
