"""The groups and commands of `pyfabric`, and its own options. Loads no group before it is used."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import typer

from pyfabric.extras import DISTRIBUTION
from pyfabric_cli.examples import shown
from pyfabric_cli.exits import MEANINGS
from pyfabric_cli.lazy_group import LazyGroup, Part

_EXITS = "\n".join(f" {code.value}  {meaning}" for code, meaning in MEANINGS.items())


class _Pyfabric(LazyGroup):
    parts: ClassVar[Mapping[str, Part]] = {
        "network": Part("network_commands", "Bring a network up and down, and look at it."),
        "chaincode": Part(
            "chaincode_commands",
            "Deploy contracts, at once or in steps; call them.",
        ),
        "data": Part("data_commands", "Bring tables into contracts, and records into tables."),
        "policy": Part("policy_commands", "Ask who satisfies a policy."),
        "channel": Part("channel_commands", "Create, join, leave and change channels."),
        "peer": Part("peer_commands", "Ask one peer what it has, and have it make snapshots."),
        "discover": Part("discover_commands", "Ask what a peer knows of a channel."),
        "ledger": Part("ledger_commands", "Look into a channel's blocks and transactions."),
        "identity": Part(
            "identity_commands", "Give identities to people, look at them, take them back."
        ),
        "context": Part(
            "context_commands", "Choose the department, user and channel that you act as."
        ),
        "message": Part(
            "message_commands",
            "Convert messages of Fabric to JSON and back.",
        ),
        "events": Part(
            "events_command", "Print blocks, or a chaincode's events, one on each line."
        ),
        "clock": Part("clock_command", "Print the newest slot of the channel's clock."),
        "doctor": Part(
            "doctor_command", "Find what makes a network fail, and what to do about it."
        ),
    }


app = typer.Typer(
    cls=_Pyfabric,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Hyperledger Fabric from Python: networks, contracts, ledgers, events.",
    epilog=f"{shown('')}\n\n\b\nExit codes:\n{_EXITS}",
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer passes an option's value by position
    if wanted:
        from importlib.metadata import version

        typer.echo(f"{DISTRIBUTION} {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def pyfabric(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version, and exit."
        ),
    ] = False,
) -> None:
    """Hyperledger Fabric from Python."""
