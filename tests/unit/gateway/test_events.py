"""Event streams of both surfaces: starts, reconnecting without loss or repetition, checkpoints."""

import asyncio
import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import grpc
import pytest
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.orderer import ab_pb2
from fabric_protos.peer import chaincode_event_pb2, events_pb2

from pyfabric import aio
from pyfabric.client.checkpoints import Checkpoint
from pyfabric.client.event_requests import BLOCKS, BLOCKS_AND_PRIVATE_DATA, FILTERED_BLOCKS
from pyfabric.client.timeouts import EVALUATE
from pyfabric.errors import ClientError, DeliverError, GatewayError, StatusCode, ValidationCode
from pyfabric.identity.keys import FunctionSigner
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.events import ChaincodeEvent, PrivateWrites
from tests.support.client.gateway_server import (
    CHAINCODE_EVENTS,
    ScriptedPeer,
    answer,
    at_height,
    block,
    chaincode_events,
    deliver_status,
    evaluated,
    fail,
    filtered_block,
    stream,
)
from tests.support.client.surfaces import Surface

Peers = Callable[..., ScriptedPeer]
GONE = fail(grpc.StatusCode.UNAVAILABLE, "gone")


def asked(raw: bytes) -> tuple[int | str, str]:
    """Return the start and the transaction of a request for chaincode events."""
    signed = gateway_pb2.SignedChaincodeEventsRequest.FromString(raw)
    request = gateway_pb2.ChaincodeEventsRequest.FromString(signed.request)
    return _start(request.start_position), request.after_transaction_id


def sought(raw: bytes) -> int | str:
    """Return the start of a request for blocks."""
    payload = common_pb2.Payload.FromString(common_pb2.Envelope.FromString(raw).payload)
    info = ab_pb2.SeekInfo.FromString(payload.data)
    assert info.stop.specified.number == 2**64 - 1
    return _start(info.start)


def _start(position: ab_pb2.SeekPosition) -> int | str:
    kind = position.WhichOneof("Type")
    return position.specified.number if kind == "specified" else str(kind)


def transactions(events: Any, count: int) -> list[str]:
    return [event.transaction_id for event in islice(events, count)]


