"""`pyfabric network backup` and `restore`."""

from pathlib import Path
from typing import Annotated

import typer

from pyfabric.errors import ConfigError
from pyfabric.local import files
from pyfabric_cli.commands import command
from pyfabric_cli.invocation import Invocation, OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import confirm, progress, say, waiting, warn

app = plain_app()

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help="The file with the passphrase, in its first line.", dir_okay=False
    ),
]


@command(app, without="output")
def backup(
    invocation: OnNetwork,
    to: Annotated[Path, typer.Option("--to", help="The file to write.", dir_okay=False)],
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="Ask for a passphrase, and encrypt the file with it.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    stop: Annotated[
        bool, typer.Option("--stop", help="Stop a network that runs, and start it again.")
    ] = False,
) -> None:
    """Write a network's keys, ledgers and contracts to one file; its nodes must stand still.

    Only what is on this machine. The file has the private keys of CAs in it: keep it like these.
    """
    found = invocation.opened
    passphrase = _passphrase(passphrase_file, ask=encrypt, new=True)
    stopped = stop and found.running()
    if stopped:
        with waiting("stopping the nodes"):
            found.down()
    try:
        with waiting("writing the backup"):
            found.backup(to, passphrase=passphrase)
    finally:
        if stopped:
            with progress(f"up {found.plan.name}") as report:
                found.up(report)
    how = "encrypted" if passphrase else "not encrypted: it holds private keys in the clear"
    say(f"wrote {to}, {how}")


@command(app, without="output")
def restore(
    invocation: Invocation,
    file: Annotated[Path, typer.Argument(help="The file of a backup.", dir_okay=False)],
    passphrase_file: PassphraseFile = None,
    keep_orderers: Annotated[
        bool,
        typer.Option(
            "--keep-orderers",
            help="Let orderers go on from the ledgers in the backup although other departments have orderers "
            "too: only if they have not run since, or if all restore backups of one moment.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before replacing.")] = False,
) -> None:
    """Replace a network by the one in a backup, on this machine or another one; it must not run.

    The whole file is checked before anything is replaced. Start the network with `pyfabric network up`
    afterwards: its peers catch up with what happened since.
    """
    from pyfabric_network.backups.archive import is_encrypted, read_facts
    from pyfabric_network.network import Network
    from pyfabric_network.state_folder import NETWORK_FILE

    settings = invocation.settings
    passphrase = _passphrase(passphrase_file, ask=True, new=False) if is_encrypted(file) else None
    facts = read_facts(file, passphrase)
    root = settings.state / facts.network
    if (root / NETWORK_FILE).exists():
        confirm(f"Replace {root} with all keys and blocks by the backup of {facts.made}?", yes=yes)
    with waiting("checking and restoring"):
        found, warnings = Network.restore(
            file,
            settings.state,
            passphrase=passphrase,
            programs=settings.programs,
            keep_orderers=keep_orderers,
        )
    warn(warnings)
    say(f"restored {found.root} as of {facts.made}; to start it: pyfabric network up")


def _passphrase(file: Path | None, *, ask: bool, new: bool) -> str | None:
    """Return the passphrase of a file, or of the person who is asked; None without either."""
    if file is not None:
        with files.reported(file, ConfigError):
            found = file.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    elif ask:
        found = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True)
    else:
        return None
    if not found:
        raise ConfigError(
            f"{file or 'passphrase'}: is empty: a passphrase needs at least one character"
        )
    return str(found)
