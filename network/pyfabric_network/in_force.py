"""Whether the channels of a running network have what a changed topology says of their configurations."""

from collections.abc import Iterator, Mapping
from typing import Any

from pyfabric.errors import FabricError
from pyfabric.messages import decode_message
from pyfabric_network.connections import Connections, endpoint
from pyfabric_network.material.genesis import channel_config
from pyfabric_network.topology.plan import Plan


def channels_follow(before: Plan, after: Plan) -> bool:
    """Return whether all channels have already what `after` changes in their configurations.

    Departments have updated them then. False if a channel does not say: nothing runs, or keys are missing.
    """
    if not before.channels.keys() <= after.channels.keys():
        return False
    try:
        with Connections(before) as connections:
            return all(_follows(connections, before, after, name) for name in before.channels)
    except (FabricError, OSError):
        return False


def _follows(connections: Connections, before: Plan, after: Plan, name: str) -> bool:
    member = next(iter(before.channels[name].own), None)
    if member is None:
        return False
    old, new = (
        _elements(channel_config(plan, plan.channels[name]).SerializeToString())
        for plan in (before, after)
    )
    changed = [path for path in {*old, *new} if old.get(path) != new.get(path)]
    if not changed:
        return True
    admin = connections.admin(member)
    present = _elements(admin.config(endpoint(before.channels[name].peers_of(member)[0]), name))
    return all(present.get(path) == new.get(path) for path in changed)


def _elements(config: bytes) -> dict[str, Any]:
    """Return the values and policies of a configuration by their paths, without versions."""
    return dict(_of_group(decode_message("common.Config", config)["channel_group"], ""))


def _of_group(group: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    yield f"{path}/", group.get("mod_policy", "")
    for kind, content in (("values", "value"), ("policies", "policy")):
        for name, element in group.get(kind, {}).items():
            yield f"{path}/{kind}/{name}", element.get(content)
    for name, below in group.get("groups", {}).items():
        yield from _of_group(below, f"{path}/{name}")
