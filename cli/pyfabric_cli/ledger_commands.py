"""`pyfabric ledger`: a channel's blocks and transactions."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pyfabric.errors import ClientError
from pyfabric_cli import options
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.settings import OutputFormat

app = plain_app()

_COLUMNS = {
    "reads": ["namespace", "key", "block_number", "transaction_number"],
    "writes": ["namespace", "key", "deleted", "value"],
    "private_writes": ["namespace", "collection", "key_hash", "value_hash", "deleted", "purged"],
}

TransactionId = Annotated[str, typer.Argument(metavar="ID", help="The transaction's id.")]


@app.command()
def height(
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Print how many blocks there are, and the hashes of the last two.

    As the department's first peer has them.
    """
    invocation = Invocation.start(state, output)
    actor = invocation.actor(context, user, channel)
    info = actor.chain_info()
    invocation.printer.facts(
        {
            "channel": actor.channel,
            "height": info.height,
            "current_hash": info.current_hash.hex(),
            "previous_hash": info.previous_hash.hex(),
        }
    )


@app.command()
def block(
    number: Annotated[
        int | None, typer.Argument(min=0, help="The block's number (default: the newest).")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Also write the block's bytes to this file.")
    ] = None,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Print a block and its transactions."""
    from pyfabric_network import reading

    from pyfabric_cli.transaction_view import transaction_facts

    invocation = Invocation.start(state, output)
    actor = invocation.actor(context, user, channel)
    info = actor.chain_info()
    wanted = info.height - 1 if number is None else number
    if wanted >= info.height:
        raise ClientError(f"{actor.channel} has blocks 0 to {info.height - 1}, not {wanted}")
    with actor.gateway() as gateway:
        found = reading.block(gateway.network(actor.channel), wanted)
    if to is not None:
        to.write_bytes(found.raw)
    invocation.printer.record(
        {
            "number": found.number,
            "previous_hash": found.previous_hash.hex(),
            "data_hash": found.data_hash.hex(),
        },
        transactions=(
            ["transaction_id", "kind", "code", "creator", "user", "chaincode", "function"],
            [transaction_facts(each) for each in found.transactions],
        ),
    )


@app.command("tx")
def transaction(
    transaction_id: TransactionId,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Print a transaction: block, validation code, time, user, call, and what it read and wrote.

    Long values are cut: `pyfabric ledger block NUMBER --to FILE` writes all of them.
    """
    from pyfabric_network import reading

    from pyfabric_cli.transaction_view import effects, transaction_facts

    invocation = Invocation.start(state, output)
    actor = invocation.actor(context, user, channel)
    with actor.gateway() as gateway:
        found = reading.block_of(gateway.network(actor.channel), transaction_id)
    each = next(one for one in found.transactions if one.transaction_id == transaction_id)
    parts = effects(each, parse=invocation.settings.output is OutputFormat.JSON)
    invocation.printer.record(
        {"block_number": found.number, **transaction_facts(each)},
        **{name: (_COLUMNS[name], rows) for name, rows in parts.items()},
    )


@app.command()
def trace(
    transaction_id: TransactionId,
    network: options.NetworkName = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Print what each node did with a transaction, and why.

    On the development ledger only.
    """
    invocation = Invocation.start(state, output)
    steps = invocation.network(network).development().trace(transaction_id)
    invocation.printer.document([asdict(step) for step in steps], "\n".join(map(str, steps)))
