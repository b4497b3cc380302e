"""The development ledger compared with a model: concurrent random scripts, event streams, and kills."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from itertools import count
from typing import Any

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_shim_pb2, proposal_pb2, proposal_response_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfabric._grpc.aio_driver import AsyncDriver
from pyfabric.messages.blocks import parse_block, transaction_filter
from pyfabric.rules.blocks.contents import endorsed_payload
from pyfabric.rules.validation.form import transaction_id
from tests.support.contracts.scripted_contract import Call, Kind, ScriptedContract
from tests.support.ledger.ledger import CHANNEL, LedgerNetwork
from tests.support.ledger.ledger_model import Model, Run, Script
from tests.support.ledger.raw_gateway import Draft, RawGateway, sign_envelope

NAME = "script"
EXAMPLES = 10
prefixes = count()

keys = st.sampled_from("abcd")
steps = st.one_of(
    st.tuples(st.just("get"), keys),
    st.tuples(st.just("put"), keys, st.sampled_from(["1", "2"])),
    st.tuples(st.just("del"), keys),
    st.tuples(st.just("range"), keys, st.sampled_from("bcde")),
    st.tuples(st.just("history"), keys),
)
scripts = st.lists(steps, min_size=1, max_size=4)
rounds = st.tuples(st.lists(scripts, min_size=2, max_size=6), st.sampled_from([False] * 5 + [True]))


async def behave(call: Call) -> None:
    """Do what the argument says, step by step; the answers as JSON."""
    answers: list[Any] = []
    for kind, key, *rest in json.loads(call.arguments[0]):
        if kind == "get":
            answers.append((await call.get(key)).decode())
        elif kind == "put":
            await call.put(key, rest[0].encode())
        elif kind == "del":
            await call.ask(Kind.DEL_STATE, chaincode_shim_pb2.DelState(key=key))
        elif kind == "range":
            request = chaincode_shim_pb2.GetStateByRange(startKey=key, endKey=rest[0])
            found = await results(call, Kind.GET_STATE_BY_RANGE, request)
            answers.append([kv_query_result_pb2.KV.FromString(one).key for one in found])
        else:
            asked = chaincode_shim_pb2.GetHistoryForKey(key=key)
            found = await results(call, Kind.GET_HISTORY_FOR_KEY, asked)
            answers.append([modification(one) for one in found])
    await call.complete(json.dumps(answers).encode())


async def results(call: Call, kind: int, request: Any) -> list[bytes]:
    response = chaincode_shim_pb2.QueryResponse.FromString(await call.ask(kind, request))
    assert not response.has_more
    return [one.resultBytes for one in response.results]


def modification(raw: bytes) -> list[str | None]:
    one = kv_query_result_pb2.KeyModification.FromString(raw)
    return [one.tx_id, None if one.is_delete else one.value.decode()]


class Subject:
    """A ledger process of one department, which can be killed."""

    def __init__(self, network: LedgerNetwork, stack: ExitStack) -> None:
        self.network = network
        self.package_id = ""
        self.kills = 0
        self._stack = stack
        self._process = stack.enter_context(network.process())
        self._gateway: RawGateway | None = None

    async def kill(self) -> None:
        """Kill the ledger, and start it again."""
        self._process.kill()
        self._process.wait()
        self.kills += 1
        self._process = self._stack.enter_context(self.network.process())
        await self.disconnect()

    async def disconnect(self) -> None:
        await self.network.driver.close()
        self.network.driver = AsyncDriver()
        if self._gateway is not None:
            await self._gateway.close()
        self._gateway = None

    @property
    def gateway(self) -> RawGateway:
        """A gateway to the process that runs."""
        if self._gateway is None:
            self._gateway = RawGateway(self.network.first.peer)
        return self._gateway

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Run with the contract's server, in this event loop."""
        self.network.driver = AsyncDriver()
        tls = self.network.first.tls("contract")
        server = ScriptedContract(self.package_id, behave)
        address = self.network.first.contract_address
        await server.start(address, tls.certificate.read_bytes(), tls.key.read_bytes())
        try:
            yield
        finally:
            await self.disconnect()
            await server.stop()

    def draft(self, script: Script) -> Draft:
        user = self.network.first.user()
        return Draft(user, CHANNEL, NAME, [json.dumps(script).encode()]).fixed()

    async def endorse(self, draft: Draft) -> tuple[common_pb2.Envelope, list[Any]]:
        """Return the transaction, and what the script answered."""
        endorsed = await self.gateway.endorse(draft)
        assert endorsed.code == "OK", endorsed
        envelope = endorsed.response.prepared_transaction
        raw = endorsed_payload(common_pb2.Payload.FromString(envelope.payload).data)
        payload = proposal_response_pb2.ProposalResponsePayload.FromString(raw)
        action = proposal_pb2.ChaincodeAction.FromString(payload.extension)
        return sign_envelope(draft.identity, envelope), json.loads(action.response.payload)

    async def block_of(self, transaction: str) -> tuple[int, tuple[str, ...], bytes] | None:
        """Return the block of a transaction: number, transaction ids, codes; None if it is in none."""
        arguments = (b"GetBlockByTxID", CHANNEL.encode(), transaction.encode())
        answer = await self.network.system(self.network.first, CHANNEL, "qscc", *arguments)
        if answer.status != 200:
            return None
        block = parse_block(answer.payload)
        ids = tuple(transaction_id(raw) for raw in block.data.data)
        return block.header.number, ids, transaction_filter(block)


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    network = LedgerNetwork.make(tmp_path_factory.mktemp("random"), ("EconInfo",))
    with ExitStack() as stack:
        made = Subject(network, stack)

        async def prepare() -> None:
            await network.create_channel()
            made.package_id = await network.deploy(NAME)
            await network.driver.close()

        asyncio.run(prepare())
        yield made
        assert made.kills


