"""`pyfabric ledger`: a channel's blocks and transactions."""

from pathlib import Path
from typing import Annotated

import typer

from pyfabric_cli import audit_commands
from pyfabric_cli.chains import Inspecting, newest_hashes, signature_check
from pyfabric_cli.commands import command
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app

app = plain_app()

_COLUMNS = {
    "endorsements": ["msp_id", "name", "signature"],
    "reads": ["namespace", "key", "block_number", "transaction_number"],
    "ranges": ["namespace", "start_key", "end_key", "to_the_end", "hashed"],
    "writes": ["namespace", "key", "deleted", "value"],
    "key_policies": ["namespace", "collection", "key", "policy"],
    "private_reads": ["namespace", "collection", "key_hash", "block_number", "transaction_number"],
    "private_writes": ["namespace", "collection", "key_hash", "value_hash", "deleted", "purged"],
    "private_sets": ["namespace", "collection", "hash"],
}

TransactionId = Annotated[str, typer.Argument(metavar="ID", help="The transaction's id.")]

app.add_typer(audit_commands.app)


@command(app)
def height(invocation: Inspecting) -> None:
    """Print how many blocks there are, and the hashes of the last two.

    As the department's first peer has them.
    """
    with invocation.chain() as chain:
        current, previous = newest_hashes(chain)
        invocation.printer.facts(
            {
                "channel": chain.channel,
                "height": chain.height,
                "current_hash": current.hex(),
                "previous_hash": previous.hex(),
            }
            | ({"start": chain.start} if chain.start else {})
        )


@command(app)
def block(
    invocation: Inspecting,
    number: Annotated[
        int | None, typer.Argument(min=0, help="The block's number (default: the newest).")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Also write the block's bytes to this file.")
    ] = None,
) -> None:
    """Print a block, who signed it, and its transactions."""
    from pyfabric.gateway import Block
    from pyfabric_cli.transaction_view import (
        effects,
        signature_facts,
        transaction_facts,
    )

    with invocation.chain() as chain:
        wanted = chain.height - 1 if number is None else number
        found = Block.from_bytes(chain.block(wanted))
        check = signature_check(chain, wanted)
    if to is not None:
        to.write_bytes(found.raw)
    invocation.printer.record(
        {
            "number": found.number,
            "hash": found.hash.hex(),
            "previous_hash": found.previous_hash.hex(),
            "data_hash": found.data_hash.hex(),
            "orderers": (check.orderers_problem(found.raw) or "satisfied") if wanted else None,
        },
        signatures=(
            ["msp_id", "name", "signature"],
            [signature_facts(one) for one in check.block(found.raw)] if wanted else [],
        ),
        transactions=(
            ["transaction_id", "kind", "code", "creator", "user", "chaincode", "function"],
            [
                transaction_facts(each, check) | effects(each, check, parse=True)
                for each in found.transactions
            ],
        ),
    )


@command(app, "tx")
def transaction(invocation: Inspecting, transaction_id: TransactionId) -> None:
    """Print a transaction: block, validation code, time, user, call, signatures, and what it read and wrote.

    Signatures are verified against the channel's members of that time. Long values are cut: `pyfabric ledger block
    NUMBER --to FILE` writes all of them.
    """
    from pyfabric.gateway import Block
    from pyfabric_cli.transaction_view import effects, transaction_facts

    with invocation.chain() as chain:
        found = Block.from_bytes(chain.block_of(transaction_id))
        check = signature_check(chain, found.number)
    each = next(one for one in found.transactions if one.transaction_id == transaction_id)
    parts = effects(each, check, parse=invocation.as_json)
    invocation.printer.record(
        {"block_number": found.number, **transaction_facts(each, check)},
        **{name: (_COLUMNS[name], rows) for name, rows in parts.items()},
    )


@command(app)
def trace(invocation: OnNetwork, transaction_id: TransactionId) -> None:
    """Print what each node did with a transaction, and why.

    On the development ledger only.
    """
    steps = invocation.opened.development().trace(transaction_id)
    invocation.printer.document(steps, "\n".join(map(str, steps)))
