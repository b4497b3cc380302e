"""Waiting for a height and for a configuration, on peers with a clock of their own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.orderer import ab_pb2
from fabric_protos.peer import events_pb2, proposal_response_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.client.effects import (
    DeliverBlocks,
    Endpoint,
    Flow,
    Nonce,
    Now,
    Sign,
    Sleep,
    Unary,
)
from pyfabric.client.waiting import wait_for_config, wait_for_height
from pyfabric.errors import (
    ClientError,
    ConfigError,
    DecodeError,
    DeliverError,
    GatewayError,
    PeerResponseError,
    StatusCode,
)
from tests.support.client.flows import play
from tests.support.client.gateway_server import deliver_status, new_identity

IDENTITY = new_identity()
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
CHANNEL = "estate"
NEVER = 10.0**6
CONFIG, ORDINARY = common_pb2.HeaderType.CONFIG, common_pb2.HeaderType.ENDORSER_TRANSACTION


@dataclass
class Peer:
    """A peer: the second at which it has each block, which of them are configurations, when it is up."""

    arrivals: Sequence[float]
    configs: frozenset[int] = frozenset({0})
    up_from: float = 0.0
    refusal: int | None = None

    def sequence(self, now: float) -> tuple[int, int]:
        """Return the newest configuration block at that second, and its sequence."""
        there = [n for n in sorted(self.configs) if self.arrivals[n] <= now]
        return there[-1], len(there) - 1


@dataclass
class World:
    """Performs effects on peers, in seconds that pass only when somebody waits."""

    peers: dict[str, Peer]
    seconds: float = 0.0
    asked: list[str] = field(default_factory=list)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return tuple(Endpoint(name, b"roots") for name in self.peers)

    def play(self, flow: Flow[Any]) -> Any:
        answers: dict[type, Callable[[Any], Any]] = {
            Now: lambda _: NOON + timedelta(seconds=self.seconds),
            Nonce: lambda _: bytes(24),
            Sign: lambda _: b"signature",
            Sleep: self.sleep,
            DeliverBlocks: self.deliver,
            Unary: self.call,
        }
        return play(flow, answers)

    def sleep(self, effect: Sleep) -> None:
        self.seconds += effect.seconds

    def peer(self, endpoint: Endpoint) -> Peer | GatewayError:
        self.asked.append(endpoint.address)
        peer = self.peers[endpoint.address]
        if self.seconds < peer.up_from:
            return GatewayError("away", code=StatusCode.UNAVAILABLE)
        return peer

    def deliver(self, effect: DeliverBlocks) -> Any:
        peer = self.peer(effect.endpoint)
        if isinstance(peer, GatewayError):
            return peer
        if peer.refusal is not None:
            return [deliver_status(peer.refusal)]
        payload = common_pb2.Payload.FromString(
            common_pb2.Envelope.FromString(effect.envelope).payload
        )
        seek = ab_pb2.SeekInfo.FromString(payload.data)
        number = seek.start.specified.number
        assert seek.stop.specified.number == number
        assert effect.timeout is not None
        arrival = peer.arrivals[number] if number < len(peer.arrivals) else NEVER
        if arrival > self.seconds + effect.timeout:
            self.seconds += effect.timeout
            return GatewayError("late", code=StatusCode.DEADLINE_EXCEEDED)
        self.seconds = max(self.seconds, arrival)
        kind = CONFIG if number in peer.configs else ORDINARY
        block = events_pb2.FilteredBlock(
            channel_id=CHANNEL,
            number=number,
            filtered_transactions=[events_pb2.FilteredTransaction(type=kind)],
        )
        return [
            events_pb2.DeliverResponse(filtered_block=block).SerializeToString(),
            deliver_status(200),
        ]

    def call(self, rpc: Unary[Any]) -> Any:
        peer = self.peer(rpc.endpoint)
        if isinstance(peer, GatewayError):
            return peer
        response = proposal_response_pb2.Response(status=peer.refusal or 200, message="why")
        if peer.refusal is None:
            number, sequence = peer.sequence(self.seconds)
            response.payload = config_block(number, sequence)
        return rpc.parse(
            proposal_response_pb2.ProposalResponse(response=response).SerializeToString()
        )


def config(sequence: int) -> bytes:
    group = configtx_pb2.ConfigGroup(mod_policy="Admins")
    return configtx_pb2.Config(sequence=sequence, channel_group=group).SerializeToString()


def config_block(number: int, sequence: int) -> bytes:
    envelope = common_pb2.Envelope(
        payload=common_pb2.Payload(
            header=common_pb2.Header(
                channel_header=common_pb2.ChannelHeader(
                    type=CONFIG, channel_id=CHANNEL
                ).SerializeToString()
            ),
            data=configtx_pb2.ConfigEnvelope(
                config=configtx_pb2.Config.FromString(config(sequence))
            ).SerializeToString(),
        ).SerializeToString()
    )
    return common_pb2.Block(
        header=common_pb2.BlockHeader(number=number),
        data=common_pb2.BlockData(data=[envelope.SerializeToString()]),
    ).SerializeToString()


def height(world: World, wanted: int, timeout: float) -> None:
    world.play(wait_for_height(world.endpoints, IDENTITY, CHANNEL, wanted, timeout))


def newer(world: World, known: bytes, timeout: float) -> bytes:
    found = world.play(wait_for_config(world.endpoints, IDENTITY, CHANNEL, known, timeout))
    assert isinstance(found, bytes)
    return found


ARRIVALS = st.lists(st.integers(0, 100), min_size=1, max_size=6).map(sorted)


@given(ARRIVALS, st.integers(1, 8), st.integers(1, 120), st.integers(0, 120))
def test_a_height_is_waited_for_until_it_is_there_or_the_time_is_up(
    arrivals: list[int], wanted: int, timeout: int, up_from: int
) -> None:
    world = World({"a": Peer(arrivals, up_from=up_from)})
    there = arrivals[wanted - 1] if wanted <= len(arrivals) else NEVER
    # An unreachable peer is called every half second, so whole seconds are met exactly.
    if max(there, up_from) < timeout:
        height(world, wanted, timeout)
        assert world.seconds == max(there, up_from)
    elif max(there, up_from) > timeout:
        with pytest.raises(GatewayError, match="did not come in time") as caught:
            height(world, wanted, timeout)
        assert caught.value.code is StatusCode.DEADLINE_EXCEEDED
        assert world.seconds == timeout


@given(ARRIVALS, st.data(), st.integers(1, 120))
def test_the_first_newer_configuration_is_found(
    arrivals: list[int], data: st.DataObject, timeout: int
) -> None:
    numbers = range(1, len(arrivals))
    configs = data.draw(
        st.frozensets(st.sampled_from(numbers)) if numbers else st.just(frozenset())
    )
    peer = Peer([0, *arrivals[1:]], frozenset({0}) | configs)
    world = World({"a": peer})
    known = data.draw(st.integers(0, len(configs)))
    place = sorted(peer.configs)[known + 1] if known < len(configs) else None
    if place is None or peer.arrivals[place] > timeout:
        with pytest.raises(GatewayError, match="did not come in time"):
            newer(world, config(known), timeout)
    elif peer.arrivals[place] < timeout:
        found = configtx_pb2.Config.FromString(newer(world, config(known), timeout))
        assert found.sequence == peer.sequence(peer.arrivals[place])[1] > known
        assert found.channel_group.mod_policy == "Admins"
        assert world.seconds == peer.arrivals[place]


def test_a_peer_that_cannot_be_reached_is_passed_over() -> None:
    world = World({"a": Peer([0], up_from=NEVER), "b": Peer([0, 3], frozenset({0, 1}))})
    height(world, 2, 10)
    assert (world.asked, world.seconds) == (["a", "b"], 3)
    assert configtx_pb2.Config.FromString(newer(world, config(0), 10)).sequence == 1


def test_all_peers_are_asked_again_until_the_time_is_up() -> None:
    world = World({"a": Peer([0], up_from=NEVER), "b": Peer([0], up_from=2)})
    height(world, 1, 10)
    assert (world.seconds, world.asked) == (2, ["a", "b"] * 5)
    with pytest.raises(GatewayError, match=f"channel {CHANNEL}: .*wait longer"):
        newer(World({"a": Peer([0], up_from=NEVER)}), config(0), 10)


@pytest.mark.parametrize(("status", "error"), [(403, DeliverError), (404, DeliverError)])
def test_a_peer_that_refuses_is_not_asked_again(status: int, error: type[Exception]) -> None:
    world = World({"a": Peer([0], refusal=status), "b": Peer([0])})
    with pytest.raises(error):
        height(world, 1, 10)
    with pytest.raises(PeerResponseError, match="why"):
        newer(world, config(0), 10)
    assert world.asked == ["a", "a"]


def test_another_failure_stands() -> None:
    failure = GatewayError("no", code=StatusCode.PERMISSION_DENIED)
    for flow in (
        wait_for_height([Endpoint("a", b"")], IDENTITY, CHANNEL, 1, 10),
        wait_for_config([Endpoint("a", b"")], IDENTITY, CHANNEL, config(0), 10),
    ):
        with pytest.raises(GatewayError, match="no") as caught:
            play(
                flow,
                {
                    Now: lambda _: NOON,
                    Nonce: lambda _: bytes(24),
                    Sign: lambda _: b"signature",
                    DeliverBlocks: lambda _: failure,
                    Unary: lambda _: failure,
                },
            )
        assert caught.value is failure


@pytest.mark.parametrize("wanted", [0, -1, 2**64])
def test_a_height_that_no_channel_has_is_refused(wanted: int) -> None:
    with pytest.raises(ClientError, match="no channel can have the height"):
        height(World({"a": Peer([0])}), wanted, 1)


def test_what_is_not_a_configuration_is_refused() -> None:
    with pytest.raises(DecodeError):
        newer(World({"a": Peer([0])}), b"\xff", 1)

    class Odd(World):
        def call(self, rpc: Unary[Any]) -> Any:
            block = common_pb2.Block(header=common_pb2.BlockHeader(number=3))
            response = proposal_response_pb2.Response(status=200, payload=block.SerializeToString())
            return rpc.parse(
                proposal_response_pb2.ProposalResponse(response=response).SerializeToString()
            )

    with pytest.raises(ConfigError, match="block 3 is not a config block"):
        newer(Odd({"a": Peer([0])}), config(0), 1)
