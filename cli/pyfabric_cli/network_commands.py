"""`pyfabric network`: bring a network up and down, look at it, write profiles and bundles."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.state_folder import networks
from pyfabric_network.topology.bundled import find_topology

from pyfabric.errors import ConfigError
from pyfabric.local import files
from pyfabric_cli import (
    backup_commands,
    completion,
    development_commands,
    import_command,
    member_commands,
    node_commands,
    options,
    renew_command,
    upgrade_command,
)
from pyfabric_cli.commands import command
from pyfabric_cli.document_files import write_new
from pyfabric_cli.exits import ExitCode
from pyfabric_cli.invocation import Invocation, OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import confirm, progress, say, waiting, warn
from pyfabric_cli.settings import ProfileFormat

if TYPE_CHECKING:
    from pyfabric_network.network import Network
    from pyfabric_network.progress import Step
    from pyfabric_network.status import NodeStatus

app = plain_app()
app.add_typer(member_commands.app, name="member")
app.add_typer(node_commands.app)
app.add_typer(renew_command.app)
app.add_typer(upgrade_command.app)
app.add_typer(backup_commands.app)
app.add_typer(import_command.app)
app.add_typer(development_commands.app)


@app.command()
def init(
    topology: options.Topology = "quickstart",
    to: Annotated[
        Path | None,
        typer.Option("--to", help="The file to write (default: its own name, in this folder)."),
    ] = None,
) -> None:
    """Copy a topology to a file of your own, to change it."""
    source = find_topology(topology)
    target = to or Path(source.name)
    write_new(target, source.read_bytes())
    say(f"wrote {target}; after your changes: pyfabric network up {target}")


@command(app)
def up(
    invocation: Invocation,
    topology: Annotated[
        str | None,
        typer.Argument(
            help="A topology file, or the name of a bundled one (default: the network that exists, or "
            "quickstart).",
            autocompletion=completion.topologies,
        ),
    ] = None,
    base_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The first port of a new network; 0 finds free ports."),
    ] = None,
    runtime: Annotated[
        RuntimeName | None,
        typer.Option(
            help="What runs the nodes of a new network: the development ledger (embedded), Fabric's own programs "
            "(native), or its images under Docker Compose (compose) [env: PYFABRIC_RUNTIME; default: embedded]."
        ),
    ] = None,
    contract_user: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The user of this machine whose rights contracts have, from now on; needs root.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the steps that are left, and do nothing.")
    ] = False,
) -> None:
    """Bring a network up: keys, genesis blocks, nodes, channels. Safe to repeat."""
    network = _network_to_bring_up(invocation, topology, base_port, runtime, contract_user)
    if dry_run:
        _print_steps(invocation, network.pending())
        warn(network.interrupted())
        return
    with progress(f"up {network.plan.name}") as report:
        warnings = network.up(report)
    warn((*warnings, *network.lacking()))
    _print_status(invocation, network.status())
    if network.plan.places:
        say(f"{member_commands.FINGERPRINT}: {network.fingerprint()}")
    own = network.plan.own
    if not network.plan.places or len(own) > 1:
        whose = ", ".join(one.name for one in own) if network.plan.places else "all departments"
        say(
            f"The keys of {whose} were made in one place ({network.plan.root}): "
            "for development, not for production."
        )


@command(app, without="output")
def down(
    invocation: OnNetwork,
    delete: Annotated[
        bool, typer.Option("--delete", help="Also delete its keys, blocks and ledgers.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting.")] = False,
    if_exists: Annotated[
        bool, typer.Option("--if-exists", help="Succeed if there is no such network.")
    ] = False,
) -> None:
    """Stop what `up` started; keep the data unless --delete is given."""
    name = invocation.name
    present = networks(invocation.settings.state)
    if if_exists and (name not in present if name else not present):
        say(f"there is no network{f' {name}' if name else ''}: nothing to do")
        return
    found = invocation.opened
    if delete:
        confirm(f"Delete {found.plan.root} with all keys and blocks?", yes=yes)
    with waiting("stopping the nodes"):
        ran = found.down(delete=delete)
    say(f"{found.plan.name} {'is down' if ran else 'was not running'}" + (", deleted" * delete))


@command(app)
def status(invocation: OnNetwork) -> None:
    """Show which nodes respond, and their heights.

    Exit with code 4 if one does not respond.
    """
    found = invocation.opened
    nodes = found.status()
    warn((*found.interrupted(), *found.expiring(), *found.lacking()))
    _print_status(invocation, nodes)
    if any(node.problem for node in nodes):
        raise typer.Exit(ExitCode.NETWORK)


@command(app, without="output")
def profile(
    invocation: OnNetwork,
    department: options.OneDepartment,
    form: Annotated[
        ProfileFormat, typer.Option("--format", help="json or yaml.")
    ] = ProfileFormat.JSON,
) -> None:
    """Print a department's connection profile, for its programs."""
    from pyfabric_network.profile import connection_profile, profile_yaml

    plan = invocation.opened.plan
    found = connection_profile(plan, plan.department(department))
    if form is ProfileFormat.YAML:
        typer.echo(profile_yaml(found), nl=False)
    else:
        invocation.printer.document(found)


