"""`pyfabric network`: single nodes and contract hosts, their logs, log levels and metrics."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pyfabric_network.runtimes.log_choice import LogLevel

from pyfabric_cli import completion
from pyfabric_cli.commands import command
from pyfabric_cli.durations import read_duration
from pyfabric_cli.exits import ExitCode, exit_code
from pyfabric_cli.invocation import Invocation, OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say, say_result, waiting

if TYPE_CHECKING:
    from pyfabric_network.network import Network

    from pyfabric.gateway import Operations

app = plain_app()


Nodes = Annotated[
    list[str],
    typer.Argument(
        metavar="NODE...",
        help="Nodes as `status` shows them, or contract hosts (contracts.DEPARTMENT).",
        autocompletion=completion.nodes,
    ),
]
SomeNodes = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NODE...]",
        help="Nodes and contract hosts (default: all).",
        autocompletion=completion.nodes,
    ),
]
OneNode = Annotated[
    str | None,
    typer.Argument(
        metavar="[NODE]",
        help="A node or contract host (default: all).",
        autocompletion=completion.nodes,
    ),
]


@command(app, without="output")
def start(invocation: OnNetwork, nodes: Nodes) -> None:
    """Start single nodes or contract hosts; what runs already is left alone.

    Not on the embedded runtime, where one process runs all nodes.
    """
    found = invocation.opened
    with waiting("starting"):
        found.start_nodes(*nodes)
    say(f"started {', '.join(nodes)}")


@command(app, without="output")
def stop(invocation: OnNetwork, nodes: Nodes) -> None:
    """Stop single nodes or contract hosts; they stay so until `start` or `up`.

    Not on the embedded runtime, where one process runs all nodes.
    """
    found = invocation.opened
    with waiting("stopping"):
        found.stop_nodes(*nodes)
    say(f"stopped {', '.join(nodes)}; to start again: pyfabric network start {' '.join(nodes)}")


@command(app, without="output")
def restart(invocation: OnNetwork, nodes: Nodes) -> None:
    """Stop single nodes or contract hosts, and start them.

    Not on the embedded runtime, where one process runs all nodes.
    """
    found = invocation.opened
    with waiting("stopping and starting"):
        found.restart_nodes(*nodes)
    say(f"restarted {', '.join(nodes)}")


@command(app, without="output")
def logs(
    invocation: OnNetwork,
    nodes: SomeNodes = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Continue while the network runs.")
    ] = False,
    tail: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Of each log the last N lines.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Nothing older: 30s, 10m, 2h, 1d, or a time such as 2026-11-30T10:00 (of this machine, "
            "unless it has a zone).",
        ),
    ] = None,
    level: Annotated[
        LogLevel | None, typer.Option(help="Records of this level and of more severe ones.")
    ] = None,
) -> None:
    """Print the logs of nodes and contract hosts.

    On the embedded runtime all nodes have one log.
    """
    moment = None if since is None else _moment(since, datetime.now(UTC))
    found = invocation.opened
    for line in found.logs(*nodes or (), follow=follow, tail=tail, since=moment, level=level):
        say_result(line)


@command(app, "log-level")
def log_level(
    invocation: OnNetwork,
    node: OneNode = None,
    spec: Annotated[
        str | None,
        typer.Argument(
            metavar="[SPEC]",
            help="The new levels, such as info or gossip=debug:info, until the node is started again.",
        ),
    ] = None,
) -> None:
    """Show what nodes and contract hosts log, or change it for one of them.

    Exit with code 4 if one does not answer; the others are printed.
    """
    network_found = invocation.opened

    def levels(name: str, operations: "Operations") -> list[dict[str, Any]]:
        if spec is not None:
            operations.set_log_spec(spec)
        return [{"node": name, "levels": operations.log_spec()}]

    _print_each(invocation, network_found, node, ["node", "levels"], levels)


@command(app)
def metrics(
    invocation: OnNetwork,
    node: OneNode = None,
    match: Annotated[
        str, typer.Option("--match", metavar="NAME", help="Only metrics with this in their names.")
    ] = "",
) -> None:
    """Print the metrics of nodes and contract hosts.

    Exit with code 4 if one does not answer; the others are printed.
    """
    from pyfabric_network.samples import samples

    network_found = invocation.opened

    def values(name: str, operations: "Operations") -> list[dict[str, Any]]:
        return [
            {"node": name, "metric": one.metric, "labels": dict(one.labels), "value": one.number}
            for one in samples(operations.metrics())
            if match in one.metric
        ]

    columns = ["node", "metric", "labels", "value"]
    _print_each(invocation, network_found, node, columns, values)


def _print_each(
    invocation: Invocation,
    network: "Network",
    node: str | None,
    columns: list[str],
    ask: "Callable[[str, Operations], list[dict[str, Any]]]",
) -> None:
    """Print the rows that a node reports, or each node that should run; exit if one does not answer.

    Raises NetworkError for an unknown node.
    """
    from pyfabric.errors import GatewayError
    from pyfabric.gateway import Operations

    endpoints = network.operations()
    network.check_names([] if node is None else [node])
    idle = {one.contract_host.name for one in network.plan.own if not network.plan.served_by(one)}
    rows, silent = [], []
    for name in [node] if node else [name for name in endpoints if name not in idle]:
        try:
            with Operations(endpoints[name]) as operations:
                rows += ask(name, operations)
        except GatewayError as error:
            if exit_code(error) is not ExitCode.UNREACHABLE:
                raise
            silent.append(f"{name}: {error}")
    invocation.printer.rows(columns, rows)
    for problem in silent:
        say(problem)
    if silent:
        raise typer.Exit(ExitCode.NETWORK)


def _moment(text: str, now: datetime) -> datetime:
    """Return the time that a person means."""
    ago = read_duration(text)
    if ago is not None:
        return now - ago
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is neither a duration (30s, 10m, 2h, 1d) nor a time (2026-11-30T10:00)",
            param_hint="--since",
        ) from error
    return found.astimezone()
