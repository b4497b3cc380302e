"""Batched writes: few requests where the peer supports them, single ones where it does not."""

import asyncio
from collections.abc import Sequence

import pytest
from fabric_protos.peer import chaincode_pb2
from fabric_protos.peer import chaincode_shim_pb2 as shim

from pyfabric.chaincode import (
    AsyncContext,
    AsyncContract,
    Chaincode,
    Context,
    Contract,
    ContractError,
    transaction,
)
from pyfabric.chaincode.invocation import ERROR, OK, Invocation, Result
from pyfabric.chaincode.machine import Begin, Machine
from pyfabric.chaincode.testing import CollectionConfig, TestLedger
from pyfabric.errors import StateError

Kind = shim.ChaincodeMessage
Type = shim.WriteRecord


class Blocking(Contract):
    @transaction
    def fill(self, ctx: Context, count: int) -> None:
        ctx.stub.start_write_batch()
        for number in range(count):
            ctx.stub.put_state(f"k{number}", b"v")

    @transaction
    def mixed(self, ctx: Context) -> None:
        prices = ctx.stub.collection("prices")
        ctx.stub.put_state("before", b"1")
        ctx.stub.start_write_batch()
        ctx.stub.start_write_batch()
        ctx.stub.put_state("k", b"first")
        ctx.stub.set_state_validation_parameter("k", b"policy")
        ctx.stub.put_state("k", b"second")
        ctx.stub.delete_state("gone")
        prices.put_state("k", b"price")
        prices.purge("old")
        ctx.stub.finish_write_batch()
        ctx.stub.put_state("after", b"2")

    @transaction
    def refuse(self, ctx: Context) -> None:
        ctx.stub.start_write_batch()
        ctx.stub.put_state("k", b"v")
        raise ContractError("no")


class Awaiting(AsyncContract):
    @transaction
    async def fill(self, ctx: AsyncContext, count: int) -> None:
        ctx.stub.start_write_batch()
        for number in range(count):
            await ctx.stub.put_state(f"k{number}", b"v")

    @transaction
    async def mixed(self, ctx: AsyncContext) -> None:
        prices = ctx.stub.collection("prices")
        await ctx.stub.put_state("before", b"1")
        ctx.stub.start_write_batch()
        await ctx.stub.put_state("k", b"first")
        await ctx.stub.set_state_validation_parameter("k", b"policy")
        await ctx.stub.put_state("k", b"second")
        await ctx.stub.delete_state("gone")
        await prices.put_state("k", b"price")
        await prices.purge("old")
        await ctx.stub.finish_write_batch()
        await ctx.stub.put_state("after", b"2")

    @transaction
    async def refuse(self, ctx: AsyncContext) -> None:
        ctx.stub.start_write_batch()
        await ctx.stub.put_state("k", b"v")
        raise ContractError("no")


CHAINCODE = Chaincode([Blocking(), Awaiting()])
Asked = list[tuple[int, bytes]]


def run(
    *call: str, write_batch: int, refusal: str | None = None, contract: str
) -> tuple[Result, Asked]:
    """Run a function against a peer that notes what it is asked."""
    asked: Asked = []

    def exchange(kind: Kind.Type, payload: bytes) -> bytes:
        asked.append((kind, payload))
        if refusal is not None:
            raise StateError(refusal)
        return b""

    async def exchange_async(kind: Kind.Type, payload: bytes) -> bytes:
        return exchange(kind, payload)

    arguments = tuple(each.encode() for each in (f"{contract}:{call[0]}", *call[1:]))
    given = Invocation("channel", "tx", arguments, b"", {}, is_init=False, write_batch=write_batch)
    if contract == "Blocking":
        return CHAINCODE.run(given, exchange), asked
    return asyncio.run(CHAINCODE.run_async(given, exchange_async)), asked


def records(asked: Asked) -> list[Sequence[shim.WriteRecord]]:
    assert {kind for kind, _ in asked} == {Kind.WRITE_BATCH_STATE}
    return [list(shim.WriteBatchState.FromString(payload).rec) for _, payload in asked]


