"""What the shell offers for arguments: names that exist on this machine. Loads no network."""

from pathlib import Path

import typer
from pyfabric_network.contexts import Contexts
from pyfabric_network.state_folder import contracts_of
from pyfabric_network.state_folder import networks as networks_in
from pyfabric_network.topology.bundled import bundled_topologies

from pyfabric.errors import ConfigError
from pyfabric_cli.settings import read_settings


def contexts(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return names of contexts, whole or the part after the slash."""
    names = list(Contexts(_state(ctx)).all())
    short = [name.rpartition("/")[2] for name in names]
    return _beginning(incomplete, [*names, *short])


def networks(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return names of networks."""
    return _beginning(incomplete, networks_in(_state(ctx)))


def nodes(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return names of the nodes of the networks there are."""
    state = _state(ctx)
    members = [
        path.name
        for name in networks_in(state)
        for kind in ("*/peers", "*/ordering/orderers")
        for path in (state / name / "organizations").glob(f"{kind}/*")
    ]
    return _beginning(incomplete, sorted(members))


def channels(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return names of the channels of the networks there are."""
    state = _state(ctx)
    blocks = [
        path.stem for name in networks_in(state) for path in (state / name).glob("channels/*.block")
    ]
    return _beginning(incomplete, sorted({*blocks}))


def topologies(incomplete: str) -> list[str]:
    """Return names of the bundled topologies."""
    return _beginning(incomplete, list(bundled_topologies()))


def contracts(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return names of the contracts of the network that the options, context or settings choose, or of all."""
    state = _state(ctx)
    present = networks_in(state)
    chosen = _chosen_network(ctx)
    wanted = [chosen] if chosen in present else present
    return _beginning(
        incomplete, sorted({c for name in wanted for c in contracts_of(state / name)})
    )


def _chosen_network(ctx: typer.Context) -> str:
    settings = read_settings()
    if "network" in ctx.params:
        return ctx.params["network"] or settings.network or ""
    try:
        found, _ = Contexts(_state(ctx)).find(ctx.params.get("context") or settings.context)
    except ConfigError:  # no context, or several that fit
        return ""
    return found.rpartition("/")[0]


def _state(ctx: typer.Context) -> Path:
    return Path(ctx.params.get("state") or read_settings().state)


def _beginning(incomplete: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
