"""What may change in the topology of a network whose keys and genesis blocks exist already."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pyfabric.errors import TopologyError
from pyfabric_network.topology.spec import Topology

_IN_CHANNELS = ("fabric", "ordering", "channels.")
_ANCHORS = ".anchor_peers"
_LONGEST = 5

_UNDO = (
    "cannot change once {name} exists, since its keys and genesis blocks have it: undo the change"
)
_CHANNEL = (
    "is part of the configuration of {name}'s channels, which `up` does not change: undo the change, or bring the running "
    "channels there with `pyfabric channel apply` (docs/channels.md); the topology can follow then, while the network runs"
)


def check_change(
    old: Topology,
    new: Topology,
    file: Path,
    *,
    base_port: int,
    lacking: Callable[[], Sequence[str] | None] = lambda: None,
) -> None:
    """Refuse a change that existing keys and channels cannot follow; raises TopologyError with the key.

    Contracts, users, titles, times and the number of peers are free; departments may be added at the end,
    and channels may be added. `base_port` is the one that the network has: a topology may be corrected
    to it. `lacking` returns what the running channels lack of what the topology changes in their configurations, in
    words; nothing of that is refused if they have all of it, everything if it returns None.
    """
    ports = ("base_port", base_port if new.base_port == base_port else old.base_port, new.base_port)
    changed = [key for key, before, after in [ports, *_fixed(old, new)] if before != after]
    for key in changed:
        if not (key.startswith(_IN_CHANNELS) or key.endswith(_ANCHORS)):
            raise TopologyError(_UNDO.format(name=old.name), file=file, line=None, key=key)
    missing = lacking() if changed else []
    if missing is None or missing:
        why = _CHANNEL.format(name=old.name) + _listed(missing or [])
        raise TopologyError(why, file=file, line=None, key=changed[0])


def lacking_between_machines(old: Topology, new: Topology) -> list[str] | None:
    """Return that nothing is lacking, for `check_change` of a network on many machines; None if a channel is gone.

    There the topology is ahead of the channels until departments have signed the updates.
    """
    return [] if old.channels.keys() <= new.channels.keys() else None


def changed_in_channels(old: Topology, new: Topology) -> list[str]:
    """Return the keys that two topologies have otherwise and that are in the configurations of channels of both."""
    return [key for key, before, after in _fixed(old, new) if before != after]


def _listed(missing: Sequence[str]) -> str:
    shown = "; ".join(missing[:_LONGEST])
    more = f"; and {len(missing) - _LONGEST} more" if len(missing) > _LONGEST else ""
    return f". They lack: {shown}{more}" if missing else ""


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
