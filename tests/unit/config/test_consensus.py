"""SmartBFT's quorums, options and policy; Raft's numbering of its consenters."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.orderer.smartbft import configuration_pb2

from pyfabric.errors import ConfigError, DecodeError
from pyfabric.messages.blocks import orderer_metadata
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.parts import BatchSettings, Consenter
from pyfabric.rules.consensus import bft, raft

VECTORS = Path(__file__).parent.parent.parent / "vectors"
BATCH = BatchSettings(10, 1 << 20, 1 << 19, 2.0)
Options = configuration_pb2.Options


def channel() -> ChannelConfig:
    """Return a real channel of four BFT orderers."""
    path = VECTORS / "5-bft-blocks" / "genesis.block"
    return ChannelConfig.from_block(common_pb2.Block.FromString(path.read_bytes()))


def options(change: Callable[[Options], object] = lambda _: None) -> bytes:
    """Return the options of that channel, changed."""
    found = Options.FromString(channel().consensus_metadata)
    found.request_batch_max_count, found.request_batch_max_bytes = 10, 1 << 20
    change(found)
    return found.SerializeToString()


@pytest.mark.parametrize(
    ("count", "expected"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5), (10, 7)]
)
def test_a_quorum_outvotes_the_faulty(count: int, expected: int) -> None:
    assert bft.quorum(count) == expected


def test_the_policy_of_a_real_channel_is_the_one_that_its_consenters_make() -> None:
    config = channel()
    found = config.raw.channel_group.groups["Orderer"].policies["BlockValidation"].policy
    assert bft.block_validation(config.consenters) == found


def test_a_block_is_cut_by_the_channels_sizes_and_smartbfts_interval() -> None:
    read = bft.read_options(options(), BATCH)
    assert bft.batch_settings(BATCH, read) == BatchSettings(10, 1 << 20, 1 << 20, read.interval)
    bft.check_metadata(options())


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1, "1001"), (2, "10021801"), (127, "107f187e"), (128, "108001187f"), (300, "10ac0218ab02")],
)
def test_view_metadata_is_smartbfts(number: int, expected: str) -> None:
    assert bft.view_metadata(number).hex() == expected


def set_option(name: str, value: int | str) -> Callable[[Options], None]:
    return lambda found: setattr(found, name, value)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            set_option("view_change_timeout", "soon"),
            "bad config metadata option ViewChangeTimeout: time: invalid duration",
        ),
        (
            set_option("request_pool_size", 0),
            "config validation failed: RequestPoolSize should be greater than zero",
        ),
        (
            set_option("collect_timeout", "-1s"),
            "config validation failed: CollectTimeout should be greater than zero",
        ),
        (
            set_option("request_forward_timeout", "1h"),
            "config validation failed: RequestForwardTimeout is bigger than RequestComplainTimeout",
        ),
        (
            set_option("leader_rotation", Options.Rotation.ROTATION_ON),
            (
                "config validation failed: DecisionsPerLeader should be greater than zero when leader "
                "rotation is active"
            ),
        ),
    ],
)
def test_options_that_smartbft_refuses(change: Callable[[Options], None], text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        bft.read_options(options(change), BATCH)
    assert str(caught.value).startswith(text)
    with pytest.raises(ConfigError, match=r"^invalid BFT metadata configuration$"):
        bft.check_metadata(options(change))


def test_bytes_that_are_no_options() -> None:
    with pytest.raises(ConfigError, match=r"^failed to unmarshal consensus metadata: proto"):
        bft.read_options(b"\xff", BATCH)
    with pytest.raises(
        ConfigError, match=r"^failed to unmarshal BFT metadata configuration: proto"
    ):
        bft.check_metadata(b"\xff")


def consenters(*names: str) -> list[Consenter]:
    return [Consenter("host", 1, name.encode(), b"server") for name in names]


def change(old: str, new: str, first: raft.Membership | None = None) -> raft.Changes:
    membership = first or raft.Membership.first(len(old))
    return raft.membership_changes(membership, consenters(*old), consenters(*new))


def test_raft_numbers_its_nodes_one_by_one() -> None:
    assert change("ab", "ab").membership == raft.Membership((1, 2), 3, 3)
    added = change("ab", "cab")
    assert added.membership == raft.Membership((3, 1, 2), 4, 3)
    assert added.added == tuple(consenters("c"))
    removed = change("abc", "ac")
    assert removed.membership == raft.Membership((1, 3), 4, 4)
    assert removed.removed == tuple(consenters("b"))
    assert change("ac", "acb", removed.membership).membership.ids == (1, 3, 4)


def test_a_node_with_a_new_certificate_keeps_its_number() -> None:
    rotated = change("ab", "ax")
    assert rotated.membership == raft.Membership((1, 2), 3, 3)
    assert (rotated.added, rotated.removed) == (tuple(consenters("x")), tuple(consenters("b")))


@pytest.mark.parametrize(
    ("old", "new", "added", "removed"), [("a", "abc", 2, 0), ("abc", "a", 0, 2)]
)
def test_only_one_node_comes_or_goes_at_a_time(
    old: str, new: str, added: int, removed: int
) -> None:
    with pytest.raises(ConfigError) as caught:
        change(old, new)
    assert str(caught.value) == (
        "update of more than one consenter at a time is not supported, requested changes: add "
        f"{added} node(s), remove {removed} node(s)"
    )


def test_what_a_block_says_of_its_consenters_is_read_back() -> None:
    path = VECTORS / "5-channel-history" / "orderer-blocks-001.block"
    metadata = orderer_metadata(common_pb2.Block.FromString(path.read_bytes())).consenter_metadata
    assert raft.Membership.read(metadata, 1) == raft.Membership((1,), 2, 3)
    assert raft.Membership((1,), 2, 2).metadata() == metadata
    assert raft.Membership.read(b"", 3) == raft.Membership((1, 2, 3), 4, 4)
    with pytest.raises(DecodeError, match="unmarshal block's metadata: proto: cannot parse"):
        raft.Membership.read(b"\xff", 1)
