"""What an orderer checks of a message by the channel's own configuration."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2

from pyfabric.errors import OrdererError
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.consensus.broadcast import check_filters
from tests.support.municipal import records
from tests.support.rules import history

LATER = datetime(2100, 1, 1, tzinfo=UTC)


def config(change: Callable[[configtx_pb2.ConfigGroup], object]) -> ChannelConfig:
    """Return the configuration of the vectors' channel, with a change."""
    payload = common_pb2.Payload.FromString(
        common_pb2.Envelope.FromString(history.ordered(0).data.data[0]).payload
    )
    changed = configtx_pb2.ConfigEnvelope.FromString(payload.data).config
    change(changed.channel_group)
    return ChannelConfig(changed, channel_id=records.CHANNEL)


def message() -> common_pb2.Envelope:
    return common_pb2.Envelope.FromString(records.signed(b"x"))


def with_orderer_capability(group: configtx_pb2.ConfigGroup, name: str) -> None:
    value = configuration_pb2.Capabilities()
    value.capabilities[name].SetInParent()
    group.groups["Orderer"].values["Capabilities"].value = value.SerializeToString()


def test_an_expired_identity_is_refused_where_the_orderers_capability_says_so() -> None:
    with pytest.raises(OrdererError, match="broadcast client identity expired") as refused:
        check_filters(
            message(), config(lambda group: with_orderer_capability(group, "V2_0")), LATER
        )
    assert refused.value.status == common_pb2.BAD_REQUEST
    before = config(lambda group: with_orderer_capability(group, "V1_0"))
    signed = message()
    size = len(signed.payload) + len(signed.signature)
    assert check_filters(signed, before, LATER) == size


def test_a_channel_without_writers_takes_nothing() -> None:
    without = config(lambda group: group.policies.pop("Writers"))
    with pytest.raises(OrdererError, match="could not find policy /Channel/Writers") as refused:
        check_filters(message(), without, records.NOW)
    assert refused.value.status == common_pb2.BAD_REQUEST
