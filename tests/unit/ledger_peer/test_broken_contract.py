"""A contract that sends invalid messages: the call fails, and the peer keeps running."""

from collections import Counter
from dataclasses import dataclass
from random import Random

import pytest
from fabric_protos.peer import chaincode_pb2, proposal_response_pb2
from fabric_protos.peer import chaincode_shim_pb2 as shim
from google.protobuf.message import Message

from tests.support.contracts.scripted_contract import Call, Kind
from tests.support.ledger.ledger import CHANNEL
from tests.support.ledger.raw_gateway import Draft
from tests.support.messages.mutation import mutant
from tests.unit.ledger_peer.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

COUNT = 60
REQUESTS: list[tuple[int, Message]] = [
    (Kind.GET_STATE, shim.GetState(key="k")),
    (Kind.GET_STATE, shim.GetState(key="k", collection="c")),
    (Kind.GET_STATE_MULTIPLE, shim.GetStateMultiple(keys=["k", "l"])),
    (Kind.PUT_STATE, shim.PutState(key="k", value=b"v")),
    (Kind.DEL_STATE, shim.DelState(key="k")),
    (Kind.PURGE_PRIVATE_DATA, shim.PurgePrivateState(key="k", collection="c")),
    (Kind.WRITE_BATCH_STATE, shim.WriteBatchState(rec=[shim.WriteRecord(key="k", value=b"v")])),
    (Kind.GET_STATE_BY_RANGE, shim.GetStateByRange(startKey="a", endKey="z")),
    (Kind.GET_QUERY_RESULT, shim.GetQueryResult(query="{}")),
    (Kind.GET_HISTORY_FOR_KEY, shim.GetHistoryForKey(key="k")),
    (Kind.QUERY_STATE_NEXT, shim.QueryStateNext(id="1")),
    (Kind.QUERY_STATE_CLOSE, shim.QueryStateClose(id="1")),
    (Kind.GET_PRIVATE_DATA_HASH, shim.GetState(key="k", collection="c")),
    (Kind.GET_STATE_METADATA, shim.GetStateMetadata(key="k")),
    (
        Kind.PUT_STATE_METADATA,
        shim.PutStateMetadata(
            key="k", metadata=shim.StateMetadata(metakey="VALIDATION_PARAMETER", value=b"p")
        ),
    ),
    (
        Kind.INVOKE_CHAINCODE,
        chaincode_pb2.ChaincodeSpec(chaincode_id=chaincode_pb2.ChaincodeID(name="asset")),
    ),
    (Kind.COMPLETED, proposal_response_pb2.Response(status=200)),
    (Kind.ERROR, proposal_response_pb2.Response()),
    (Kind.REGISTER, chaincode_pb2.ChaincodeID(name="asset")),
    (Kind.KEEPALIVE, proposal_response_pb2.Response()),
    (Kind.RESPONSE, proposal_response_pb2.Response()),
]


@dataclass(frozen=True)
class Raw:
    """Bytes that are sent as if they were a message."""

    content: bytes

    def SerializeToString(self) -> bytes:  # noqa: N802 - as protobuf names it
        """Return the bytes."""
        return self.content


async def garble(_: str, call: Call, seed: bytes) -> None:
    """Send one to three broken messages, and the end of the transaction."""
    random = Random(seed)
    for _message in range(random.randint(1, 3)):
        kind, request = random.choice(REQUESTS)
        payload = request.SerializeToString()
        if random.random() < 0.5:
            payload = mutant(random.getrandbits(64), [payload])
        message = shim.ChaincodeMessage(
            type=kind, payload=payload, txid=call.message.txid, channel_id=call.message.channel_id
        ).SerializeToString()
        if random.random() < 0.5:
            message = mutant(random.getrandbits(64), [message])
        await call.send(Raw(message))  # type: ignore[arg-type]
    await call.complete(b"end")


async def test_a_peer_lives_on_after_whatever_its_contract_sends(world: World) -> None:
    vars(world.contracts)["do_garble"] = garble
    user = world.network.first.user()
    codes: Counter[str] = Counter()
    for seed in range(COUNT):
        draft = Draft(user, CHANNEL, "asset", (b"garble", str(seed).encode())).fixed()
        ended = await world.gateway.evaluate(draft)
        assert "Unexpected <class" not in ended.message
        codes[ended.code] += 1
    assert codes.total() == COUNT
    assert codes["OK"] > 0
    assert len(codes) > 1
    stored = await world.gateway.evaluate(Draft(user, CHANNEL, "asset", (b"get", b"k")).fixed())
    assert stored.code == "OK", stored
