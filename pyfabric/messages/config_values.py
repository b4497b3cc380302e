"""The values that each kind of configuration group may hold, and the messages inside them.

Source: common/channelconfig of Fabric 3.1: a value with another key is refused.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias, TypeVar

from fabric_protos.common import configtx_pb2, configuration_pb2
from fabric_protos.msp import msp_config_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_configuration_pb2
from fabric_protos.peer import configuration_pb2 as peer_configuration_pb2
from google.protobuf.message import Message

from pyfabric.errors import ConfigError
from pyfabric.messages.decoding import decode

Keys: TypeAlias = Mapping[str, type[Message]]
M = TypeVar("M", bound=Message)

CHANNEL: Final[Keys] = {
    "HashingAlgorithm": configuration_pb2.HashingAlgorithm,
    "BlockDataHashingStructure": configuration_pb2.BlockDataHashingStructure,
    "OrdererAddresses": configuration_pb2.OrdererAddresses,
    "Orderers": configuration_pb2.Orderers,
    "Consortium": configuration_pb2.Consortium,
    "Capabilities": configuration_pb2.Capabilities,
}
ORDERER: Final[Keys] = {
    "ConsensusType": orderer_configuration_pb2.ConsensusType,
    "Orderers": configuration_pb2.Orderers,
    "BatchSize": orderer_configuration_pb2.BatchSize,
    "BatchTimeout": orderer_configuration_pb2.BatchTimeout,
    "KafkaBrokers": orderer_configuration_pb2.KafkaBrokers,
    "ChannelRestrictions": orderer_configuration_pb2.ChannelRestrictions,
    "Capabilities": configuration_pb2.Capabilities,
}
APPLICATION: Final[Keys] = {
    "ACLs": peer_configuration_pb2.ACLs,
    "Capabilities": configuration_pb2.Capabilities,
}
ORDERER_ORGANIZATION: Final[Keys] = {
    "MSP": msp_config_pb2.MSPConfig,
    "Endpoints": configuration_pb2.OrdererAddresses,
}
APPLICATION_ORGANIZATION: Final[Keys] = {
    "MSP": msp_config_pb2.MSPConfig,
    "AnchorPeers": peer_configuration_pb2.AnchorPeers,
}


class GroupValues:
    """The values of one group, decoded; raises ConfigError for one that cannot be."""

    def __init__(self, group: configtx_pb2.ConfigGroup, keys: Keys) -> None:
        self._values: dict[type[Message], Message] = {}
        for key, entry in group.values.items():
            if key not in keys:
                raise ConfigError(f"failed to deserialize values: Unexpected key {key}")
            self._values[keys[key]] = decode(
                keys[key], entry.value, ConfigError, "failed to deserialize values"
            )

    def get(self, kind: type[M]) -> M:
        """Return the value of that kind; an empty one when the group has none."""
        value = self._values.get(kind)
        return value if isinstance(value, kind) else kind()

    def __contains__(self, kind: type[Message]) -> bool:
        return kind in self._values
