"""Measure the speed of contracts: the same one on our runtime and on the official Node runtime.

On ours it is written twice: with ordinary methods, which run in threads, and with coroutines, as on Node.
All are deployed on the same peer of the development ledger, each served over TLS by one process, and
evaluated with many calls in flight by one client. Rounds alternate, so that whatever else the machine
does meets both; the table has the median round. Writes bench-results/contracts-<time>.json.
"""

import argparse
import asyncio
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import with_tasks
from pyfabric_network.connections import administrator, endpoint
from pyfabric_network.network import Network
from pyfabric_network.ports import free_base
from pyfabric_network.topology.departments import DepartmentPlan
from rich.console import Console
from rich.table import Table

from pyfabric import aio
from pyfabric.admin.definitions import ChaincodeDefinition
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.gateway import Admin, connect
from pyfabric.local.sockets import listens
from pyfabric.local.waiting import poll
from pyfabric.messages.addresses import Address

ROOT = Path(__file__).parent.parent
INTEROP = ROOT / "tests" / "interop"
NODE = INTEROP / "node_modules" / ".bin" / "fabric-chaincode-node"
CHANNEL = "bench"
OURS = {"pyfabric Contract": "ours", "pyfabric AsyncContract": "awaited"}
THEIRS = "fabric-shim (Node)"
RUNTIMES = {**OURS, THEIRS: "theirs"}
OPERATIONS = {"get": ("get", "k-3"), "keys": ("keys", "k-", "k-~")}
KEYS = 10
TOPOLOGY = """\
name: contracts
departments: { Bench: {} }
ordering: { nodes: [Bench], batch: { timeout: 20ms } }
channels: { bench: { departments: [Bench], contracts: [ours, awaited] } }
contracts:
  ours: { version: "1", classes: ["records:Records"] }
  awaited: { version: "1", classes: ["records:Awaited"] }
"""
CONTRACT = '''
"""The contract of tests/interop/chaincode/index.js in Python."""

from pyfabric.chaincode import AsyncContext, AsyncContract, Context, Contract, query, transaction


class Records(Contract):
    @transaction
    def put(self, ctx: Context, key: str, value: str) -> str:
        ctx.stub.put_state(key, value.encode())
        ctx.stub.set_event("put", key.encode())
        return value

    @query
    def get(self, ctx: Context, key: str) -> str:
        return (ctx.stub.get_state(key) or b"").decode()

    @query
    def keys(self, ctx: Context, start: str, end: str) -> str:
        return ",".join(key for key, _ in ctx.stub.get_state_range(start, end))


class Awaited(AsyncContract):
    @transaction
    async def put(self, ctx: AsyncContext, key: str, value: str) -> str:
        await ctx.stub.put_state(key, value.encode())
        ctx.stub.set_event("put", key.encode())
        return value

    @query
    async def get(self, ctx: AsyncContext, key: str) -> str:
        return (await ctx.stub.get_state(key) or b"").decode()

    @query
    async def keys(self, ctx: AsyncContext, start: str, end: str) -> str:
        return ",".join([key async for key, _ in ctx.stub.get_state_range(start, end)])
'''


@dataclass(frozen=True)
class Round:
    """Calls a second, latencies in ms, and the contract's CPU seconds per 1,000 calls."""

    per_second: float
    p50: float
    p99: float
    contract_cpu_per_1000: float


@dataclass(frozen=True)
class Row:
    """Return the median of a runtime's rounds."""

    runtime: str
    operation: str
    in_flight: int
    calls: int
    median: Round


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds that a process has used; NaN on systems other than Linux."""
    file = Path(f"/proc/{pid}/stat")
    if not file.exists():
        return math.nan
    fields = file.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """Return the ids of the processes that a process started."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    pairs = [line.split() for line in listed.splitlines()]
    return [int(child) for child, parent in pairs if int(parent) == pid]


@contextmanager
def network(folder: Path) -> Iterator[Network]:
    """Start the network of one department with our contracts, and stop it afterwards."""
    (folder / "records.py").write_text(CONTRACT, encoding="utf-8")
    file = folder / "contracts.yaml"
    file.write_text(TOPOLOGY, encoding="utf-8")
    made = Network.prepare(file, folder / "state", base_port=0)
    made.up()
    try:
        made.deploy()
        yield made
    finally:
        made.down()


@contextmanager
def node_contract(department: DepartmentPlan) -> Iterator[int]:
    """Start and deploy the contract on the Node runtime; provide the id of its process."""
    member, address = department.contract_host, Address("127.0.0.1", free_base([0]))
    package = ChaincodePackage.build(
        "theirs",
        {
            "address": str(address),
            "dial_timeout": "5s",
            "tls_required": True,
            "root_cert": member.tls_roots.read_text(),
        },
    )
    command = [
        *("node", str(NODE.resolve()), "server"),
        f"--chaincode-address={address}",
        f"--chaincode-id={package.package_id}",
        f"--chaincode-tls-cert-file={member.tls_certificate}",
        f"--chaincode-tls-key-file={member.tls_key}",
        f"--module-path={INTEROP / 'chaincode'}",
    ]
    quiet = {**os.environ, "CORE_CHAINCODE_LOGGING_LEVEL": "error"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=quiet) as child:
        try:
            poll(
                lambda: child.poll() is not None or listens(address),
                until=bool,
                every=0.05,
                timeout=60,
            )
            if not listens(address):
                sys.exit("the Node chaincode does not listen")
            deploy(department, package)
            yield child.pid
        finally:
            child.kill()


