"""What may change in the topology of a network whose keys and genesis blocks exist already."""

from pathlib import Path

from pyfabric.errors import TopologyError
from pyfabric_network.topology.spec import Topology

_IN_CHANNELS = ("fabric", "ordering", "channels.")


_UNDO = (
    "cannot change once {name} exists, since its keys and genesis blocks have it: undo the change"
)
_CHANNEL = (
    "is part of the configuration of {name}'s channels, which the topology does not change: undo the change; "
    "docs/channels.md describes how departments change a running channel; the topology can follow then, while "
    "the network runs"
)


def check_change(
    old: Topology, new: Topology, file: Path, *, base_port: int, channels: bool = True
) -> None:
    """Refuse a change that existing keys and blocks cannot follow; raises TopologyError with the key.

    Contracts, users, titles, times and the number of peers are free; departments may be added at the end,
    and channels may be added. `base_port` is the one that the network has: a topology may be corrected
    to it. Without `channels`, their configurations are free: they have been changed already.
    """
    ports = ("base_port", base_port if new.base_port == base_port else old.base_port, new.base_port)
    for key, before, after in [ports, *_fixed(old, new)]:
        configured = key.startswith(_IN_CHANNELS)
        if before != after and (channels or not configured):
            why = _CHANNEL if configured else _UNDO
            raise TopologyError(why.format(name=old.name), file=file, line=None, key=key)


def _fixed(old: Topology, new: Topology) -> list[tuple[str, object, object]]:
    """Return what must stay, as (key, before, after)."""
    names = list(old.departments)
    fixed: list[tuple[str, object, object]] = [
        ("fabric", old.fabric, new.fabric),
        ("ordering", old.ordering, new.ordering),
        ("departments", names, list(new.departments)[: len(names)]),
    ]
    for name in names:
        path, before, now = f"departments.{name}", old.departments[name], new.departments.get(name)
        msp_id = new.msp_id(name) if now else None
        ordering_msp_id = new.ordering_msp_id(name) if now else None
        fixed += [
            (f"{path}.msp_id", old.msp_id(name), msp_id),
            (f"{path}.orderer_msp_id", old.ordering_msp_id(name), ordering_msp_id),
            (f"{path}.anchor_peers", before.anchor_peers, now and now.anchor_peers),
            (f"{path}.intermediate_ca", before.intermediate_ca, now and now.intermediate_ca),
        ]
    for name, channel in old.channels.items():
        path, later = f"channels.{name}", new.channels.get(name)
        fixed += [
            (path, channel.departments, later and later.departments),
            (f"{path}.policies", channel.policies, later and later.policies),
            (f"{path}.acls", channel.acls, later and later.acls),
        ]
    return fixed
