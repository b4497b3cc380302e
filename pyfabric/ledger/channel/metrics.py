"""Metrics of channels that peers and orderers have alike, under the names of Fabric's metrics."""

from collections.abc import Collection

from fabric_protos.common import common_pb2

from pyfabric._operations.metrics import Registry
from pyfabric.ledger.channel.channel import HasChannel
from pyfabric.messages.go_texts import enum_name

UNKNOWN = "unknown"


def add_height(registry: Registry, joined: Collection[HasChannel]) -> None:
    """Report the heights of a node's channels in a registry."""
    registry.reading(
        "ledger_blockchain_height",
        "Blocks of the channel.",
        ("channel",),
        lambda: [((one.channel.channel_id,), one.channel.height) for one in joined],
    )


def header_type(number: int) -> str:
    """Return the name of a message's type, as a label."""
    return UNKNOWN if number < 0 else enum_name(common_pb2.HeaderType.DESCRIPTOR, number)
