"""`pyfabric network import`: a topology from the files of fablo, or of configtxgen and cryptogen."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyfabric.errors import ConfigError
from pyfabric_cli.commands import command
from pyfabric_cli.document_files import write_new
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say

if TYPE_CHECKING:
    from pyfabric_network.importing.source import LeftOut

app = plain_app()


@command(app, "import", without="state")
def import_network(
    invocation: Invocation,
    file: Annotated[
        Path, typer.Argument(help="A fablo file (JSON or YAML) or a configtx.yaml.", dir_okay=False)
    ],
    crypto_config: Annotated[
        list[Path] | None,
        typer.Option(
            help="crypto-config.yaml of the same network; may be repeated.", dir_okay=False
        ),
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROFILE[=CHANNEL]",
            help="A profile of configtx.yaml that describes a channel; may be repeated (default: all).",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="The network's name (default: like the fablo file, or the first channel)."
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="The file to write (default: NAME.yaml).")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Write nothing if a topology does not hold all of it.")
    ] = False,
) -> None:
    """Write a topology like another tool's network, and list what a topology does not hold of it.

    Keys, certificates and ledgers are not taken over: the network is a new one.
    """
    from pyfabric_network.importing.reading import import_topology

    profiles = dict(one.partition("=")[::2] for one in profile or [])
    found = import_topology(file, name=name, crypto_configs=crypto_config or [], profiles=profiles)
    rows = _by_reason(found.left_out)
    if strict and rows:
        raise ConfigError(
            f"{file}: a topology does not hold all of it: "
            + "; ".join(f"{', '.join(row['keys'])}: {row['reason']}" for row in rows)
        )
    target = to or Path(f"{found.name}.yaml")
    write_new(target, found.text.encode())
    invocation.printer.rows(["keys", "reason"], rows)
    say(f"wrote {target}; next: pyfabric network up {target}")


def _by_reason(left_out: "tuple[LeftOut, ...]") -> list[dict[str, Any]]:
    """Return the reasons, each with its keys; positions in lists are written as *."""
    found: dict[str, dict[str, None]] = {}
    for one in left_out:
        key = re.sub(r"\.[0-9]+(?=\.|$)", ".*", one.path)
        found.setdefault(one.reason, {})[key] = None
    return [{"keys": list(keys), "reason": reason} for reason, keys in found.items()]
