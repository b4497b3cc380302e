"""`pyfabric network`: bring a network up and down, look at it, hand out profiles."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
import yaml
from pyfabric_network.network import Network
from pyfabric_network.pending import Step
from pyfabric_network.profile import connection_profile
from pyfabric_network.runtimes.compose import project_files
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.state import networks
from pyfabric_network.status import NodeStatus
from pyfabric_network.topology.bundled import find_topology
from pyfabric_network.topology.plan import make_plan
from pyfabric_network.topology.topologies import load_topology

from pyfabric.errors import ConfigError
from pyfabric.local import files
from pyfabric_cli import completion, member_commands, options
from pyfabric_cli.exits import ExitCode
from pyfabric_cli.output import progress, say, waiting
from pyfabric_cli.session import Session
from pyfabric_cli.settings import ProfileFormat

app = typer.Typer(no_args_is_help=True, help="Bring a network up and down, and look at it.")
app.add_typer(member_commands.app, name="member")

Topology = Annotated[
    str,
    typer.Argument(
        help="A topology file, or the name of one that comes along.",
        autocompletion=completion.topologies,
    ),
]


@app.command()
def init(
    topology: Topology = "quickstart",
    to: Annotated[
        Path | None, typer.Option("--to", help="The file to write (default: its own name here).")
    ] = None,
) -> None:
    """Copy a topology out, for you to change."""
    source = find_topology(topology)
    target = to or Path(source.name)
    if target.exists():
        raise ConfigError(f"{target} exists already: name another file with --to")
    files.write_public(target, source.read_bytes(), error=ConfigError)
    say(f"wrote {target}; after your changes: pyfabric network up {target}")


@app.command()
def up(
    topology: Annotated[
        str | None,
        typer.Argument(
            help="A topology file, or the name of one that comes along (default: the network that "
            "exists, or quickstart).",
            autocompletion=completion.topologies,
        ),
    ] = None,
    base_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="First port of a new network; 0: find free ones."),
    ] = None,
    runtime: Annotated[
        RuntimeName | None,
        typer.Option(
            help="What makes a new network run: the development ledger (embedded), Fabric's own programs "
            "(native), or its images under Docker Compose (compose) [env: PYFABRIC_RUNTIME; default: embedded]."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")
    ] = False,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Bring a network up: keys, first blocks, nodes, channels. Safe to repeat."""
    session = Session.start(state, output)
    network = _network_to_bring_up(session, topology, base_port, runtime)
    if dry_run:
        _print_steps(session, network.pending())
        return
    with progress(f"up {network.plan.name}") as report:
        warnings = network.up(report)
    _warn(warnings)
    _print_status(session, network.status())
    own = network.plan.own
    if not network.plan.places or len(own) > 1:
        whose = ", ".join(one.name for one in own) if network.plan.places else "all departments"
        say(
            f"The keys of {whose} were made in one place ({network.plan.root}): "
            "for development, not for production."
        )


@app.command()
def down(
    network: options.NetworkName = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete its keys, blocks and ledger as well.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting.")] = False,
    state: options.State = None,
) -> None:
    """End what `up` started; the data stays unless you say --delete."""
    found = Session.start(state, None).network(network)
    if delete and not yes:
        typer.confirm(f"Delete {found.plan.root} with all keys and blocks?", abort=True, err=True)
    with waiting("ending the nodes"):
        ran = found.down(delete=delete)
    say(f"{found.plan.name} {'is down' if ran else 'was not running'}" + (", deleted" * delete))


@app.command()
def status(
    network: options.NetworkName = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Which nodes answer, and how far they are on their channels; exit code 4 if one does not."""
    session = Session.start(state, output)
    found = session.network(network)
    nodes = found.status()
    _warn(found.expiring())
    _print_status(session, nodes)
    if any(node.problem for node in nodes):
        raise typer.Exit(ExitCode.NETWORK)


@app.command()
def logs(
    network: options.NetworkName = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on while the network runs.")
    ] = False,
    state: options.State = None,
) -> None:
    """The log of the nodes and contract hosts."""
    for line in Session.start(state, None).network(network).logs(follow=follow):
        typer.echo(line)


@app.command()
def profile(
    department: Annotated[str, typer.Argument(help="The department's name in the topology.")],
    network: options.NetworkName = None,
    form: Annotated[
        ProfileFormat, typer.Option("--format", help="json or yaml.")
    ] = ProfileFormat.JSON,
    state: options.State = None,
) -> None:
    """The department's connection profile, for its own programs."""
    session = Session.start(state, None)
    plan = session.network(network).plan
    found = connection_profile(plan, plan.department(department))
    if form is ProfileFormat.YAML:
        typer.echo(yaml.safe_dump(found, sort_keys=False, allow_unicode=True), nl=False)
    else:
        session.printer.document(found)


@app.command()
def render(
    topology: Topology = "quickstart",
    to: Annotated[
        Path, typer.Option("--to", help="The folder for compose.yaml and nodes.yaml.")
    ] = Path(),
) -> None:
    """Write a topology as a project for Docker Compose; `up --runtime compose` makes and runs the same."""
    found = load_topology(find_topology(topology))
    plan = make_plan(found, to.absolute(), base_port=found.base_port, containers=True)
    for name, text in project_files(plan).items():
        files.write_public(to / name, text.encode(), error=ConfigError)
        say(f"wrote {to / name}")


@app.command()
def bundle(
    department: Annotated[str, typer.Argument(help="The department's name in the topology.")],
    to: Annotated[
        Path | None, typer.Option(help="The folder to write (default: NETWORK-DEPARTMENT).")
    ] = None,
    network: options.NetworkName = None,
    state: options.State = None,
) -> None:
    """Write what a department needs to run its own nodes on its own machine."""
    settings = Session.start(state, None).settings
    found = Network.reopen(settings.state, network or settings.network)
    target = to or Path(f"{found.plan.name}-{department.lower()}")
    found.bundle(department, target)
    here = found.plan.department(department).place.here
    what = (
        "with its keys: for its own eyes only" if here else "without any key: its keys are at home"
    )
    say(f"wrote {target}, {what}")


def _network_to_bring_up(
    session: Session, topology: str | None, base_port: int | None, runtime: RuntimeName | None
) -> Network:
    """The network of a topology file; without one, the network that exists, or quickstart.

    The environment chooses the runtime of a new network; it does not change that of another.
    """
    settings = session.settings
    if topology is None and networks(settings.state):
        return Network.reopen(
            settings.state,
            settings.network,
            base_port=base_port,
            runtime=runtime,
            programs=settings.programs,
        )
    file = find_topology(topology or "quickstart")
    return Network.prepare(
        file,
        settings.state,
        base_port=base_port,
        runtime=runtime or settings.runtime,
        programs=settings.programs,
    )


def _print_steps(session: Session, steps: list[Step]) -> None:
    session.printer.rows(["action", "subject", "detail"], [asdict(step) for step in steps])
    if not steps:
        say("nothing to do")


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        say(f"warning: {warning}")


def _print_status(session: Session, nodes: list[NodeStatus]) -> None:
    session.printer.rows(
        ["node", "department", "address", "state", "channels"],
        [
            {
                "node": node.name,
                "department": node.department,
                "address": node.address,
                "state": "up" if node.problem is None else "down",
                "channels": dict(node.channels),
                "problem": node.problem,
            }
            for node in nodes
        ],
    )
