"""Measure the speed of transactions, and the client's cost beside the bare protocol.

Brings up the conformance network (three departments, two endorsements a transaction) on the embedded
runtime, evaluates and submits with 1, 64 and 256 calls in flight through the bare protocol and both
surfaces, and writes bench-results/<time>.json. Client CPU is this process's own; contracts, peers and
the orderer run in others.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import grpc
from bare_client import BareGateway, BareSigner
from pyfabric_network.connections import endpoint
from pyfabric_network.network import Network
from pyfabric_network.topology.departments import DepartmentPlan
from rich.console import Console
from rich.table import Table

from pyfabric import aio, gateway
from pyfabric.identity.loading import load_msp_folder

ROOT = Path(__file__).parent.parent
TOPOLOGY = ROOT / "tests" / "conformance" / "topology.yaml"
CHANNEL = CHAINCODE = "conformance"
MESSAGE_LIMIT = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
BARE = "bare protocol"


@dataclass(frozen=True)
class Row:
    """One measurement: rates a second, latencies in ms, client CPU in seconds per 1,000 calls."""

    client: str
    operation: str
    in_flight: int
    calls: int
    per_second: float
    p50: float
    p99: float
    cpu_per_1000: float


@dataclass(frozen=True)
class Measured:
    """The raw outcome of a run: seconds of each call, of the whole, and of CPU."""

    latencies: list[float]
    elapsed: float
    cpu: float

    def row(self, client: str, operation: str, in_flight: int) -> Row:
        """Return the run as a row of the table."""
        calls = len(self.latencies)
        cuts = statistics.quantiles(self.latencies, n=100)
        return Row(
            client,
            operation,
            in_flight,
            calls,
            per_second=round(calls / self.elapsed, 1),
            p50=round(cuts[49] * 1000, 2),
            p99=round(cuts[98] * 1000, 2),
            cpu_per_1000=round(self.cpu * 1000 / calls, 3),
        )


def with_threads(call: Callable[[int], object], calls: int, in_flight: int) -> Measured:
    """Make the calls from `in_flight` threads."""

    def timed(number: int) -> float:
        begin = time.perf_counter()
        call(number)
        return time.perf_counter() - begin

    with ThreadPoolExecutor(in_flight) as pool:
        begin, cpu = time.perf_counter(), time.process_time()
        latencies = list(pool.map(timed, range(calls)))
        return Measured(latencies, time.perf_counter() - begin, time.process_time() - cpu)


async def with_tasks(
    call: Callable[[int], Awaitable[object]], calls: int, in_flight: int
) -> Measured:
    """Make the calls from `in_flight` tasks."""
    numbers = iter(range(calls))
    latencies: list[float] = []

    async def worker() -> None:
        for number in numbers:
            begin = time.perf_counter()
            await call(number)
            latencies.append(time.perf_counter() - begin)

    begin, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return Measured(latencies, time.perf_counter() - begin, time.process_time() - cpu)


KEYS = count()


def key() -> bytes:
    """Return a key that no other call uses."""
    return f"bench-{next(KEYS)}".encode()


def bare_runs(department: DepartmentPlan, plan: list[tuple[str, int, int]]) -> Iterator[Row]:
    """Provide the bare client's calls."""
    peer, user = department.peers[0], department.users["User1"]
    roots = peer.member.tls_roots.read_bytes()
    signer = BareSigner(
        department.msp_id,
        user.msp / "signcerts" / "cert.pem",
        user.msp / "keystore" / "priv_sk",
    )
    with grpc.secure_channel(
        str(peer.outside), grpc.ssl_channel_credentials(roots), MESSAGE_LIMIT
    ) as channel:
        bare = BareGateway(channel, signer, CHANNEL, CHAINCODE)
        operations: dict[str, Callable[[int], object]] = {
            "evaluate": lambda _: bare.evaluate(b"get", b"bench"),
            "submit": lambda _: bare.submit(b"put", key(), b"value"),
        }
        for operation, in_flight, calls in plan:
            measured = with_threads(operations[operation], calls, in_flight)
            yield measured.row(BARE, operation, in_flight)


