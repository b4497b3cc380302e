"""Both stubs have the same functions, for everything that a peer offers."""

import inspect
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from fabric_protos.peer import chaincode_shim_pb2

from pyfabric.chaincode import (
    AsyncContext,
    AsyncContract,
    AsyncPrivateCollection,
    AsyncStub,
    Chaincode,
    Context,
    Contract,
    KeyEndorsementPolicy,
    PrivateCollection,
    Response,
    Stub,
    query,
    transaction,
)
from pyfabric.chaincode.client import ClientIdentity
from pyfabric.chaincode.invocation import Invocation
from pyfabric.chaincode.requests import invoke_chaincode
from pyfabric.chaincode.testing import CollectionConfig, TestLedger
from pyfabric.errors import ContractError, StateError

BALANCE = Response(200, "", b"42")
POLICY = KeyEndorsementPolicy().with_peers("Org1MSP").to_bytes()


class Blocking(Contract):
    @transaction
    def private(self, ctx: Context, value: bytes) -> None:
        prices = ctx.stub.collection("prices")
        prices.put_state("k", value)
        prices.put_state(ctx.stub.create_composite_key("kind", ["a"]), value)
        prices.set_state_validation_parameter("k", POLICY)

    @query
    def read_private(self, ctx: Context) -> list[str]:
        prices = ctx.stub.collection("prices")
        return [
            (prices.get_state("k") or b"").decode(),
            (prices.get_hash("k") or b"").hex(),
            *(key for key, _ in prices.get_state_range()),
            *(value.decode() for _, value in prices.get_state_by_partial_composite_key("kind")),
            (prices.get_state_validation_parameter("k") or b"").decode(),
        ]

    @transaction
    def forget(self, ctx: Context, purge: bool) -> None:
        prices = ctx.stub.collection("prices")
        if purge:
            prices.purge("k")
        else:
            prices.delete_state("k")

    @transaction
    def put(self, ctx: Context, key: str, value: bytes | None) -> None:
        if value is None:
            ctx.stub.delete_state(key)
        else:
            ctx.stub.put_state(key, value)

    @transaction
    def protect(self, ctx: Context, key: str) -> None:
        ctx.stub.set_state_validation_parameter(key, POLICY)

    @query
    def policy(self, ctx: Context, key: str) -> bytes | None:
        return ctx.stub.get_state_validation_parameter(key)

    @query
    def history(self, ctx: Context, key: str) -> list[list[str | None]]:
        return [
            [value.decode() if value else None, moment.isoformat()]
            for _, value, moment in ctx.stub.get_history_for_key(key)
        ]

    @query
    def rich(self, ctx: Context) -> list[str]:
        return [key for key, _ in ctx.stub.get_query_result('{"selector":{}}')]

    @query
    def rich_page(self, ctx: Context) -> int:
        return ctx.stub.get_query_result_with_pagination("{}", 5).count

    @query
    def rich_private(self, ctx: Context) -> list[str]:
        return [key for key, _ in ctx.stub.collection("prices").get_query_result("{}")]

    @query
    def call(self, ctx: Context, name: str, channel: str | None) -> bytes:
        answer = ctx.stub.invoke_chaincode(name, [b"balance", b"\xff"], channel or "")
        return f"{answer.status} {answer.message}".encode() + answer.payload

    @query
    def no_collection(self, ctx: Context) -> bytes | None:
        return ctx.stub.collection("").get_state("k")

    @query
    def facts(self, ctx: Context) -> list[int]:
        stub = ctx.stub
        return [len(stub.binding), len(stub.signed_proposal), len(stub.decorations)]


