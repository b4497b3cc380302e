"""The options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from pyfabric_network.contexts import Language

from pyfabric_cli import completion
from pyfabric_cli.settings import OutputFormat

State: TypeAlias = Annotated[
    Path | None,
    typer.Option("--state", help="Folder of networks and contexts [env: PYFABRIC_STATE]."),
]
Output: TypeAlias = Annotated[
    OutputFormat | None,
    typer.Option("--output", "-o", help="How results are printed [env: PYFABRIC_OUTPUT]."),
]
ChaincodeName: TypeAlias = Annotated[
    str,
    typer.Argument(
        help="The chaincode's name on the channel.", autocompletion=completion.contracts
    ),
]
Lang: TypeAlias = Annotated[
    Language | None,
    typer.Option("--lang", help="The language of what contracts say [env: PYFABRIC_LANG]."),
]
ErrorOutput: TypeAlias = Annotated[
    OutputFormat | None,
    typer.Option("--output", "-o", help="How errors are printed [env: PYFABRIC_OUTPUT]."),
]
NetworkName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--network",
        "-n",
        help="The network, if there are several [env: PYFABRIC_NETWORK].",
        autocompletion=completion.networks,
    ),
]
ContextName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--context",
        "-c",
        help="Act in this context [env: PYFABRIC_CONTEXT].",
        autocompletion=completion.contexts,
    ),
]
User: TypeAlias = Annotated[
    str | None,
    typer.Option("--user", "-u", help="Act as this user of the department, or as an MSP folder."),
]
Channel: TypeAlias = Annotated[
    str | None, typer.Option("--channel", help="On this channel instead of the context's.")
]
Source: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--from",
        help="Read blocks from this folder or file instead of a peer (see `pyfabric ledger export`).",
    ),
]
Peer: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--peer", metavar="HOST:PORT", help="Ask this peer of the department (default: its first)."
    ),
]
OneChannel: TypeAlias = Annotated[
    str, typer.Argument(help="The channel's name.", autocompletion=completion.channels)
]
OneDepartment: TypeAlias = Annotated[
    str, typer.Argument(help="The department's name in the topology.")
]
DryRun: TypeAlias = Annotated[
    bool, typer.Option("--dry-run", help="List the steps, and do nothing.")
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Topology: TypeAlias = Annotated[
    str,
    typer.Argument(
        help="A topology file, or the name of a bundled one.",
        autocompletion=completion.topologies,
    ),
]