def sync_runs(department: DepartmentPlan, plan: list[tuple[str, int, int]]) -> Iterator[Row]:
    """Provide the calls of `pyfabric.gateway`."""
    identity = load_msp_folder(department.users["User1"].msp, department.msp_id)
    with gateway.connect(identity, endpoint(department.peers[0])) as connected:
        contract = connected.network(CHANNEL).contract(CHAINCODE)
        operations: dict[str, Callable[[int], object]] = {
            "evaluate": lambda _: contract.evaluate("get", "bench"),
            "submit": lambda _: contract.submit("put", key(), b"value"),
        }
        for operation, in_flight, calls in plan:
            measured = with_threads(operations[operation], calls, in_flight)
            yield measured.row("pyfabric.gateway", operation, in_flight)


async def aio_runs(department: DepartmentPlan, plan: list[tuple[str, int, int]]) -> list[Row]:
    """Provide the calls of `pyfabric.aio`."""
    identity = load_msp_folder(department.users["User1"].msp, department.msp_id)
    rows = []
    async with aio.connect(identity, endpoint(department.peers[0])) as connected:
        contract = connected.network(CHANNEL).contract(CHAINCODE)
        operations: dict[str, Callable[[int], Awaitable[object]]] = {
            "evaluate": lambda _: contract.evaluate("get", "bench"),
            "submit": lambda _: contract.submit("put", key(), b"value"),
        }
        for operation, in_flight, calls in plan:
            measured = await with_tasks(operations[operation], calls, in_flight)
            rows.append(measured.row("pyfabric.aio", operation, in_flight))
    return rows


@contextmanager
def network() -> Iterator[Network]:
    """Start the conformance network in a folder of its own, and stop it afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        made = Network.prepare(TOPOLOGY, Path(folder), base_port=0)
        made.up()
        try:
            made.deploy()
            yield made
        finally:
            made.down()


def show(rows: list[Row], console: Console) -> None:
    """Print the table, with each client's CPU as a multiple of the bare client's."""
    bare = {(r.operation, r.in_flight): r.cpu_per_1000 for r in rows if r.client == BARE}
    table = Table(title="Two endorsements a transaction; contracts and ledger on the same machine")
    for column in ("client", "operation"):
        table.add_column(column)
    for column in ("in flight", "per second", "p50 ms", "p99 ms", "CPU s / 1,000", "× bare"):
        table.add_column(column, justify="right")
    for row in rows:
        ratio = row.cpu_per_1000 / bare[row.operation, row.in_flight]
        table.add_row(
            row.client,
            row.operation,
            str(row.in_flight),
            f"{row.per_second:,.0f}",
            f"{row.p50:,.1f}",
            f"{row.p99:,.1f}",
            f"{row.cpu_per_1000:.2f}",
            f"{ratio:.2f}",
        )
    console.print(table)


def main() -> None:
    """Measure, print the figures and write them to a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=2000, help="calls of a run with 64 or more")
    parser.add_argument("--in-flight", type=int, nargs="+", default=[1, 64, 256])
    chosen = parser.parse_args()
    plan = [
        (operation, in_flight, chosen.calls if in_flight > 1 else max(100, chosen.calls // 8))
        for operation in ("evaluate", "submit")
        for in_flight in chosen.in_flight
    ]
    console = Console(width=110)
    with network() as running:
        department = running.plan.department("EconInfo")
        warm_up = [("submit", 16, 100)]
        list(bare_runs(department, warm_up))
        rows = [
            *bare_runs(department, plan),
            *sync_runs(department, plan),
            *asyncio.run(aio_runs(department, plan)),
        ]
    show(rows, console)
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "runtime": "embedded",
        "grpcio": grpc.__version__,
    }
    folder = ROOT / "bench-results"
    folder.mkdir(exist_ok=True)
    file = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    figures = {"machine": machine, "rows": [asdict(row) for row in rows]}
    file.write_text(json.dumps(figures, indent=2) + "\n")
    console.print(f"written to {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
