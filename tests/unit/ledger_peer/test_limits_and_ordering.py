"""How many calls a service takes, and orderers that are away or refuse."""

import asyncio
from pathlib import Path
from random import Random

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.core.channel_config import ChannelConfig
from pyfabric.errors import ErrorDetail, StatusCode
from pyfabric.ledger.failures import CallError
from pyfabric.ledger.ordering import Ordering
from pyfabric.ledger.peer_node import GATEWAY_LIMIT
from pyfabric.ledger.servers import Limit
from tests.support.ledger import CHANNEL
from tests.support.raw_gateway import Outcome
from tests.unit.ledger_peer.conftest import World


def test_a_limit_is_given_back() -> None:
    limit = Limit("gateway.Gateway", 2)
    with limit, limit:
        with pytest.raises(CallError) as caught, limit:
            raise AssertionError("one call too many was let in")
        assert caught.value.code is StatusCode.UNKNOWN
    with limit:
        pass


@pytest.mark.asyncio(loop_scope="module")
async def test_five_hundred_gateway_calls(world: World) -> None:
    gateway, user = world.gateway, world.network.first.user()
    waiting = [
        asyncio.create_task(gateway.status(user, CHANNEL, f"never {number}", timeout=60))
        for number in range(GATEWAY_LIMIT + 1)
    ]
    try:
        (refused,), _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert refused.result() == Outcome(
            "UNKNOWN", "too many requests for /gateway.Gateway, exceeding concurrency limit (500)"
        )
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


@pytest.fixture
def config(vectors: Path) -> ChannelConfig:
    raw = (vectors / "6-discovery-gateway" / "channel-config.pb").read_bytes()
    return ChannelConfig(configtx_pb2.Config.FromString(raw), channel_id="records")


def submit(config: ChannelConfig, ordering: Ordering) -> None:
    asyncio.run(ordering.submit(config, b"envelope"))


def test_an_orderer_that_is_away(config: ChannelConfig) -> None:
    with pytest.raises(CallError) as caught:
        submit(config, Ordering({}, Random(0)))
    assert caught.value.code is StatusCode.UNAVAILABLE
    assert caught.value.message == "no orderers could successfully process transaction"
    (detail,) = caught.value.details
    assert detail == ErrorDetail(
        "127.0.0.1:12050",
        "OrdererMSP",
        'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while '
        'dialing: dial tcp 127.0.0.1:12050: connect: connection refused"',
    )


def test_an_orderer_that_refuses_or_fails(config: ChannelConfig) -> None:
    answers = [
        (common_pb2.Status.BAD_REQUEST, "too big"),
        (common_pb2.Status.SERVICE_UNAVAILABLE, "no leader"),
        (common_pb2.Status.SUCCESS, ""),
    ]

    async def broadcast(envelope: bytes) -> tuple[int, str]:
        assert envelope == b"envelope"
        return answers.pop(0)

    ordering = Ordering({"127.0.0.1:12050": broadcast}, Random(0))
    with pytest.raises(CallError) as caught:
        submit(config, ordering)
    assert (caught.value.code, caught.value.message) == (
        StatusCode.ABORTED,
        "received unsuccessful response from orderer: status=BAD_REQUEST, info=too big",
    )
    with pytest.raises(CallError) as caught:
        submit(config, ordering)
    assert caught.value.code is StatusCode.UNAVAILABLE
    submit(config, ordering)
    assert not answers
