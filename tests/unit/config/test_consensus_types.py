"""What differs between channels that Raft and channels that SmartBFT orders."""

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.orderer import configuration_pb2

from pyfabric.errors import ConfigError
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.consensus.types import BFT, RAFT, check_consensus, consensus_type
from tests.support.paths import VECTORS
from tests.support.rules import history

GENESIS = VECTORS / "5-bft-blocks" / "genesis.block"


def bft_channel() -> ChannelConfig:
    return ChannelConfig.from_block(common_pb2.Block.FromString(GENESIS.read_bytes()))


def raft_channel() -> ChannelConfig:
    return ChannelConfig.from_block(history.blocks()[0])


def changed(config: ChannelConfig, **fields: object) -> ChannelConfig:
    """Return a configuration whose ConsensusType has these fields."""
    value = config.raw.channel_group.groups["Orderer"].values["ConsensusType"]
    consensus = configuration_pb2.ConsensusType.FromString(value.value)
    for name, given in fields.items():
        setattr(consensus, name, given)
    value.value = consensus.SerializeToString()
    return ChannelConfig(config.raw, channel_id=config.channel_id)


def test_a_channel_is_ordered_as_it_says() -> None:
    assert consensus_type(raft_channel()) is RAFT
    assert consensus_type(bft_channel()) is BFT
    for config in (raft_channel(), bft_channel()):
        check_consensus(config)


def test_what_no_orderer_has_counts_as_raft_and_is_not_started() -> None:
    config = changed(raft_channel(), type="kafka")
    assert consensus_type(config) is RAFT
    with pytest.raises(
        ConfigError, match=r"^failed to find a consenter for consensus type: kafka$"
    ):
        check_consensus(config)


def test_options_with_which_no_orderer_starts() -> None:
    with pytest.raises(ConfigError, match="failed to unmarshal new etcdraft metadata"):
        check_consensus(changed(raft_channel(), metadata=b"\xff"))
    with pytest.raises(
        ConfigError, match="failed parsing smartbft configuration: failed to unmarshal consensus"
    ):
        check_consensus(changed(bft_channel(), metadata=b"\xff"))


def test_consenters_are_known_by_tls_certificates_or_identities() -> None:
    raft, bft = raft_channel().consenters[0], bft_channel().consenters[0]
    assert RAFT.certificates(raft) == (raft.client_tls_certificate, raft.server_tls_certificate)
    assert BFT.certificates(bft) == (bft.identity,)


@pytest.mark.parametrize(
    ("count", "majority", "quorum"), [(1, 1, 1), (3, 2, 2), (4, 3, 3), (7, 4, 5)]
)
def test_quorums(count: int, majority: int, quorum: int) -> None:
    assert (RAFT.quorum(count), BFT.quorum(count)) == (majority, quorum)


def test_blocks_are_cut_by_the_channels_settings_or_smartbfts() -> None:
    raft, bft = raft_channel(), bft_channel()
    assert RAFT.batch_settings(raft) == raft.batch
    found = BFT.batch_settings(bft)
    assert found.max_message_count == bft.batch.max_message_count
    assert found.preferred_max_bytes == bft.batch.absolute_max_bytes


def test_only_bft_checks_the_policy_of_blocks_before_a_configuration_is_ordered() -> None:
    config = bft_channel()
    BFT.check_ordered(config)
    del config.raw.channel_group.groups["Orderer"].policies["BlockValidation"]
    with pytest.raises(ConfigError, match="block validation policy is not found"):
        BFT.check_ordered(config)
    RAFT.check_ordered(config)