class Awaited(AsyncContract):
    @transaction
    async def private(self, ctx: AsyncContext, value: bytes) -> None:
        prices = ctx.stub.collection("prices")
        await prices.put_state("k", value)
        await prices.put_state(ctx.stub.create_composite_key("kind", ["a"]), value)
        await prices.set_state_validation_parameter("k", POLICY)

    @query
    async def read_private(self, ctx: AsyncContext) -> list[str]:
        prices = ctx.stub.collection("prices")
        by_kind = prices.get_state_by_partial_composite_key("kind")
        return [
            (await prices.get_state("k") or b"").decode(),
            (await prices.get_hash("k") or b"").hex(),
            *[key async for key, _ in prices.get_state_range()],
            *[value.decode() async for _, value in by_kind],
            (await prices.get_state_validation_parameter("k") or b"").decode(),
        ]

    @transaction
    async def forget(self, ctx: AsyncContext, purge: bool) -> None:
        prices = ctx.stub.collection("prices")
        if purge:
            await prices.purge("k")
        else:
            await prices.delete_state("k")

    @transaction
    async def put(self, ctx: AsyncContext, key: str, value: bytes | None) -> None:
        if value is None:
            await ctx.stub.delete_state(key)
        else:
            await ctx.stub.put_state(key, value)

    @transaction
    async def protect(self, ctx: AsyncContext, key: str) -> None:
        await ctx.stub.set_state_validation_parameter(key, POLICY)

    @query
    async def policy(self, ctx: AsyncContext, key: str) -> bytes | None:
        return await ctx.stub.get_state_validation_parameter(key)

    @query
    async def history(self, ctx: AsyncContext, key: str) -> list[list[str | None]]:
        return [
            [value.decode() if value else None, moment.isoformat()]
            async for _, value, moment in ctx.stub.get_history_for_key(key)
        ]

    @query
    async def rich(self, ctx: AsyncContext) -> list[str]:
        return [key async for key, _ in ctx.stub.get_query_result('{"selector":{}}')]

    @query
    async def rich_page(self, ctx: AsyncContext) -> int:
        return (await ctx.stub.get_query_result_with_pagination("{}", 5)).count

    @query
    async def rich_private(self, ctx: AsyncContext) -> list[str]:
        prices = ctx.stub.collection("prices")
        return [key async for key, _ in prices.get_query_result("{}")]

    @query
    async def call(self, ctx: AsyncContext, name: str, channel: str | None) -> bytes:
        answer = await ctx.stub.invoke_chaincode(name, [b"balance", b"\xff"], channel or "")
        return f"{answer.status} {answer.message}".encode() + answer.payload

    @query
    async def no_collection(self, ctx: AsyncContext) -> bytes | None:
        return await ctx.stub.collection("").get_state("k")

    @query
    async def facts(self, ctx: AsyncContext) -> list[int]:
        stub = ctx.stub
        return [len(stub.binding), len(stub.signed_proposal), len(stub.decorations)]

    @query
    async def pages(self, ctx: AsyncContext) -> list[str]:
        one = await ctx.stub.get_state_range_with_pagination("", "", 1)
        two = await ctx.stub.get_state_by_partial_composite_key_with_pagination("kind", [], 1)
        return [*(key for key, _ in one.items), *(value.decode() for _, value in two.items)]

    @query
    async def left_early(self, ctx: AsyncContext) -> list[str]:
        found = ctx.stub.get_state_range()
        first = await anext(found)
        await found.aclose()
        await found.aclose()
        return [first.key, *[key async for key, _ in found]]


def balance(arguments: Sequence[bytes]) -> Response:
    return BALANCE if list(arguments) == [b"balance", b"\xff"] else Response(500, "?", b"")


@pytest.fixture(params=["Blocking", "Awaited"])
def call(request: pytest.FixtureRequest) -> Any:
    ledger = TestLedger(
        Chaincode([Blocking(), Awaited()]),
        collections=[CollectionConfig(name="prices", policy="OR('Org1MSP.member')")],
        callees={"bank": balance, "bank/credit": lambda _: Response(404, "no", b"")},
    )

    def called(function: str, *arguments: object, **options: Any) -> bytes:
        return ledger.submit(f"{request.param}:{function}", *arguments, **options)

    return called


def test_private_data_has_hashes_ranges_and_policies(call: Any) -> None:
    call("private", b"7")
    wanted = ["7", sha256(b"7").hexdigest(), "k", "7", POLICY.decode()]
    assert json.loads(call("read_private")) == wanted


@pytest.mark.parametrize("purge", [True, False])
def test_private_data_is_deleted_or_purged(call: Any, purge: bool) -> None:
    call("private", b"7")
    call("forget", purge)
    assert json.loads(call("read_private")) == ["", "", "7", ""]


def test_a_key_may_have_an_endorsement_policy_of_its_own(call: Any) -> None:
    call("put", "k", b"v")
    assert call("policy", "k") == b""
    call("protect", "k")
    assert call("policy", "k") == POLICY


def test_history_is_newest_first(call: Any) -> None:
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(3)]
    for value, moment in zip((b"1", b"2", None), moments, strict=True):
        call("put", "k", value, at=moment)
    assert json.loads(call("history", "k")) == [
        [None, moments[2].isoformat()],
        ["2", moments[1].isoformat()],
        ["1", moments[0].isoformat()],
    ]
    assert json.loads(call("history", "other")) == []


@pytest.mark.parametrize("function", ["rich", "rich_page", "rich_private"])
def test_a_rich_query_gives_the_peers_text(call: Any, function: str) -> None:
    with pytest.raises(
        ContractError, match=r"GET_QUERY_RESULT failed: .* not supported for leveldb"
    ):
        call(function)


def test_calls_of_other_chaincodes_name_the_callee(call: Any) -> None:
    assert call("call", "bank", None) == b"200 42"
    assert call("call", "bank", "credit") == b"404 no"
    with pytest.raises(ContractError, match="chaincode nobody not found"):
        call("call", "nobody", None)
    with pytest.raises(ContractError, match="needs a name"):
        call("call", b"", None)


def test_a_collection_has_a_name(call: Any) -> None:
    with pytest.raises(ContractError, match="collection must not be an empty string"):
        call("no_collection")


