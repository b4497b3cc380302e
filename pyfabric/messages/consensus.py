"""The consensus types that a channel's configuration names, and the message of each one's options."""

from collections.abc import Mapping
from typing import Final

from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_pb2
from google.protobuf.message import Message

RAFT: Final = "etcdraft"
BFT: Final = "BFT"

METADATA: Final[Mapping[str, type[Message]]] = {
    RAFT: etcdraft_pb2.ConfigMetadata,
    BFT: smartbft_pb2.Options,
}
"""The messages in orderer.ConsensusType.metadata, by the consensus type."""
