"""Chaincode calls that no shim makes: the peer's responses, and the stream stays usable."""

import asyncio

import pytest
from fabric_protos.peer import chaincode_pb2, chaincode_shim_pb2

from tests.support.contracts.scripted_contract import Call, Kind, Message
from tests.support.ledger.ledger import CHANNEL
from tests.support.ledger.raw_gateway import Draft
from tests.unit.ledger_peer.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


def draft(world: World, *arguments: bytes) -> Draft:
    return Draft(world.network.first.user(), CHANNEL, "asset", arguments).fixed()


async def test_a_call_that_cannot_be_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def garbage(_: str, call: Call) -> None:
        await call.send(
            Message(
                type=Kind.INVOKE_CHAINCODE,
                payload=b"\xff\xff",
                txid=call.message.txid,
                channel_id=call.message.channel_id,
            )
        )
        answer = await call.answers.get()
        await call.complete(answer.payload)

    monkeypatch.setattr(world.contracts, "do_garbage", garbage, raising=False)
    proposal = draft(world, b"garbage")
    answered = await world.gateway.evaluate(proposal)
    assert answered.response.result.payload.decode() == (
        f"INVOKE_CHAINCODE failed: transaction ID: {proposal.id}: unmarshal failed: proto: "
        "cannot parse invalid wire-format data"
    )


async def test_a_call_for_a_transaction_that_does_not_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []

    async def stray(_: str, call: Call) -> None:
        spec = chaincode_pb2.ChaincodeSpec(chaincode_id=chaincode_pb2.ChaincodeID(name="asset"))
        await call.send(
            Message(
                type=Kind.INVOKE_CHAINCODE,
                payload=spec.SerializeToString(),
                txid=call.message.txid,
                channel_id="elsewhere",
            )
        )
        answer = await call.answers.get()
        heard.append(answer.payload.decode())
        await call.complete(b"done")

    monkeypatch.setattr(world.contracts, "do_stray", stray, raising=False)
    proposal = draft(world, b"stray")
    assert (await world.gateway.evaluate(proposal)).code == "OK"
    assert heard == [
        f"INVOKE_CHAINCODE failed: transaction ID: {proposal.id}: could not get valid transaction"
    ]


async def test_twenty_calls_side_by_side(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lifecycle(_: str, call: Call) -> None:
        spec = chaincode_pb2.ChaincodeSpec(
            chaincode_id=chaincode_pb2.ChaincodeID(name="_lifecycle"),
            input=chaincode_pb2.ChaincodeInput(args=[b"QueryChaincodeDefinitions", b""]),
        )
        payload = await call.ask(Kind.INVOKE_CHAINCODE, spec)
        answer = chaincode_shim_pb2.ChaincodeMessage.FromString(payload)
        await call.complete(Kind.Name(answer.type).encode())

    monkeypatch.setattr(world.contracts, "do_lifecycle", lifecycle, raising=False)
    proposals = [draft(world, b"lifecycle") for _ in range(20)]
    answers = await asyncio.gather(*(world.gateway.evaluate(one) for one in proposals))
    assert {each.response.result.payload for each in answers} == {b"COMPLETED"}
