"""Chaincode events and Deliver of a peer, against Part C and the vectors' deliver-answers.json."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.orderer import ab_pb2
from fabric_protos.peer import events_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from pyfabric.identity.signing import SigningIdentity
from tests.support.ledger.ledger import CHANNEL
from tests.support.ledger.raw_gateway import Draft, Outcome, RawGateway, outcome, sign_envelope
from tests.unit.ledger_peer.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAIL = ab_pb2.SeekInfo.FAIL_IF_NOT_READY
WAIT = ab_pb2.SeekInfo.BLOCK_UNTIL_READY


def position(at: int | str) -> ab_pb2.SeekPosition:
    """Return a place in a channel: a number, "oldest", "newest" or "next_commit"."""
    place = ab_pb2.SeekPosition()
    if isinstance(at, int):
        place.specified.number = at
    else:
        getattr(place, at).SetInParent()
    return place


def seek(
    identity: SigningIdentity,
    start: int | str,
    stop: int | str,
    *,
    channel: str = CHANNEL,
    behavior: int = FAIL,
    age: timedelta = timedelta(0),
    signature: bytes | None = None,
    certificate_hash: bytes = b"",
    content: int = 0,
) -> common_pb2.Envelope:
    moment = Timestamp()
    moment.FromDatetime((datetime.now(UTC) - age).replace(tzinfo=None))
    header = common_pb2.ChannelHeader(
        type=common_pb2.HeaderType.DELIVER_SEEK_INFO,
        channel_id=channel,
        timestamp=moment,
        tls_cert_hash=certificate_hash,
    )
    payload = common_pb2.Payload(
        header=common_pb2.Header(
            channel_header=header.SerializeToString(),
            signature_header=common_pb2.SignatureHeader(
                creator=identity.serialized(), nonce=bytes(24)
            ).SerializeToString(),
        ),
        data=ab_pb2.SeekInfo(
            start=position(start), stop=position(stop), behavior=behavior, content_type=content
        ).SerializeToString(),
    ).SerializeToString()
    made = identity.sign(payload) if signature is None else signature
    return common_pb2.Envelope(payload=payload, signature=made)


async def deliver(
    gateway: RawGateway,
    *envelopes: common_pb2.Envelope,
    method: str = "Deliver",
    service: str = "protos.Deliver",
) -> list[events_pb2.DeliverResponse]:
    """Return what a stream answers to requests, until it ends; those of an orderer are the same on the wire."""
    call = gateway.channel.stream_stream(
        f"/{service}/{method}",
        request_serializer=common_pb2.Envelope.SerializeToString,
        response_deserializer=events_pb2.DeliverResponse.FromString,
    )()
    for envelope in envelopes:
        await call.write(envelope)
    await call.done_writing()
    return [message async for message in call]


def kinds(answers: list[events_pb2.DeliverResponse]) -> list[Any]:
    return [
        int(one.status) if one.HasField("status") else one.WhichOneof("Type") for one in answers
    ]


async def commit(world: World, *arguments: bytes) -> Draft:
    user = world.network.first.user()
    proposal = Draft(user, CHANNEL, "asset", arguments).fixed()
    prepared = (await world.gateway.endorse(proposal)).response.prepared_transaction
    assert (await world.gateway.submit(CHANNEL, sign_envelope(user, prepared))).code == "OK"
    assert (await world.gateway.status(user, CHANNEL, proposal.id)).response.result == 0
    return proposal


async def test_runs_of_blocks(world: World) -> None:
    user, gateway = world.network.first.user(), world.gateway
    assert kinds(await deliver(gateway, seek(user, 0, 2))) == ["block", "block", "block", 200]
    assert kinds(await deliver(gateway, seek(user, "newest", "newest"))) == ["block", 200]
    assert kinds(await deliver(gateway, seek(user, "oldest", "oldest"))) == ["block", 200]
    several = await deliver(gateway, seek(user, 0, 0), seek(user, 1, 1), seek(user, 9999, 9999))
    assert kinds(several) == ["block", 200, "block", 200, 404]
    filtered = await deliver(gateway, seek(user, 1, 1), method="DeliverFiltered")
    assert kinds(filtered) == ["filtered_block", 200]
    headers = await deliver(gateway, seek(user, 0, 1, content=ab_pb2.SeekInfo.HEADER_WITH_SIG))
    assert [len(one.block.data.data) for one in headers[:2]] == [1, 0]


async def test_requests_that_are_refused(world: World) -> None:
    user, gateway = world.network.first.user(), world.gateway
    cases = {
        404: [
            seek(user, 0, 0, channel="nochan"),
            seek(user, 9999, 9999),
            seek(user, 9999, 9999, behavior=WAIT),
        ],
        400: [
            seek(user, 5, 2),
            seek(user, 0, 0, age=timedelta(minutes=16)),
            common_pb2.Envelope(payload=b"\xff\xff"),
            common_pb2.Envelope(),
        ],
        403: [seek(user, 0, 0, signature=b"junk")],
    }
    for status, envelopes in cases.items():
        for envelope in envelopes:
            assert kinds(await deliver(gateway, envelope)) == [status]


async def test_blocks_to_come(world: World) -> None:
    user, gateway = world.network.first.user(), world.gateway
    running = asyncio.create_task(
        deliver(gateway, seek(user, "next_commit", "next_commit", behavior=WAIT))
    )
    call = gateway.channel.stream_stream(
        "/protos.Deliver/Deliver",
        request_serializer=common_pb2.Envelope.SerializeToString,
        response_deserializer=events_pb2.DeliverResponse.FromString,
    )()
    height = len(await deliver(gateway, seek(user, 0, "newest"))) - 1
    await call.write(seek(user, height, 1_000_000, behavior=WAIT))
    first = asyncio.create_task(call.read())
    proposal = await commit(world, b"put", b"coming", b"1")
    block = (await first).block
    assert block.header.number == height
    assert proposal.id.encode() in block.data.data[0]
    call.cancel()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_private_data_of_the_own_department(world: World) -> None:
    for department in world.network.departments.values():
        gateway = world.gateways[department.name]
        own = await deliver(
            gateway,
            seek(department.user(), 0, "newest"),
            method="DeliverWithPrivateData",
        )
        found = [
            collection.collection_name
            for one in own[:-1]
            for private in one.block_and_private_data.private_data_map.values()
            for namespace in private.ns_pvt_rwset
            for collection in namespace.collection_pvt_rwset
        ]
        assert found == [f"_implicit_org_{department.msp_id}"]
    other = world.network.departments["Haidian"].user()
    foreign = await deliver(
        world.gateway, seek(other, 0, "newest"), method="DeliverWithPrivateData"
    )
    shown = [one.block_and_private_data.private_data_map for one in foreign[:-1]]
    # An implicit collection has no memberOnlyRead: all who may read blocks may read it too.
    assert [len(by_place) for by_place in shown if by_place] == [1]
    assert rwset_pb2.TxReadWriteSet.KV == 0


async def events(
    world: World, identity: SigningIdentity, **fields: Any
) -> AsyncIterator[gateway_pb2.ChaincodeEventsResponse]:
    request = gateway_pb2.ChaincodeEventsRequest(
        **{"channel_id": CHANNEL, "chaincode_id": "asset", **fields},
        identity=identity.serialized(),
    ).SerializeToString()
    call = world.gateway.channel.unary_stream(
        "/gateway.Gateway/ChaincodeEvents",
        request_serializer=gateway_pb2.SignedChaincodeEventsRequest.SerializeToString,
        response_deserializer=gateway_pb2.ChaincodeEventsResponse.FromString,
    )(gateway_pb2.SignedChaincodeEventsRequest(request=request, signature=identity.sign(request)))
    try:
        async for message in call:
            yield message
    finally:
        call.cancel()


async def test_chaincode_events(world: World) -> None:
    user = world.network.first.user()
    committed = [await commit(world, b"put", b"event", str(n).encode()) for n in range(3)]
    seen: list[str] = []
    stream = events(world, user, start_position=position(0))
    async for message in stream:
        seen.extend(event.tx_id for event in message.events if event.event_name == "put")
        if committed[-1].id in seen:
            break
    await stream.aclose()  # type: ignore[attr-defined]
    assert [one for one in seen if one in {each.id for each in committed}] == [
        each.id for each in committed
    ]
    after = events(world, user, after_transaction_id=committed[0].id)
    message = await anext(after)
    assert [event.tx_id for event in message.events] == [committed[1].id]
    await after.aclose()  # type: ignore[attr-defined]


async def test_event_streams_that_are_refused(world: World) -> None:
    user = world.network.first.user()

    async def ended(**fields: Any) -> Outcome:
        try:
            async for _ in events(world, user, **fields):
                raise AssertionError("an event came")
        except grpc.aio.AioRpcError as error:
            return outcome(error)
        raise AssertionError("the stream ended without a status")

    assert await ended(channel_id="nochan") == Outcome(
        "PERMISSION_DENIED", "Failed to get policy manager for channel [nochan]"
    )
    assert await ended(start_position=position("oldest")) == Outcome(
        "INVALID_ARGUMENT", "invalid start position type: *orderer.SeekPosition_Oldest"
    )
