"""What the shell offers for arguments: names that exist on this machine."""

from pyfabric_network.contexts import Contexts
from pyfabric_network.state import networks as networks_in
from pyfabric_network.topology.bundled import bundled_topologies

from pyfabric_cli.settings import read_settings


def contexts(incomplete: str) -> list[str]:
    """Names of contexts, whole or the part behind the slash."""
    names = list(Contexts(read_settings().state).all())
    short = [name.rpartition("/")[2] for name in names]
    return [name for name in (*names, *short) if name.startswith(incomplete)]


def networks(incomplete: str) -> list[str]:
    """Names of networks."""
    return [name for name in networks_in(read_settings().state) if name.startswith(incomplete)]


def topologies(incomplete: str) -> list[str]:
    """Names of the topologies that come along."""
    return [name for name in bundled_topologies() if name.startswith(incomplete)]
