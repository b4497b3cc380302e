"""The number of concurrent calls of a service, and orderers that are not reachable or refuse."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.errors import ErrorDetail, StatusCode
from pyfabric.ledger.failures import CallError
from pyfabric.ledger.nodes.peer import GATEWAY_LIMIT
from pyfabric.ledger.servers import Limit
from pyfabric.ledger.services.gateway.submit import Broadcast, Ordering
from pyfabric.rules.configuration.channel_config import ChannelConfig
from tests.support.ledger.ledger import CHANNEL
from tests.support.ledger.raw_gateway import Outcome
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


EXISTS = (common_pb2.Status.SERVICE_UNAVAILABLE, "failed to submit request: request already exists")
PROCESSED = (
    common_pb2.Status.SERVICE_UNAVAILABLE,
    "failed to submit request: request already processed",
)
TAKEN = (common_pb2.Status.SUCCESS, "")


@pytest.fixture(scope="module")
def bft_config(vectors: Path) -> ChannelConfig:
    """Provide a channel of four BFT orderers."""
    raw = (vectors / "5-bft-blocks" / "genesis.block").read_bytes()
    return ChannelConfig.from_block(common_pb2.Block.FromString(raw))


def ordering_of(config: ChannelConfig, answers: Sequence[tuple[int, str] | None]) -> Ordering:
    """Return orderers with these responses, in order; None: not reachable."""

    def always(answer: tuple[int, str]) -> Broadcast:
        async def broadcast(_: bytes) -> tuple[int, str]:
            return answer

        return broadcast

    addresses = [
        address for one in config.orderer_organizations.values() for address in one.endpoints
    ]
    assert len(addresses) == len(answers)
    pairs = zip(addresses, answers, strict=True)
    return Ordering({a: always(answer) for a, answer in pairs if answer is not None}, Random(0))


@pytest.mark.parametrize(
    "answers",
    [[TAKEN] * 4, [TAKEN, None, TAKEN, TAKEN], [EXISTS, TAKEN, TAKEN, (503, "no")], [EXISTS] * 4],
)
def test_a_quorum_of_bft_orderers_is_enough(
    bft_config: ChannelConfig, answers: Sequence[tuple[int, str] | None]
) -> None:
    submit(bft_config, ordering_of(bft_config, answers))


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (
            [TAKEN, TAKEN, (403, "no"), (403, "no")],
            "received unsuccessful response from orderer: status=FORBIDDEN, info=no",
        ),
        (
            [PROCESSED] * 4,
            (
                "received unsuccessful response from orderer: status=SERVICE_UNAVAILABLE, "
                "info=failed to submit request: request already processed"
            ),
        ),
        ([None, TAKEN, None, TAKEN], "rpc error: code = Unavailable desc = connection error: "),
    ],
)
def test_fewer_bft_orderers_are_not(
    bft_config: ChannelConfig, answers: Sequence[tuple[int, str] | None], message: str
) -> None:
    with pytest.raises(CallError) as caught:
        submit(bft_config, ordering_of(bft_config, answers))
    assert caught.value.code is StatusCode.UNAVAILABLE
    assert caught.value.message == (
        "insufficient number of orderers could successfully process transaction to satisfy quorum "
        "requirement"
    )
    assert len(caught.value.details) == 2
    assert all(detail.message.startswith(message) for detail in caught.value.details)
