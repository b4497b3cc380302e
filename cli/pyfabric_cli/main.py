"""The command `pyfabric`: its groups, its errors and its end."""

import sys

import typer

from pyfabric.errors import FabricError
from pyfabric_cli import (
    chaincode_commands,
    context_commands,
    development_commands,
    doctor_command,
    events_command,
    ledger_commands,
    message_commands,
    network_commands,
)
from pyfabric_cli.exits import MEANINGS, ExitCode, exit_code
from pyfabric_cli.output import say

_EXITS = "\n\n".join(f"{code.value}  {meaning}" for code, meaning in MEANINGS.items())

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Hyperledger Fabric from Python: networks, contracts, ledgers, events.",
    epilog=f"Exit codes:\n\n{_EXITS}",
)
network_commands.app.add_typer(development_commands.app)
app.add_typer(network_commands.app, name="network")
app.add_typer(chaincode_commands.app, name="chaincode")
app.add_typer(ledger_commands.app, name="ledger")
app.add_typer(context_commands.app, name="context")
app.add_typer(message_commands.app, name="message")
app.command("events")(events_command.events)
app.command("doctor")(doctor_command.doctor)


def main() -> None:
    """Run the command line; a user's mistake ends in one line on standard error and an exit code."""
    try:
        app(prog_name="pyfabric")
    except FabricError as error:
        say("error: " + " ".join(str(error).splitlines()))
        sys.exit(exit_code(error))
    except OSError as error:
        say(f"error: {error.filename or 'system'}: {error.strerror}")
        sys.exit(ExitCode.INPUT)
