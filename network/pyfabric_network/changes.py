"""What may change in the topology of a network whose keys and first blocks exist already."""

from pathlib import Path

from pyfabric.errors import TopologyError
from pyfabric_network.spec import Topology


def check_change(old: Topology, new: Topology, file: Path) -> None:
    """Refuse a change that existing keys and blocks cannot follow; raises TopologyError with the key.

    Contracts, users, titles and the number of peers are free; departments may be added at the end,
    and channels may be added.
    """
    for key, before, after in _fixed(old, new):
        if before != after:
            raise TopologyError(
                f"cannot change once {old.name} exists: undo the change, or delete the network "
                "first with `pyfabric network down --delete`",
                file=file,
                line=None,
                key=key,
            )


def _fixed(old: Topology, new: Topology) -> list[tuple[str, object, object]]:
    """What must stay, as (key, before, after)."""
    names = list(old.departments)
    fixed: list[tuple[str, object, object]] = [
        ("fabric", old.fabric, new.fabric),
        ("ordering", old.ordering, new.ordering),
        ("departments", names, list(new.departments)[: len(names)]),
    ]
    for name in names:
        after = new.msp_id(name) if name in new.departments else None
        fixed.append((f"departments.{name}.msp_id", old.msp_id(name), after))
    for name, channel in old.channels.items():
        now = new.channels.get(name)
        fixed.append((f"channels.{name}", channel.departments, now and now.departments))
        fixed.append((f"channels.{name}.policies", channel.policies, now and now.policies))
    return fixed
