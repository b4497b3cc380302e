"""What does not work while a node or a contract host starts again, by the channels' configurations. Pure."""

from collections.abc import Iterator, Mapping

from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.parts import Consenter
from pyfabric.rules.consensus.types import consensus_type
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan


def outages(plan: Plan, configs: Mapping[str, ChannelConfig], name: str) -> Iterator[str]:
    """Yield a sentence for each thing that does not work without a node or a contract host; `name` may be its member's."""
    for department in plan.own_with_peers:
        if name in (department.contract_host.name, department.contract_client.name):
            yield f"the contracts of {department.name} start again: calls of them wait, or are sent again"
        if [peer.name for peer in department.peers] == [name]:
            yield f"{department.name} has no other peer: its programs wait, and nothing gets its endorsement"
    for channel, config in configs.items():
        node = next((one for one in plan.own_orderers if one.name == name), None)
        if node is None or consenter_at(config, node) is None:
            continue
        count = len(config.consenters)
        if count - 1 < quorum(config):
            yield f"{channel} has {count} consenters: nothing is ordered"


def consenter_at(config: ChannelConfig, node: Node) -> Consenter | None:
    """Return an orderer as a consenter of a channel; None if the channel does not have it."""
    address = (node.inside.host, node.inside.port)
    return next((one for one in config.consenters if (one.host, one.port) == address), None)


def quorum(config: ChannelConfig) -> int:
    """Return how many consenters of a channel must run for it to order."""
    return consensus_type(config).quorum(len(config.consenters))
