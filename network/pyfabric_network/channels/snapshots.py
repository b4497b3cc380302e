"""Peers that join a channel by a snapshot which another peer made."""

from collections.abc import Sequence
from typing import Final

from pyfabric.admin.snapshot_files import PeerSnapshot
from pyfabric.errors import NetworkError
from pyfabric.gateway import Admin, Endpoint
from pyfabric.local.waiting import poll
from pyfabric_network.connections import Connections, endpoint
from pyfabric_network.joining import joined_channels
from pyfabric_network.runtimes.runtime import Runtime
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan

_PAUSE: Final = 0.5
_SECONDS: Final = 3600.0
"""How long a peer may read a snapshot: the state of a large channel takes minutes."""


def join_by_snapshot(
    plan: Plan, runtime: Runtime, channel: str, snapshot: PeerSnapshot, peers: Sequence[Node]
) -> tuple[str, ...]:
    """Join peers to a channel that runs, one after the other; return the names of those that had not joined.

    Raises NetworkError for a snapshot of another channel, and for a peer that does not join.
    """
    if snapshot.channel != channel:
        raise NetworkError(
            f"{snapshot.folder} is a snapshot of {snapshot.channel}, not of {channel}"
        )
    joined = []
    with Connections(plan) as connections:
        for peer in peers:
            if channel in joined_channels(plan, connections, peer):
                continue
            with runtime.reachable(plan, peer, snapshot.folder) as folder:
                admin = connections.admin(plan.owner(peer))
                admin.join_by_snapshot(endpoint(peer), folder)
                _await_end(admin, endpoint(peer), peer.name)
            if channel not in joined_channels(plan, connections, peer):
                raise NetworkError(
                    f"{peer.name} could not join {channel} by {snapshot.folder}: its log has the reason "
                    f"(`pyfabric network logs {peer.name}`)"
                )
            joined.append(peer.name)
    return tuple(joined)


def _await_end(admin: Admin, peer: Endpoint, name: str) -> None:
    """Wait until the peer has read the snapshot; raises NetworkError after an hour."""
    reading = poll(
        lambda: admin.join_by_snapshot_status(peer).in_progress,
        until=lambda one: not one,
        every=_PAUSE,
        timeout=_SECONDS,
    )
    if reading:
        raise NetworkError(f"{name} still reads the snapshot after {_SECONDS:.0f} s")