both = pytest.mark.parametrize("contract", ["Blocking", "Awaiting"])


@both
@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (100, [100]), (250, [100] * 2 + [50])]
)
def test_writes_are_sent_in_as_few_requests_as_the_peer_takes(
    contract: str, count: int, sizes: list[int]
) -> None:
    result, asked = run("fill", str(count), write_batch=100, contract=contract)
    assert result.status == OK
    batches = records(asked) if asked else []
    assert [len(batch) for batch in batches] == sizes
    written = [record.key for batch in batches for record in batch]
    assert written == [f"k{number}" for number in range(count)]


@both
def test_a_peer_without_batches_gets_each_write_at_once(contract: str) -> None:
    result, asked = run("mixed", write_batch=0, contract=contract)
    assert result.status == OK
    assert [Kind.Type.Name(kind) for kind, _ in asked] == [
        "PUT_STATE",
        "PUT_STATE",
        "PUT_STATE_METADATA",
        "PUT_STATE",
        "DEL_STATE",
        "PUT_STATE",
        "PURGE_PRIVATE_DATA",
        "PUT_STATE",
    ]


@both
def test_the_last_write_of_a_key_counts_and_its_policy_is_another(contract: str) -> None:
    _, asked = run("mixed", write_batch=1000, contract=contract)
    assert [kind for kind, _ in asked] == [
        Kind.PUT_STATE,
        Kind.WRITE_BATCH_STATE,
        Kind.PUT_STATE,
    ]
    (batch,) = records(asked[1:2])
    assert [(each.type, each.collection, each.key, each.value) for each in batch] == [
        (Type.PUT_STATE, "", "k", b"second"),
        (Type.PUT_STATE_METADATA, "", "k", b""),
        (Type.DEL_STATE, "", "gone", b""),
        (Type.PUT_STATE, "prices", "k", b"price"),
        (Type.PURGE_PRIVATE_DATA, "prices", "old", b""),
    ]
    assert batch[1].metadata.value == b"policy"


@both
def test_a_refused_batch_fails_the_transaction(contract: str) -> None:
    result, _ = run("fill", "3", write_batch=100, refusal="disk full", contract=contract)
    assert (result.status, result.message) == (ERROR, "disk full")


@both
def test_a_refusal_sends_nothing(contract: str) -> None:
    result, asked = run("refuse", write_batch=100, contract=contract)
    assert (result.status, result.message, asked) == (ERROR, "no", [])


@both
def test_the_test_ledger_takes_batches(contract: str) -> None:
    prices = CollectionConfig(name="prices", policy="OR('Org1MSP.member')")
    ledger = TestLedger(CHAINCODE, collections=[prices])
    ledger.submit(f"{contract}:fill", 101)
    ledger.submit(f"{contract}:mixed")
    assert len(ledger.keys()) == 101 + 3
    assert ledger.state("k") == b"second"


@pytest.mark.parametrize(
    ("offer", "most"),
    [
        (chaincode_pb2.ChaincodeAdditionalParams(), 0),
        (chaincode_pb2.ChaincodeAdditionalParams(max_size_write_batch=500), 0),
        (chaincode_pb2.ChaincodeAdditionalParams(use_write_batch=True), 100),
        (
            chaincode_pb2.ChaincodeAdditionalParams(use_write_batch=True, max_size_write_batch=500),
            500,
        ),
    ],
)
def test_only_what_ready_offers_is_used(
    offer: chaincode_pb2.ChaincodeAdditionalParams, most: int
) -> None:
    machine = Machine("label:hash")
    for message in (
        Kind(type=Kind.REGISTERED),
        Kind(type=Kind.READY, payload=offer.SerializeToString()),
    ):
        machine.receive(message.SerializeToString())
    (begin,) = machine.receive(Kind(type=Kind.TRANSACTION, txid="tx").SerializeToString())
    assert isinstance(begin, Begin)
    assert begin.invocation.write_batch == most
