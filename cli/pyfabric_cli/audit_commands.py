"""`pyfabric ledger verify` and `export`: a channel's blocks checked as a whole, and written to files."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pyfabric.errors import ConfigError
from pyfabric_cli.chains import Inspecting, config_at_start
from pyfabric_cli.commands import command
from pyfabric_cli.exits import ExitCode
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import counted, say

if TYPE_CHECKING:
    from pyfabric.admin.verification import Verification

app = plain_app()

_HASH_SIZE = 32


@command(app)
def verify(
    invocation: Inspecting,
    genesis_hash: Annotated[
        str | None,
        typer.Option(
            "--genesis-hash",
            metavar="HEX",
            help="The hash that the genesis block must have, or the earliest block that there is.",
        ),
    ] = None,
    snapshot: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Begin after the block of this peer snapshot, with the state that it holds.",
        ),
    ] = None,
) -> None:
    """Verify a channel's blocks, and print the first fault.

    Checks numbers, hashes, orderers' signatures and configurations, and computes each transaction's validation code
    and the commit hashes again, which nobody signs. Exits with 4 if anything does not hold. Prints what could not
    be checked.
    """
    from pyfabric.admin.snapshot_files import PeerSnapshot
    from pyfabric.admin.verification import verify_chain

    expected = _hash(genesis_hash)
    start = 0 if snapshot is None else PeerSnapshot.read(snapshot).block_number + 1
    with (
        invocation.chain() as chain,
        counted("blocks verified", chain.height - max(start, chain.start)) as count,
    ):
        found = verify_chain(
            chain.blocks(start),
            genesis_hash=expected,
            config=config_at_start(chain),
            snapshot=snapshot,
            report=count,
        )
    _print(found, invocation)
    if found.fault is not None:
        raise typer.Exit(ExitCode.NETWORK)


@command(app)
def export(
    invocation: Inspecting,
    to: Annotated[Path, typer.Option("--to", help="Write to this folder, or continue there.")],
    start: Annotated[
        int, typer.Option(min=0, help="Begin a new export with this block (default: 0).")
    ] = 0,
) -> None:
    """Write a channel's blocks to files, one for each, that every command here reads with --from.

    An export that was interrupted, or made some time ago, is continued after its blocks have been checked.
    """
    from pyfabric.admin.block_files import export_blocks

    with (
        invocation.chain() as chain,
        counted("blocks written", chain.height) as count,
    ):
        if start < chain.start:
            say(
                f"blocks 0 to {chain.start - 1} are not there: the peer joined {chain.channel} by a snapshot"
            )
        written = export_blocks(chain.blocks, to, start=max(start, chain.start), report=count)
        invocation.printer.facts(
            {
                "channel": chain.channel,
                "folder": str(to),
                "start": written.start,
                "height": written.height,
            }
        )


def _hash(text: str | None) -> bytes | None:
    """Return the hash in an option; raises ConfigError."""
    if text is None:
        return None
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != _HASH_SIZE:
        raise ConfigError(f"--genesis-hash: {text!r} is not {2 * _HASH_SIZE} hexadecimal digits")
    return value


def _print(found: "Verification", invocation: Invocation) -> None:
    fault = found.fault
    facts = {
        "channel": found.channel,
        "verified": fault is None,
        "start": found.start,
        "height": found.height,
        "first_hash": found.first_hash.hex() or None,
        "current_hash": found.current_hash.hex() or None,
        "signed_blocks": found.signed,
        "configurations": found.configurations,
        "codes_compared": found.compared,
    }
    if invocation.as_json:
        facts["fault"] = None if fault is None else asdict(fault)
        facts |= {"transactions": found.transactions, "unchecked": found.unchecked}
        invocation.printer.facts(facts)
        return
    invocation.printer.record(
        facts | {"fault": fault},
        transactions=(
            ["code", "count"],
            [{"code": code, "count": number} for code, number in found.transactions.items()],
        ),
        unchecked=(["not_checked"], [{"not_checked": one} for one in found.unchecked]),
    )
