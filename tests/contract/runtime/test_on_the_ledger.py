"""Contracts on a running ledger: batches, large messages, slow functions, metrics and traces."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from pyfabric import aio
from pyfabric._grpc.rest import tls_context
from pyfabric.chaincode import Chaincode, Context, Contract, ContractError, query, transaction
from pyfabric.chaincode.server import ChaincodeServer, ServerTLS
from pyfabric.errors import EndorseError
from pyfabric.ledger.process import LedgerProcess
from tests.support.ledger.ledger import CHANNEL, LedgerNetwork

MEGABYTE = 1024 * 1024
GATE = threading.Event()
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Store(Contract):
    @transaction
    def fill(self, ctx: Context, count: int) -> None:
        ctx.stub.start_write_batch()
        for number in range(count):
            ctx.stub.put_state(f"k{number:05}", b"v")

    @query
    def count(self, ctx: Context) -> int:
        keys = [key for key, _ in ctx.stub.get_state_range("k", "l")]
        return sum(value == b"v" for value in ctx.stub.get_multiple_states(keys))

    @query
    def grow(self, ctx: Context, megabytes: int) -> bytes:
        ctx.stub.put_state("large", bytes(megabytes * MEGABYTE))
        return bytes(megabytes * MEGABYTE)

    @query
    def wait(self, _ctx: Context) -> str:
        GATE.wait(20)
        return "waited"

    @query
    def quick(self, _ctx: Context, *_rest: str) -> str:
        return "quick"

    @transaction
    def refuse(self, _ctx: Context) -> None:
        raise ContractError("no")


@dataclass
class Spans:
    """A tracer that records its calls."""

    seen: list[tuple[str, dict[str, str], str | None]] = field(default_factory=list)

    @contextmanager
    def span(
        self, name: str, attributes: dict[str, str], traceparent: str | None
    ) -> Iterator[str | None]:
        self.seen.append((name, dict(attributes), traceparent))
        yield TRACEPARENT


@dataclass
class Running:
    """One department's ledger with a contract, and a client of it."""

    network: LedgerNetwork
    node: LedgerProcess
    server: ChaincodeServer
    contract: aio.Contract
    spans: Spans

    async def operations(self, path: str, *, peer: bool = True) -> httpx.Response:
        config = self.network.config
        where = config.peers[0] if peer else config.orderers[0]
        assert where.operations_address is not None
        context = tls_context(self.network.first.mutual_endpoint(where.operations_address))
        async with httpx.AsyncClient(verify=context, trust_env=False) as client:
            return await client.get(f"https://{where.operations_address}{path}")

    async def metric(self, pattern: str, *, peer: bool = True) -> list[float]:
        """Return the values of the samples whose name and labels match."""
        text = (await self.operations("/metrics", peer=peer)).text
        return [
            float(line.rpartition(" ")[2])
            for line in text.splitlines()
            if re.fullmatch(pattern, line.rpartition(" ")[0])
        ]


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    GATE.clear()
    spans = Spans()
    network = LedgerNetwork.make(tmp_path, ["EconInfo"])
    network.watch()
    async with network.running(tracer=spans) as node:
        await network.create_channel()
        package_id = await network.deploy("store")
        first = network.first
        files = first.tls("contract")
        tls = ServerTLS(files.certificate.read_bytes(), files.key.read_bytes())
        server = ChaincodeServer(
            Chaincode([Store()]),
            package_id=package_id,
            address=first.contract_address,
            tls=tls,
            tracer=spans,
        )
        async with server, aio.connect(first.user(), first.peer, tracer=spans) as gateway:
            contract = gateway.network(CHANNEL).contract("store")
            yield Running(network, node, server, contract, spans)
            GATE.set()


@pytest.mark.asyncio
async def test_a_batch_of_more_writes_than_the_ledger_takes_at_once(running: Running) -> None:
    await running.contract.submit("fill", "1234")
    assert await running.contract.evaluate("count") == b"1234"
    batches = await running.metric(
        r'chaincode_shim_requests_completed{.*success="true",type="WRITE_BATCH_STATE"}'
    )
    assert batches == [2]


@pytest.mark.asyncio
async def test_a_value_and_a_result_of_60_mb(running: Running) -> None:
    grown = await running.contract.evaluate("grow", "60", timeout=60)
    assert len(grown) == 60 * MEGABYTE
    assert await running.contract.evaluate("quick") == b"quick"


@pytest.mark.asyncio
async def test_slow_functions_do_not_stop_others(running: Running) -> None:
    slow = [asyncio.create_task(running.contract.evaluate("wait")) for _ in range(10)]
    for _ in range(20):
        assert await running.contract.evaluate("quick") == b"quick"
    assert not any(task.done() for task in slow)
    GATE.set()
    assert await asyncio.gather(*slow) == [b"waited"] * 10