def deploy(department: DepartmentPlan, package: ChaincodePackage) -> None:
    """Install, approve and commit the package's chaincode on the channel."""
    peer = endpoint(department.peers[0])
    definition = ChaincodeDefinition(name="theirs", version="1", sequence=1)
    with Admin(administrator(department)) as admin:
        admin.approve(peer, CHANNEL, definition, admin.install(peer, package))
        admin.commit(peer, CHANNEL, definition)


def fill(department: DepartmentPlan) -> None:
    """Write the same keys with all chaincodes."""
    with connect(administrator(department), endpoint(department.peers[0])) as gateway:
        for chaincode in RUNTIMES.values():
            contract = gateway.network(CHANNEL).contract(chaincode)
            sent = [contract.submit_async("put", f"k-{n}", "value") for n in range(KEYS)]
            if not all(one.status().successful for one in sent):
                sys.exit(f"{chaincode}: a write was not committed, so it cannot be measured")


async def round_of(
    contract: aio.Contract, call: tuple[str, ...], pid: int, calls: int, in_flight: int
) -> Round:
    """Make the calls of one round, and measure them."""
    before = cpu_seconds(pid)
    measured = await with_tasks(lambda _: contract.evaluate(*call), calls, in_flight)
    after = cpu_seconds(pid)
    cuts = statistics.quantiles(measured.latencies, n=100)
    return Round(
        per_second=round(calls / measured.elapsed, 1),
        p50=round(cuts[49] * 1000, 2),
        p99=round(cuts[98] * 1000, 2),
        contract_cpu_per_1000=round((after - before) * 1000 / calls, 3),
    )


async def measure(
    department: DepartmentPlan, pids: dict[str, int], *, calls: int, in_flight: int, rounds: int
) -> list[Row]:
    """Measure all rounds of all operations, the runtimes in turn; the first round only warms up."""
    rows = []
    async with aio.connect(administrator(department), endpoint(department.peers[0])) as gateway:
        contracts = {
            runtime: gateway.network(CHANNEL).contract(chaincode)
            for runtime, chaincode in RUNTIMES.items()
        }
        for operation, call in OPERATIONS.items():
            seen: dict[str, list[Round]] = {runtime: [] for runtime in RUNTIMES}
            for _ in range(rounds + 1):
                for runtime, contract in contracts.items():
                    done = await round_of(contract, call, pids[runtime], calls, in_flight)
                    seen[runtime].append(done)
            for runtime, found in seen.items():
                ranked = sorted(found[1:], key=lambda one: one.per_second)
                rows.append(Row(runtime, operation, in_flight, calls, ranked[len(ranked) // 2]))
    return rows


def show(rows: list[Row], console: Console) -> None:
    """Print the table; the last column compares with the Node runtime."""
    base = {row.operation: row.median.per_second for row in rows if row.runtime == THEIRS}
    table = Table(title="Evaluations by one peer; client, ledger and contracts on the same machine")
    for column in ("contract on", "operation"):
        table.add_column(column)
    for column in (
        "in flight",
        "per second",
        "p50 ms",
        "p99 ms",
        "contract CPU s / 1,000",
        "× Node",
    ):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            row.runtime,
            row.operation,
            str(row.in_flight),
            f"{row.median.per_second:,.0f}",
            f"{row.median.p50:,.1f}",
            f"{row.median.p99:,.1f}",
            f"{row.median.contract_cpu_per_1000:.2f}",
            f"{row.median.per_second / base[row.operation]:.2f}",
        )
    console.print(table)


def main() -> None:
    """Measure, print the figures and write them to a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=2000, help="calls of a round")
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    console = Console(width=110)
    if shutil.which("node") is None or not NODE.exists():
        console.print("contracts: skipped, needs the node program and tests/interop/node_modules")
        return
    with tempfile.TemporaryDirectory() as folder, network(Path(folder)) as running:
        department = running.plan.department("Bench")
        ledger = int((running.plan.root / "ledger.pid").read_text())
        with node_contract(department) as node:
            fill(department)
            (host,) = children(ledger)
            pids = {**dict.fromkeys(OURS, host), THEIRS: node}
            rows = asyncio.run(
                measure(
                    department,
                    pids,
                    calls=chosen.calls,
                    in_flight=chosen.in_flight,
                    rounds=chosen.rounds,
                )
            )
    show(rows, console)
    figures = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "rounds": chosen.rounds,
        "rows": [asdict(row) for row in rows],
    }
    file = ROOT / "bench-results" / f"contracts-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(figures, indent=2) + "\n")
    console.print(f"written to {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
