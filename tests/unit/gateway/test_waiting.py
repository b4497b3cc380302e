"""Waiting on both surfaces, over gRPC."""

import pytest
from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.peer import proposal_response_pb2

from pyfabric.client.event_requests import FILTERED_BLOCKS
from pyfabric.client.transactions import PROCESS_PROPOSAL
from pyfabric.errors import GatewayError, StatusCode
from pyfabric.identity.signing import SigningIdentity
from tests.support.client.gateway_server import (
    ScriptedPeer,
    answer,
    deliver_status,
    filtered_block,
    stream,
)
from tests.support.client.surfaces import Surface


def config(sequence: int) -> bytes:
    return configtx_pb2.Config(sequence=sequence).SerializeToString()


def config_block(sequence: int) -> bytes:
    """Return the response of cscc's GetConfigBlock."""
    header = common_pb2.ChannelHeader(type=common_pb2.HeaderType.CONFIG, channel_id="directory")
    payload = common_pb2.Payload(
        header=common_pb2.Header(channel_header=header.SerializeToString()),
        data=configtx_pb2.ConfigEnvelope(
            config=configtx_pb2.Config(sequence=sequence)
        ).SerializeToString(),
    )
    envelope = common_pb2.Envelope(payload=payload.SerializeToString())
    block = common_pb2.Block(data=common_pb2.BlockData(data=[envelope.SerializeToString()]))
    return proposal_response_pb2.ProposalResponse(
        response=proposal_response_pb2.Response(status=200, payload=block.SerializeToString())
    ).SerializeToString()


def test_a_height_is_waited_for(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(FILTERED_BLOCKS.method, stream(filtered_block(4), deliver_status(200)))
    with surface.connect(identity, peer.endpoint) as gateway:
        gateway.network("directory").wait_for_height(5)


def test_a_height_that_does_not_come_is_an_error(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(FILTERED_BLOCKS.method, stream(stay=True))
    with (
        surface.connect(identity, peer.endpoint) as gateway,
        pytest.raises(GatewayError, match="did not come in time") as caught,
    ):
        gateway.network("directory").wait_for_height(5, timeout=0.2)
    assert caught.value.code is StatusCode.DEADLINE_EXCEEDED


def test_a_newer_configuration_is_returned(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(PROCESS_PROPOSAL, answer(config_block(3)))
    with surface.connect(identity, peer.endpoint) as gateway:
        found = gateway.network("directory").wait_for_config(config(2), timeout=5)
    assert found == config(3)
