"""The times of a topology (`Times`) as settings of Fabric's programs, below `peer` and `General`."""

from collections.abc import Mapping
from typing import Any, Final

from pyfabric_network.topology.spec import Times
from pyfabric_network.topology.values import go_duration, seconds

_PEER: Final[Mapping[str, str]] = {
    "gateway.broadcastTimeout": "broadcast_timeout",
    "gateway.dialTimeout": "broadcast_timeout",
    "keepalive.deliveryClient.interval": "keepalive_interval",
    "keepalive.deliveryClient.timeout": "keepalive_timeout",
    "deliveryclient.reConnectBackoffThreshold": "reconnect_backoff",
    "gossip.aliveTimeInterval": "alive_interval",
    "gossip.publishStateInfoInterval": "publish_interval",
    "gossip.requestStateInfoInterval": "request_interval",
}

# A peer that has missed this number of greetings is gone; Fabric's own proportion.
_GREETINGS: Final = 5


def peer_times(times: Times) -> dict[str, str]:
    """Return the settings of a peer; a name's parts are joined by dots."""
    settings = {key: go_duration(seconds(getattr(times, name))) for key, name in _PEER.items()}
    gone = go_duration(_GREETINGS * seconds(times.alive_interval))
    return {**settings, "gossip.aliveExpirationTimeout": gone}


def orderer_times(times: Times) -> dict[str, str]:
    """Return the settings of an orderer; a name's parts are joined by dots.

    It bears pings twice as often as its peers send them: gRPC closes the connection of a client that
    pings more often than it may.
    """
    return {
        "Keepalive.ServerMinInterval": go_duration(seconds(times.keepalive_interval) / 2),
        "Cluster.DialTimeout": go_duration(seconds(times.cluster_dial_timeout)),
    }


def as_environment(prefix: str, settings: Mapping[str, str]) -> dict[str, str]:
    """Return settings as environment variables, e.g. CORE_PEER_GATEWAY_DIALTIMEOUT."""
    return {f"{prefix}_{key.replace('.', '_').upper()}": value for key, value in settings.items()}


def add_settings(part: dict[str, Any], settings: Mapping[str, str]) -> None:
    """Put settings into their places in a part of a configuration file."""
    for key, value in settings.items():
        *path, last = key.split(".")
        place = part
        for name in path:
            place = place.setdefault(name, {})
        place[last] = value
