"""The filters of a channel's ordering service, in Fabric's words."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.errors import OrdererError
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.consensus.broadcast import check_filters
from tests.support.rules import history
from tests.support.rules.people import CLIENT

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATE = datetime(2999, 1, 1, tzinfo=UTC)
Change = Callable[[configtx_pb2.ConfigGroup], object]


def channel(change: Change = lambda _: None) -> ChannelConfig:
    config = ChannelConfig.from_block(history.blocks()[0])
    change(config.raw.channel_group)
    return ChannelConfig(config.raw, channel_id="ch")


def envelope() -> common_pb2.Envelope:
    signature_header = common_pb2.SignatureHeader(creator=CLIENT.serialized())
    payload = common_pb2.Payload(
        header=common_pb2.Header(signature_header=signature_header.SerializeToString())
    ).SerializeToString()
    return common_pb2.Envelope(payload=payload, signature=CLIENT.sign(payload))


def test_the_size_is_that_of_payload_and_signature() -> None:
    one = envelope()
    assert check_filters(one, channel(), NOW) == len(one.payload) + len(one.signature)


def test_expired_identities_are_refused_where_the_capability_asks_for_it() -> None:
    with pytest.raises(OrdererError, match=r"^400: broadcast client identity expired$"):
        check_filters(envelope(), channel(), LATE)
    old = channel(lambda root: root.groups["Orderer"].values["Capabilities"].ClearField("value"))
    assert check_filters(envelope(), old, LATE)


def test_a_channel_without_the_policy_takes_nothing() -> None:
    without = channel(lambda root: root.policies.pop("Writers"))
    with pytest.raises(OrdererError, match=r"^400: could not find policy /Channel/Writers$"):
        check_filters(envelope(), without, NOW)
