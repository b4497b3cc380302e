"""`pyfabric network member`: the keys and public definition of a department with its own machine."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.topology.bundled import find_topology

from pyfabric.errors import ConfigError
from pyfabric.local import files
from pyfabric_cli import completion
from pyfabric_cli.commands import command
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import confirm, say

if TYPE_CHECKING:
    from pyfabric_network.members.public import PublicDefinition

FINGERPRINT = "fingerprint of topology and contracts"

app = plain_app("Let departments run their own nodes, and keep their keys.")

Topology = Annotated[
    str,
    typer.Argument(
        help="The topology file that all departments agreed on.",
        autocompletion=completion.topologies,
    ),
]

Runtime = Annotated[
    RuntimeName | None, typer.Option(help="What runs your nodes (default: native).")
]


@command(app)
def init(
    invocation: Invocation,
    topology: Topology,
    department: Annotated[str, typer.Argument(help="Your department's name in the topology.")],
    host: Annotated[
        str,
        typer.Option(help="The name or address at which the other departments reach this machine."),
    ],
    first_port: Annotated[
        int | None,
        typer.Option(help="The first of the department's 50 ports (default: as in the topology)."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="The file for the public definition (default: NETWORK-DEPARTMENT.json)."),
    ] = None,
    runtime: Runtime = None,
) -> None:
    """Make your department's keys, and the public definition to send.

    The keys stay on this machine. Safe to repeat: a key that exists is kept.
    """
    from pyfabric_network.members.membership import Membership

    members = Membership.open(find_topology(topology), invocation.settings.state, runtime=runtime)
    definition = members.make(department, host, first_port, now=datetime.now(UTC))
    target = to or Path(f"{definition.network}-{definition.department.lower()}.json")
    files.write_public(target, definition.to_bytes(), error=ConfigError)
    say(f"the keys of {department} are in {members.root}: keep them there, and keep them safe")
    say(f"wrote {target}: send it to the department that makes the genesis blocks")
    _tell_fingerprint(invocation, [definition])


@command(app)
def add(
    invocation: Invocation,
    topology: Topology,
    definitions: Annotated[
        list[Path], typer.Argument(help="The public definitions that departments sent.")
    ],
) -> None:
    """Check and add the public definitions that departments sent.

    Compare each fingerprint with the department itself, by another channel than the file came.
    """
    from pyfabric_network.members.membership import Membership

    members = Membership.open(find_topology(topology), invocation.settings.state)
    _tell_fingerprint(invocation, members.add(definitions, now=datetime.now(UTC)))
    missing = members.plan.missing
    say(
        f"still missing: {', '.join(missing)}"
        if missing
        else "no department's definition is missing"
    )


@command(app)
def accept(
    invocation: Invocation,
    bundle: Annotated[Path, typer.Argument(help="The folder of your department's bundle.")],
    fingerprint: Annotated[
        str | None,
        typer.Option(
            metavar="HEX", help="Accept it without asking if it has this fingerprint, or refuse it."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Accept it without asking.")] = False,
    runtime: Runtime = None,
) -> None:
    """Check your department's bundle, show what it would change here, ask, and install it.

    Compare the fingerprint with the other departments first: it is the same in all bundles. After that,
    `pyfabric network up` runs the department's nodes.
    """
    from pyfabric_network.members.acceptance import review_bundle

    review = review_bundle(
        bundle, invocation.settings.state, runtime=runtime, now=datetime.now(UTC)
    )
    invocation.printer.rows(["subject", "name", "here", "bundle"], review.differences)
    say(f"{FINGERPRINT}: {review.fingerprint}")
    if fingerprint not in (None, review.fingerprint):
        raise ConfigError(
            f"{bundle} does not have the fingerprint {fingerprint}: do not accept it before you know why"
        )
    if review.earlier and fingerprint and not yes:
        raise ConfigError(
            f"the genesis block of {', '.join(review.earlier)} is of an earlier topology, which the fingerprint does not "
            "cover: compare its SHA-256 with that of a member (sha256sum .pyfabric/NETWORK/channels/CHANNEL.block), and add "
            "--yes"
        )
    if review.differences and not (yes or fingerprint):
        _confirm(f"Accept {bundle} with the changes above?")
    review.accept()
    say(
        f"{review.bundle.department} has everything that its nodes need; next: pyfabric network up"
        if review.differences
        else "it has nothing new for this machine"
    )


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise ConfigError(
            "a bundle is accepted at a terminal, or with --fingerprint HEX or --yes: compare its "
            "fingerprint with the other departments first"
        )
    confirm(question, yes=False)


def _tell_fingerprint(invocation: Invocation, definitions: "list[PublicDefinition]") -> None:
    invocation.printer.rows(
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
