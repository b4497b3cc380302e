"""`pyfabric network member`: departments with machines of their own, their keys and their definitions."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pyfabric_network.members.acceptance import accept_bundle
from pyfabric_network.members.membership import Membership
from pyfabric_network.members.public import PublicDefinition
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.topology.bundled import find_topology

from pyfabric.errors import ConfigError
from pyfabric.local import files
from pyfabric_cli import completion, options
from pyfabric_cli.output import say
from pyfabric_cli.session import Session

app = typer.Typer(
    no_args_is_help=True, help="Let departments run their own nodes, with keys that stay at home."
)

Topology = Annotated[
    str,
    typer.Argument(
        help="The topology file that all departments agreed on.",
        autocompletion=completion.topologies,
    ),
]

Runtime = Annotated[
    RuntimeName | None, typer.Option(help="What shall make your nodes run (default: native).")
]


@app.command()
def init(
    topology: Topology,
    department: Annotated[str, typer.Argument(help="Your department's name in the topology.")],
    host: Annotated[
        str, typer.Option(help="The name or address at which the others reach this machine.")
    ],
    first_port: Annotated[
        int | None,
        typer.Option(help="First of its 50 ports here (default: where the topology has them)."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="The public definition (default: NETWORK-DEPARTMENT.json).")
    ] = None,
    runtime: Runtime = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Make your department's keys on this machine, and the public definition that you send.

    Safe to repeat: a key that exists stays.
    """
    session = Session.start(state, output)
    members = Membership.open(find_topology(topology), session.settings.state, runtime=runtime)
    definition = members.make(department, host, first_port, now=datetime.now(UTC))
    target = to or Path(f"{definition.network}-{definition.department.lower()}.json")
    files.write_public(target, definition.to_bytes(), error=ConfigError)
    say(
        f"the keys of {department} are in {members.root}: they stay there, and are yours to keep safe"
    )
    say(f"wrote {target}: send it to whoever makes the first blocks")
    _tell_fingerprint(session, [definition])


@app.command()
def add(
    topology: Topology,
    definitions: Annotated[list[Path], typer.Argument(help="The files that departments sent.")],
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Take in the public definitions that departments sent, once each has passed all checks.

    Compare each fingerprint with the department's own, over another way than the file's.
    """
    session = Session.start(state, output)
    members = Membership.open(find_topology(topology), session.settings.state)
    _tell_fingerprint(session, members.add(definitions, now=datetime.now(UTC)))
    missing = members.plan.missing
    say(f"still missing: {', '.join(missing)}" if missing else "all departments are known")


@app.command()
def accept(
    bundle: Annotated[Path, typer.Argument(help="The folder of your department's bundle.")],
    runtime: Runtime = None,
    state: options.State = None,
) -> None:
    """Take in your department's bundle, once all in it fits: then `pyfabric network up`."""
    session = Session.start(state, None)
    accepted = accept_bundle(bundle, session.settings.state, runtime=runtime, now=datetime.now(UTC))
    say(f"{accepted.department} has all that its nodes need: pyfabric network up")


def _tell_fingerprint(session: Session, definitions: list[PublicDefinition]) -> None:
    session.printer.rows(
        ["department", "host", "first_port", "fingerprint"],
        [
            {
                "department": one.department,
                "host": one.host,
                "first_port": one.first_port,
                "fingerprint": one.fingerprint(),
            }
            for one in definitions
        ],
    )