@command(app)
def env(
    invocation: OnNetwork,
    department: options.OneDepartment,
) -> None:
    """Print the environment variables with which Fabric's own programs act as a department's administrator.

    Use it in a shell as: eval "$(pyfabric network env DEPARTMENT)"
    """
    from pyfabric_network.program_environment import as_shell, program_environment

    plan = invocation.opened.plan
    found = program_environment(plan, plan.department(department))
    invocation.printer.document(found, as_shell(found).rstrip())


@app.command()
def render(
    topology: options.Topology = "quickstart",
    to: Annotated[
        Path, typer.Option("--to", help="The folder for compose.yaml and nodes.yaml.")
    ] = Path(),
) -> None:
    """Write a topology as a project for Docker Compose.

    It is the project that `up --runtime compose` runs.
    """
    from pyfabric_network.runtimes.compose import project_files
    from pyfabric_network.topology.loading import load_topology
    from pyfabric_network.topology.plan import make_plan

    found = load_topology(find_topology(topology))
    plan = make_plan(found, to.absolute(), base_port=found.base_port, containers=True)
    for name, text in project_files(plan).items():
        files.write_public(to / name, text.encode(), error=ConfigError)
        say(f"wrote {to / name}")


@command(app, without="output")
def bundle(
    invocation: OnNetwork,
    department: options.OneDepartment,
    to: Annotated[
        Path | None, typer.Option(help="The folder to write (default: NETWORK-DEPARTMENT).")
    ] = None,
) -> None:
    """Write the bundle of a department with a machine of its own.

    It holds what the department needs to run its nodes there.
    """
    found = invocation.reopened()
    target = to or Path(f"{found.plan.name}-{department.lower()}")
    found.bundle(department, target)
    here = found.plan.department(department).place.here
    what = (
        "with its keys: give it to that department alone"
        if here
        else "without keys: the department has them"
    )
    say(f"wrote {target}, {what}")
    say(f"{member_commands.FINGERPRINT}: {found.fingerprint()}")


def _network_to_bring_up(
    invocation: Invocation,
    topology: str | None,
    base_port: int | None,
    runtime: RuntimeName | None,
    contract_user: str | None,
) -> "Network":
    """Return the network of a topology file; without one, the network that exists, or quickstart.

    The environment chooses the runtime of a new network only.
    """
    from pyfabric_network.network import Network

    settings = invocation.settings
    if topology is None and networks(settings.state):
        return Network.reopen(
            settings.state,
            settings.network,
            base_port=base_port,
            runtime=runtime,
            programs=settings.programs,
            contract_user=contract_user,
        )
    file = find_topology(topology or "quickstart")
    return Network.prepare(
        file,
        settings.state,
        base_port=base_port,
        runtime=runtime or settings.runtime,
        programs=settings.programs,
        contract_user=contract_user,
    )


def _print_steps(invocation: Invocation, steps: "list[Step]") -> None:
    invocation.printer.rows(["action", "subject", "detail"], steps)
    if not steps:
        say("nothing to do")


def _print_status(invocation: Invocation, nodes: "list[NodeStatus]") -> None:
    """Print a row for each node, and on standard error what is wrong with those that are down."""
    invocation.printer.rows(
        ["node", "department", "address", "state", "channels"],
        [
            {
                "node": node.name,
                "department": node.department,
                "address": node.address,
                "state": node.state,
                "channels": dict(node.channels),
                "problem": node.problem,
            }
            for node in nodes
        ],
    )
    for node in nodes:
        if node.problem is not None:
            whose = (
                "" if node.problem.startswith(node.name) else f"{node.name} of {node.department}: "
            )
            say(whose + node.problem)
