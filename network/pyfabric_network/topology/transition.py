"""The topology of a network on its way from one to another: it has the nodes and members of both. Pure."""

from collections import Counter

from pyfabric_network.topology.spec import Channel, Department, Topology


def union(before: Topology, after: Topology) -> Topology:
    """Return a topology with the departments, nodes, members and contracts of both, the later ones' settings first.

    Channels that only the earlier has are left out, those that only the later has are as it has them.
    """
    departments = {
        name: _department(before.departments.get(name, spec), spec)
        for name, spec in after.departments.items()
    }
    counts = Counter(before.ordering.nodes) | Counter(after.ordering.nodes)
    nodes = tuple(name for name in departments for _ in range(counts[name]))
    return after.model_copy(
        update={
            "departments": departments,
            "ordering": after.ordering.model_copy(update={"nodes": nodes}),
            "channels": {
                name: _channel(before.channels.get(name, spec), spec)
                for name, spec in after.channels.items()
            },
            "contracts": {**before.contracts, **after.contracts},
        }
    )


def _department(before: Department, after: Department) -> Department:
    users = {**before.users, **after.users}
    peers = max(before.peers, after.peers)
    return after.model_copy(update={"peers": peers, "users": users})


def _channel(before: Channel, after: Channel) -> Channel:
    departments = dict.fromkeys((*before.departments, *after.departments))
    contracts = dict.fromkeys((*before.contracts, *after.contracts))
    return after.model_copy(
        update={"departments": tuple(departments), "contracts": tuple(contracts)}
    )