@pytest.mark.asyncio
async def test_a_stopping_contract_answers_what_runs(running: Running) -> None:
    slow = asyncio.create_task(running.contract.evaluate("wait"))
    while not await running.metric(r'grpc_server_unary_requests_received{method="Evaluate".*}'):
        await asyncio.sleep(0)
    while not any(name == "contract Store:wait" for name, _, _ in running.spans.seen):
        await asyncio.sleep(0)
    stopping = asyncio.create_task(running.server.stop())
    await asyncio.sleep(0)
    GATE.set()
    assert await slow == b"waited"
    await stopping


@pytest.mark.asyncio
async def test_a_peer_counts_under_fabrics_names(running: Running) -> None:
    await running.contract.submit("fill", "5")
    with pytest.raises(EndorseError):
        await running.contract.submit("refuse")
    for pattern, expected in (
        (r'grpc_server_unary_requests_completed{code="OK",method="Submit".*"gateway_Gateway"}', 3),
        (r'grpc_server_unary_requests_completed{code="Aborted",method="Endorse".*}', 1),
        (r'endorser_proposal_duration_count{chaincode="store",.*success="true"}', 1),
        (r'endorser_proposal_duration_count{chaincode="store",.*success="false"}', 1),
        (r'endorser_endorsement_failures{chaincode="store",chaincodeerror="true",.*}', 1),
        (r'ledger_blockchain_height{channel="directory"}', 4),
        (r'ledger_block_processing_time_count{channel="directory"}', 3),
        (r'ledger_transaction_count{chaincode="store",.*validation_code="VALID"}', 1),
        (r'chaincode_launch_duration_count{chaincode="store:.*",success="true"}', 1),
    ):
        assert await running.metric(pattern) == [expected], pattern


@pytest.mark.asyncio
async def test_an_orderer_counts_under_fabrics_names(running: Running) -> None:
    await running.contract.submit("fill", "5")
    for pattern, expected in (
        (r'broadcast_processed_count{channel="directory",status="SUCCESS",type="ENDORSER_.*"}', 3),
        (r'broadcast_validate_duration_count{.*status="SUCCESS".*}', 3),
        (r'broadcast_enqueue_duration_count{.*status="SUCCESS".*}', 3),
        (r'consensus_etcdraft_committed_block_number{channel="directory"}', 3),
        (r'consensus_etcdraft_cluster_size{channel="directory"}', 1),
        (r'participation_status{channel="directory"}', 1),
        (r'ledger_blockchain_height{channel="directory"}', 4),
    ):
        assert await running.metric(pattern, peer=False) == [expected], pattern
    assert (await running.operations("/healthz", peer=False)).json()["status"] == "OK"


@pytest.mark.asyncio
async def test_a_peers_health_is_that_of_its_contracts_too(running: Running) -> None:
    assert await running.contract.evaluate("quick") == b"quick"
    assert (await running.operations("/healthz")).json()["status"] == "OK"
    await running.server.stop()
    await asyncio.sleep(0)
    report = await running.operations("/healthz")
    assert report.status_code == 503
    (failed,) = report.json()["failed_checks"]
    assert failed["component"].startswith("chaincode store:")
    assert "connection refused" in failed["reason"]


@pytest.mark.asyncio
async def test_spans_of_client_peer_and_contract_tell_no_payloads(running: Running) -> None:
    running.spans.seen.clear()
    await running.contract.evaluate("quick", "secret")
    with pytest.raises(EndorseError):
        await running.contract.submit("refuse")
    names = [name for name, _, _ in running.spans.seen]
    assert names == [
        "gateway.Gateway/Evaluate",
        "gateway.Gateway/Evaluate",
        "contract Store:quick",
        "gateway.Gateway/Endorse",
        "gateway.Gateway/Endorse",
        "contract Store:refuse",
    ]
    called, served, run = (attributes for _, attributes, _ in running.spans.seen[:3])
    assert called == {
        "rpc.system": "grpc",
        "rpc.service": "gateway.Gateway",
        "rpc.method": "Evaluate",
        "server.address": running.network.first.peer_address,
    }
    assert set(served) == {"rpc.system", "rpc.service", "rpc.method", "client.address"}
    assert run["fabric.function"] == "Store:quick"
    assert run["fabric.channel"] == CHANNEL
    parents = [traceparent for _, _, traceparent in running.spans.seen[:3]]
    assert parents == [None, TRACEPARENT, None]
    assert "secret" not in str(running.spans.seen)
