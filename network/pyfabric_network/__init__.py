"""Networks of departments: topologies, networks and their nodes, connection profiles, contexts."""

from typing import TYPE_CHECKING

from pyfabric._lazy import lazily

if TYPE_CHECKING:
    from pyfabric_network.contexts import Context, Contexts
    from pyfabric_network.deployment import Deployed
    from pyfabric_network.development import Development
    from pyfabric_network.network import Network
    from pyfabric_network.opening import ANY_FREE_PORT
    from pyfabric_network.profile import Profile, load_profile
    from pyfabric_network.runtimes.runtime import RuntimeName
    from pyfabric_network.status import NodeStatus
    from pyfabric_network.topology.bundled import bundled_topologies, find_topology
    from pyfabric_network.topology.loading import load_topology
    from pyfabric_network.topology.spec import Topology
else:
    __getattr__ = lazily(
        __name__,
        {
            "pyfabric_network.contexts": ["Context", "Contexts"],
            "pyfabric_network.deployment": ["Deployed"],
            "pyfabric_network.development": ["Development"],
            "pyfabric_network.network": ["Network"],
            "pyfabric_network.opening": ["ANY_FREE_PORT"],
            "pyfabric_network.profile": ["Profile", "load_profile"],
            "pyfabric_network.runtimes.runtime": ["RuntimeName"],
            "pyfabric_network.status": ["NodeStatus"],
            "pyfabric_network.topology.spec": ["Topology"],
            "pyfabric_network.topology.bundled": ["bundled_topologies", "find_topology"],
            "pyfabric_network.topology.loading": ["load_topology"],
        },
    )

__all__ = [
    "ANY_FREE_PORT",
    "Context",
    "Contexts",
    "Deployed",
    "Development",
    "Network",
    "NodeStatus",
    "Profile",
    "RuntimeName",
    "Topology",
    "bundled_topologies",
    "find_topology",
    "load_profile",
    "load_topology",
]