def test_events_begin_with_the_block_after_the_call(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(FILTERED_BLOCKS.method, at_height(5))
    peer.on(CHAINCODE_EVENTS, stream(chaincode_events(6, "t1", "t2"), stay=True))
    with (
        surface.connect(identity, peer.endpoint) as gateway,
        gateway.network("directory").chaincode_events("city") as events,
    ):
        got = list(islice(events, 2))
    assert got == [
        ChaincodeEvent(6, "t1", "directory", "Published", b"t1"),
        ChaincodeEvent(6, "t2", "directory", "Published", b"t2"),
    ]
    assert asked(peer.requests[CHAINCODE_EVENTS][0]) == (5, "")


def test_a_lost_stream_goes_on_behind_the_last_event(
    surface: Surface, new_peer: Peers, identity: SigningIdentity
) -> None:
    first, second = new_peer(), new_peer()
    first.on(FILTERED_BLOCKS.method, at_height(5))
    first.on(
        CHAINCODE_EVENTS,
        stream(then=GONE),
        stream(chaincode_events(9, "t4"), stay=True),
    )
    second.on(
        CHAINCODE_EVENTS,
        stream(chaincode_events(6, "t1"), chaincode_events(8, "t2", "t3"), then=GONE),
    )
    with (
        surface.connect(identity, [first.endpoint, second.endpoint]) as gateway,
        gateway.network("directory").chaincode_events("city") as events,
    ):
        assert transactions(events, 4) == ["t1", "t2", "t3", "t4"]
    assert [asked(raw) for raw in first.requests[CHAINCODE_EVENTS]] == [(5, ""), (8, "t3")]
    assert [asked(raw) for raw in second.requests[CHAINCODE_EVENTS]] == [(5, "")]


def test_a_stream_survives_the_peers_restart(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(
        CHAINCODE_EVENTS,
        stream(chaincode_events(6, "t1"), stay=True),
        stream(chaincode_events(7, "t2"), stay=True),
    )
    with (
        surface.connect(identity, peer.endpoint) as gateway,
        gateway.network("directory").chaincode_events("city", start_block=6) as events,
    ):
        assert transactions(events, 1) == ["t1"]
        peer.stop()
        peer.restart()
        assert transactions(events, 1) == ["t2"]
    assert asked(peer.requests[CHAINCODE_EVENTS][1]) == (6, "t1")


def test_a_stream_without_a_definite_start_is_not_asked_again(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(FILTERED_BLOCKS.method, stream(deliver_status(403)))
    peer.on(CHAINCODE_EVENTS, stream(then=GONE))
    with surface.connect(identity, peer.endpoint) as gateway:
        events = gateway.network("directory").chaincode_events("city")
        with pytest.raises(GatewayError) as caught:
            next(events)
        events.close()
    assert caught.value.code is StatusCode.UNAVAILABLE
    assert [asked(raw) for raw in peer.requests[CHAINCODE_EVENTS]] == [("next_commit", "")]


def test_a_refusal_is_raised_at_once(
    surface: Surface, new_peer: Peers, identity: SigningIdentity
) -> None:
    dead, peer = new_peer(), new_peer()
    dead.stop()
    peer.on(FILTERED_BLOCKS.method, stream(deliver_status(404)))
    refusal = "Failed to get policy manager for channel [nochan]"
    peer.on(CHAINCODE_EVENTS, fail(grpc.StatusCode.PERMISSION_DENIED, refusal))
    with (
        surface.connect(identity, [dead.endpoint, peer.endpoint]) as gateway,
        gateway.network("nochan").chaincode_events("city") as events,
        pytest.raises(GatewayError, match="PERMISSION_DENIED: Failed to get policy manager"),
    ):
        next(events)


def test_a_height_that_cannot_be_learnt_leaves_the_start_to_the_peer(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(FILTERED_BLOCKS.method, fail(grpc.StatusCode.PERMISSION_DENIED, "no"))
    peer.on(CHAINCODE_EVENTS, stream(chaincode_events(6, "t1"), stay=True))
    with (
        surface.connect(identity, peer.endpoint) as gateway,
        gateway.network("directory").chaincode_events("city") as events,
    ):
        assert transactions(events, 1) == ["t1"]
    assert asked(peer.requests[CHAINCODE_EVENTS][0]) == ("next_commit", "")


def test_without_any_peer_opening_fails(
    surface: Surface, new_peer: Peers, identity: SigningIdentity
) -> None:
    peers = [new_peer(), new_peer()]
    for peer in peers:
        peer.on(FILTERED_BLOCKS.method, stream(then=GONE))
    with (
        surface.connect(identity, [peer.endpoint for peer in peers]) as gateway,
        pytest.raises(GatewayError, match="UNAVAILABLE: gone"),
    ):
        gateway.network("directory").chaincode_events("city")


def test_peers_that_were_never_there_are_given_up(
    surface: Surface, new_peer: Peers, identity: SigningIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyfabric.client.event_source._FIRST_DELAY", 0.001)
    peers = [new_peer(), new_peer()]
    for peer in peers:
        peer.on(BLOCKS.method, stream(then=GONE))
    with (
        surface.connect(identity, [peer.endpoint for peer in peers]) as gateway,
        gateway.network("directory").block_events(start_block=1) as blocks,
        pytest.raises(GatewayError, match="UNAVAILABLE: gone"),
    ):
        next(blocks)
    assert [len(peer.requests[BLOCKS.method]) for peer in peers] == [5, 5]


def test_blocks_go_on_with_the_next_number(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(FILTERED_BLOCKS.method, at_height(3))
    peer.on(
        BLOCKS.method,
        stream(block(3), block(4), then=GONE),
        stream(block(5), deliver_status(503)),
        stream(block(6)),
        stream(block(7), stay=True),
    )
    with (
        surface.connect(identity, peer.endpoint) as gateway,
        gateway.network("directory").block_events() as blocks,
    ):
        assert [each.number for each in islice(blocks, 5)] == [3, 4, 5, 6, 7]
    assert [sought(raw) for raw in peer.requests[BLOCKS.method]] == [3, 5, 6, 7]


def test_a_status_ends_a_stream_of_blocks_with_an_error(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(BLOCKS.method, stream(deliver_status(403)))
    with (
        surface.connect(identity, peer.endpoint) as gateway,
        gateway.network("directory").block_events(start_block=0) as blocks,
        pytest.raises(DeliverError, match=r"FORBIDDEN \(403\)") as caught,
    ):
        next(blocks)
    assert caught.value.status == 403


def test_filtered_blocks_tell_ids_codes_and_events(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(FILTERED_BLOCKS.method, at_height(4), stream(filtered_block(4), stay=True))
    with (
        surface.connect(identity, peer.endpoint) as gateway,
        gateway.network("directory").filtered_block_events(start_block=4) as blocks,
    ):
        got = next(blocks)
    valid, conflict = got.transactions
    assert (got.number, got.channel) == (4, "directory")
    assert valid.code is ValidationCode.VALID
    assert valid.chaincode_events == (ChaincodeEvent(4, "t1", "directory", "Published", b""),)
    assert conflict.code is ValidationCode.MVCC_READ_CONFLICT
    assert conflict.chaincode_events == ()


def test_private_data_comes_with_its_block(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    writes = rwset_pb2.TxPvtReadWriteSet(
        ns_pvt_rwset=[
            rwset_pb2.NsPvtReadWriteSet(
                namespace="city",
                collection_pvt_rwset=[
                    rwset_pb2.CollectionPvtReadWriteSet(collection_name="prices", rwset=b"w")
                ],
            )
        ]
    )
    message = events_pb2.DeliverResponse(
        block_and_private_data=events_pb2.BlockAndPrivateData(
            block=common_pb2.Block(header=common_pb2.BlockHeader(number=8)),
            private_data_map={0: writes},
        )
    ).SerializeToString()
    peer.on(BLOCKS_AND_PRIVATE_DATA.method, stream(message, stay=True))
    with (
        surface.connect(identity, peer.endpoint) as gateway,
        gateway.network("directory").block_and_private_data_events(start_block=8) as blocks,
    ):
        got = next(blocks)
    assert got.number == 8
    assert dict(got.private_data) == {0: (PrivateWrites("city", "prices", b"w"),)}


def test_streams_start_behind_a_transaction(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    held = common_pb2.Block(header=common_pb2.BlockHeader(number=21)).SerializeToString()
    peer.on(EVALUATE, answer(evaluated(held)))
    peer.on(CHAINCODE_EVENTS, stream(chaincode_events(21, "t9"), stay=True))
    peer.on(BLOCKS.method, stream(block(21), stay=True))
    with surface.connect(identity, peer.endpoint) as gateway:
        network = gateway.network("directory")
        with network.chaincode_events("city", after_transaction_id="t8") as events:
            assert transactions(events, 1) == ["t9"]
        with network.block_events(after_transaction_id="t8") as blocks:
            assert next(blocks).number == 21
        with network.chaincode_events("city", start_block=2, after_transaction_id="t8") as events:
            next(events)
    assert [asked(raw) for raw in peer.requests[CHAINCODE_EVENTS]] == [(21, "t8"), (2, "t8")]
    assert sought(peer.requests[BLOCKS.method][0]) == 21


def test_starts_that_cannot_be_are_refused(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    with surface.connect(identity, peer.endpoint) as gateway:
        network = gateway.network("directory")
        for number in (-1, 2**64):
            with pytest.raises(ClientError, match="no block can have the number"):
                network.chaincode_events("city", start_block=number)
        with pytest.raises(ClientError, match="blocks come whole"):
            network.block_events(start_block=1, after_transaction_id="t")
    assert not peer.requests


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_checkpoint_is_where_the_next_stream_starts(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity, tmp_path: Path, kind: str
) -> None:
    peer.on(CHAINCODE_EVENTS, stream(chaincode_events(6, "t1", "t2"), stay=True))
    peer.on(BLOCKS.method, stream(block(6), stay=True))
    file = tmp_path / "position.json"

    def checkpointer() -> Any:
        made = surface.FileCheckpointer(file) if kind == "file" else kept
        assert isinstance(made.position, Checkpoint)
        return made

    kept = surface.InMemoryCheckpointer()
    with surface.connect(identity, peer.endpoint) as gateway:
        network = gateway.network("directory")
        first = checkpointer()
        with network.chaincode_events("city", start_block=6, checkpoint=first) as events:
            first.checkpoint_chaincode_event(next(events))
        with network.chaincode_events("city", start_block=6, checkpoint=checkpointer()) as events:
            next(events)
        second = checkpointer()
        with network.block_events(checkpoint=second) as blocks:
            second.checkpoint_block(next(blocks).number)
        with network.block_events(checkpoint=checkpointer()) as blocks:
            next(blocks)
    assert [asked(raw) for raw in peer.requests[CHAINCODE_EVENTS]] == [(6, ""), (6, "t1")]
    assert [sought(raw) for raw in peer.requests[BLOCKS.method]] == [6, 7]
    assert [path.name for path in tmp_path.iterdir()] == ([file.name] if kind == "file" else [])


def test_closing_ends_an_iteration_that_waits(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    opened = threading.Event()

    def wait(request: bytes, context: grpc.ServicerContext) -> Any:
        opened.set()
        return stream(stay=True)(request, context)

    peer.on(CHAINCODE_EVENTS, wait)
    got: list[ChaincodeEvent] = []
    with surface.connect(identity, peer.endpoint) as gateway:
        events = gateway.network("directory").chaincode_events("city", start_block=1)
        reader = threading.Thread(target=lambda: got.extend(events))
        reader.start()
        assert opened.wait(30)
        events.close()
        reader.join(30)
        assert not reader.is_alive()
    assert got == []


def test_closing_while_a_stream_is_opened_ends_it_too(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(CHAINCODE_EVENTS, stream(chaincode_events(6, "t1"), stay=True))
    streams: list[Any] = []

    def closing(message: bytes) -> bytes:
        for opened in streams:  # none yet while the stream's start is resolved
            opened.close()
        return identity.sign(message)

    elsewhere = SigningIdentity(identity.identity, FunctionSigner(closing))
    with surface.connect(elsewhere, peer.endpoint) as gateway:
        streams.append(gateway.network("directory").chaincode_events("city", start_block=6))
        assert list(streams[0]) == []


def test_events_are_read_with_async_for(peer: ScriptedPeer, identity: SigningIdentity) -> None:
    peer.on(FILTERED_BLOCKS.method, at_height(5))
    peer.on(BLOCKS.method, stream(block(5), block(6), stay=True))

    async def read() -> list[int]:
        numbers = []
        async with (
            aio.connect(identity, peer.endpoint) as gateway,
            await gateway.network("directory").block_events() as blocks,
        ):
            async for each in blocks:
                numbers.append(each.number)
                if len(numbers) == 2:
                    break
        return numbers

    assert asyncio.run(read()) == [5, 6]


@pytest.mark.parametrize("form", ["await", "async with await", "async with", "async for"])
def test_a_stream_opens_in_each_form(
    peer: ScriptedPeer, identity: SigningIdentity, form: str
) -> None:
    peer.on(FILTERED_BLOCKS.method, at_height(5))
    peer.on(BLOCKS.method, stream(block(5), block(6), stay=True))

    async def read() -> list[int]:
        async with aio.connect(identity, peer.endpoint) as gateway:
            blocks = gateway.network("directory").block_events()
            assert peer.requests[FILTERED_BLOCKS.method] == []  # it is not opened yet
            if form == "await":
                assert await blocks is blocks
                assert len(peer.requests[FILTERED_BLOCKS.method]) == 1
            if form == "async with await":
                async with await blocks as opened:
                    return [(await anext(opened)).number for _ in range(2)]
            if form == "async with":
                async with blocks:
                    assert len(peer.requests[FILTERED_BLOCKS.method]) == 1
                    return [(await anext(blocks)).number for _ in range(2)]
            numbers = []
            async for each in blocks:
                numbers.append(each.number)
                if len(numbers) == 2:
                    break
            return numbers

    assert asyncio.run(read()) == [5, 6]
    assert len(peer.requests[FILTERED_BLOCKS.method]) == 1


def test_a_stream_that_could_not_be_opened_can_be_opened_again(
    peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(FILTERED_BLOCKS.method, stream(then=GONE))
    peer.on(BLOCKS.method, stream(block(5), stay=True))

    async def read() -> int:
        async with aio.connect(identity, peer.endpoint) as gateway:
            blocks = gateway.network("directory").block_events()
            with pytest.raises(GatewayError, match="UNAVAILABLE: gone"):
                await anext(blocks)
            peer.on(FILTERED_BLOCKS.method, at_height(5))
            return (await anext(blocks)).number

    assert asyncio.run(read()) == 5


def test_a_stream_that_was_closed_before_it_opened_is_at_its_end(
    peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    async def read() -> list[int]:
        async with aio.connect(identity, peer.endpoint) as gateway:
            blocks = gateway.network("directory").block_events()
            await blocks.close()
            return [each.number async for each in blocks]

    assert asyncio.run(read()) == []
    assert peer.requests[FILTERED_BLOCKS.method] == []


def of_a_block(number: int, *transactions: tuple[str, str, int]) -> bytes:
    """Return a DeliverResponse with transactions: id, chaincode of its event or "", validation code."""
    found = [
        events_pb2.FilteredTransaction(
            txid=name,
            type=common_pb2.ENDORSER_TRANSACTION,
            tx_validation_code=code,
            transaction_actions=events_pb2.FilteredTransactionActions(
                chaincode_actions=[
                    events_pb2.FilteredChaincodeAction(
                        chaincode_event=chaincode_event_pb2.ChaincodeEvent(
                            chaincode_id=chaincode, tx_id=name
                        )
                    )
                ]
                if chaincode
                else []
            ),
        )
        for name, chaincode, code in transactions
    ]
    return events_pb2.DeliverResponse(
        filtered_block=events_pb2.FilteredBlock(number=number, filtered_transactions=found)
    ).SerializeToString()


POSITION = of_a_block(
    6, ("t1", "", 0), ("t2", "city", 0), ("t3", "city", 11), ("t4", "other", 0), ("t5", "", 0)
)


@pytest.mark.parametrize(
    ("after", "anchor"), [("t1", ""), ("t2", "t2"), ("t3", "t2"), ("t4", "t2"), ("t5", "t2")]
)
def test_events_start_behind_a_transaction_without_an_event(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity, after: str, anchor: str
) -> None:
    peer.on(FILTERED_BLOCKS.method, at_height(9), stream(POSITION, deliver_status(200)))
    peer.on(CHAINCODE_EVENTS, stream(chaincode_events(7, "t9"), stay=True))
    kept = surface.InMemoryCheckpointer(Checkpoint(6, after))
    with (
        surface.connect(identity, peer.endpoint) as gateway,
        gateway.network("directory").chaincode_events("city", checkpoint=kept) as events,
    ):
        assert transactions(events, 1) == ["t9"]
    assert asked(peer.requests[CHAINCODE_EVENTS][0]) == (6, anchor)


@pytest.mark.parametrize(
    "held", [stream(POSITION, deliver_status(200)), stream(deliver_status(404))]
)
def test_a_checkpoint_of_another_chain_is_refused(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity, held: Any
) -> None:
    peer.on(FILTERED_BLOCKS.method, at_height(9), held)
    kept = surface.InMemoryCheckpointer(Checkpoint(6, "ab"))
    with surface.connect(identity, peer.endpoint) as gateway:
        network = gateway.network("directory")
        with pytest.raises(ClientError, match=r"no transaction ab in block 6.*another chain"):
            network.chaincode_events("city", checkpoint=kept)


def test_the_block_of_a_position_is_asked_of_each_peer(
    surface: Surface, new_peer: Peers, identity: SigningIdentity
) -> None:
    first, second = new_peer(), new_peer()
    first.on(FILTERED_BLOCKS.method, at_height(5), stream(deliver_status(404)), stream(then=GONE))
    second.on(FILTERED_BLOCKS.method, stream(POSITION, deliver_status(200)), stream(then=GONE))
    first.on(CHAINCODE_EVENTS, stream(chaincode_events(7, "t9"), stay=True))
    kept = surface.InMemoryCheckpointer(Checkpoint(6, "t2"))
    with surface.connect(identity, [first.endpoint, second.endpoint]) as gateway:
        network = gateway.network("directory")
        with network.chaincode_events("city", checkpoint=kept) as events:
            assert transactions(events, 1) == ["t9"]
        with pytest.raises(GatewayError, match="UNAVAILABLE"):
            network.chaincode_events("city", checkpoint=kept)


def test_a_position_that_one_peer_has_not_yet_and_another_does_not_answer_about_is_waited_for(
    surface: Surface, new_peer: Peers, identity: SigningIdentity
) -> None:
    first, second = new_peer(), new_peer()
    first.on(FILTERED_BLOCKS.method, at_height(5), stream(deliver_status(404)))
    second.on(FILTERED_BLOCKS.method, stream(then=GONE))
    first.on(CHAINCODE_EVENTS, stream(chaincode_events(7, "t9"), stay=True))
    kept = surface.InMemoryCheckpointer(Checkpoint(6, "t2"))
    with (
        surface.connect(identity, [first.endpoint, second.endpoint]) as gateway,
        gateway.network("directory").chaincode_events("city", checkpoint=kept) as events,
    ):
        assert transactions(events, 1) == ["t9"]
    assert asked(first.requests[CHAINCODE_EVENTS][0]) == (6, "t2")


def test_a_position_that_may_not_be_checked_is_left_to_the_peer(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(FILTERED_BLOCKS.method, stream(deliver_status(403)))
    peer.on(CHAINCODE_EVENTS, stream(chaincode_events(7, "t9"), stay=True))
    kept = surface.InMemoryCheckpointer(Checkpoint(6, "t1"))
    with (
        surface.connect(identity, peer.endpoint) as gateway,
        gateway.network("directory").chaincode_events("city", checkpoint=kept) as events,
    ):
        assert transactions(events, 1) == ["t9"]
    assert asked(peer.requests[CHAINCODE_EVENTS][0]) == (6, "t1")


@pytest.mark.parametrize("start", [{}, {"start_block": 5}])
def test_a_quiet_stream_is_not_given_up_when_its_peer_is_lost(
    surface: Surface,
    peer: ScriptedPeer,
    identity: SigningIdentity,
    monkeypatch: pytest.MonkeyPatch,
    start: dict[str, int],
) -> None:
    monkeypatch.setattr("pyfabric.client.event_source._FIRST_DELAY", 0.001)
    peer.on(FILTERED_BLOCKS.method, at_height(5))
    peer.on(BLOCKS.method, *[stream(then=GONE)] * 7, stream(block(5), stay=True))
    with (
        surface.connect(identity, peer.endpoint) as gateway,
        gateway.network("directory").block_events(**start) as blocks,
    ):
        assert next(blocks).number == 5


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (400, "clock may differ.*15 minutes"),
        (403, "may not read"),
        (404, "has not joined"),
        (500, ""),
    ],
)
def test_a_refused_stream_of_blocks_names_its_causes(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity, code: int, reason: str
) -> None:
    peer.on(BLOCKS.method, stream(deliver_status(code)))
    with (
        surface.connect(identity, peer.endpoint) as gateway,
        gateway.network("directory").block_events(start_block=1) as blocks,
        pytest.raises(DeliverError, match=f"\\({code}\\).*{reason}"),
    ):
        next(blocks)