async def play_round(
    subject: Subject, model: Model, batch: Sequence[Script], *, kill: bool
) -> None:
    drafts = [subject.draft(script) for script in batch]
    runs = {draft.id: model.run(script) for draft, script in zip(drafts, batch, strict=True)}
    endorsed = await asyncio.gather(*map(subject.endorse, drafts))
    for draft, (_, answers) in zip(drafts, endorsed, strict=True):
        assert answers == runs[draft.id].answers
    taken = await asyncio.gather(
        *(subject.gateway.submit(CHANNEL, envelope) for envelope, _ in endorsed)
    )
    assert {one.code for one in taken} == {"OK"}
    if kill:
        await subject.kill()
    else:
        user = subject.network.first.user()
        await asyncio.gather(*(subject.gateway.status(user, CHANNEL, one.id) for one in drafts))
    await check_blocks(subject, model, runs, kill=kill)


async def check_blocks(subject: Subject, model: Model, runs: dict[str, Run], *, kill: bool) -> None:
    """Check the codes in the blocks against the model; only a kill loses what was never reported."""
    found = {name: await subject.block_of(name) for name in runs}
    assert kill or None not in found.values()
    for number, ids, codes in sorted({one for one in found.values() if one is not None}):
        assert list(codes) == model.commit(number, [(name, runs[name]) for name in ids])


async def play(subject: Subject, history: Sequence[tuple[Sequence[Script], bool]]) -> None:
    prefix, model = f"{next(prefixes):03}", Model()
    async with subject.connected():
        for batch, kill in history:
            own = [
                [(kind, prefix + key, *_end(prefix, kind, rest)) for kind, key, *rest in script]
                for script in batch
            ]
            await play_round(subject, model, own, kill=kill)
        everything = [("range", prefix, prefix + "z")]
        everything += [(kind, prefix + key) for key in "abcd" for kind in ("get", "history")]
        _, answers = await subject.endorse(subject.draft(everything))
        assert answers == model.run(everything).answers


def _end(prefix: str, kind: str, rest: Sequence[str]) -> Sequence[str]:
    return [prefix + one for one in rest] if kind == "range" else rest


@settings(max_examples=EXAMPLES)
@given(history=st.lists(rounds, min_size=2, max_size=5))
def test_the_ledger_does_what_the_model_does(
    subject: Subject, history: list[tuple[list[Script], bool]]
) -> None:
    asyncio.run(play(subject, history))