def test_binding_and_signed_proposal(call: Any) -> None:
    binding, proposal, decorations = json.loads(call("facts"))
    assert (binding, decorations) == (32, 0)
    assert proposal > 200


def test_pages_and_early_ends_of_asynchronous_contracts() -> None:
    ledger = TestLedger(Chaincode([Awaited()]))
    ledger.commit([ledger.endorse("put", f"k{number:03}", b"v") for number in range(150)])
    ledger.submit("put", "\0kind\0a\0", b"composite")
    assert json.loads(ledger.evaluate("pages")) == ["k000", "composite"]
    assert json.loads(ledger.evaluate("left_early")) == ["k000"]


@pytest.mark.parametrize(
    ("blocking", "awaited"), [(Stub, AsyncStub), (PrivateCollection, AsyncPrivateCollection)]
)
def test_both_stubs_have_the_same_methods(blocking: type, awaited: type) -> None:
    def methods(kind: type) -> dict[str, list[tuple[str, object]]]:
        return {
            name: [(each.name, each.default) for each in parameters(value)]
            for name, value in inspect.getmembers(kind)
            if not name.startswith("_")
        }

    def parameters(member: object) -> list[inspect.Parameter]:
        return list(inspect.signature(member).parameters.values()) if callable(member) else []

    assert methods(blocking) == methods(awaited)
    assert len(methods(blocking)) >= 10


@pytest.mark.parametrize(
    ("signed_proposal", "message"),
    [
        (b"\xff", "failed to extract Proposal from SignedProposal"),
        (b"\x0a\x02\xff\xff", "failed to extract Proposal from SignedProposal"),
        (b"\x0a\x04\x0a\x02\xff\xff", "failed to extract proposal header"),
        (
            b"\x0a\x08\x0a\x06\x0a\x01\xff\x12\x01\xff",
            "failed to extract (channel|signature) header",
        ),
    ],
)
def test_proposals_that_cannot_be_read(signed_proposal: bytes, message: str) -> None:
    invocation = Invocation("channel", "tx", (), signed_proposal, {}, is_init=False)
    for read in ("timestamp", "creator", "binding"):
        with pytest.raises(ContractError, match=message):
            getattr(invocation, read)


class Peers(Contract):
    @query
    def peer(self, ctx: Context) -> str:
        return ctx.stub.msp_id


class AwaitedPeers(AsyncContract):
    @query
    async def peer(self, ctx: AsyncContext) -> str:
        return ctx.stub.msp_id


@pytest.mark.parametrize("contract", [Peers(), AwaitedPeers()])
def test_a_contract_knows_whose_peer_runs_it(contract: Contract | AsyncContract) -> None:
    ledger = TestLedger(Chaincode([contract]), organizations=["TaxMSP", "LandMSP"])
    found = [ledger.evaluate("peer", endorser=one) for one in ("TaxMSP", "LandMSP")]
    assert found == [b"TaxMSP", b"LandMSP"]


def test_a_called_chaincode_is_run_by_the_same_peer() -> None:
    class Caller(Contract):
        @query
        def ask(self, ctx: Context, name: str, channel: str) -> bytes:
            return ctx.stub.invoke_chaincode(name, [b"peer"], channel).payload

    two = ["TaxMSP", "LandMSP"]
    other = TestLedger(Chaincode([Peers()]), channel="other", organizations=two)
    callees = {"peers": Chaincode([Peers()]), "chaincode/other": other}
    ledger = TestLedger(Chaincode([Caller()]), organizations=two, callees=callees)
    for name, channel in (("peers", ""), ("chaincode", "other")):
        assert ledger.evaluate("ask", name, channel, endorser="LandMSP") == b"LandMSP"


def test_the_peer_s_department_is_unknown_to_a_server_that_was_not_given_it() -> None:
    invocation = Invocation("channel", "tx", (b"peer",), b"", {}, is_init=False)
    result = Chaincode([Peers()]).run(invocation, lambda *_: b"")
    assert "give msp_id to ChaincodeServer" in result.message


def test_transient_data_that_cannot_be_read() -> None:
    invocation = Invocation("channel", "tx", (), b"\x0a\x03\x12\x01\xff", {}, is_init=False)
    with pytest.raises(ContractError, match="failed to extract proposal payload"):
        _ = invocation.transient


def test_a_creator_that_is_no_identity() -> None:
    with pytest.raises(ContractError, match="not a serialized identity"):
        ClientIdentity(b"\xff")


def test_a_call_that_the_callee_did_not_complete_is_an_error() -> None:
    call = invoke_chaincode("bank", [], "")
    failed = chaincode_shim_pb2.ChaincodeMessage(
        type=chaincode_shim_pb2.ChaincodeMessage.ERROR, payload=b"the callee died"
    )
    with pytest.raises(StateError, match="the callee died"):
        call.parse(failed.SerializeToString())
