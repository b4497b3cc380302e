"""Deliver rows of data under grants by many workers at once, each with a lease, and count what becomes valid.

    python tools/bench_sharing.py                     16 grants, 4 workers each, 30 deliveries of each worker
    python tools/bench_sharing.py --deliveries 5      a short run
    python tools/bench_sharing.py --runtime native    on Fabric's own programs (FABRIC_BIN or PATH)

Runs the network `quickstart` with clock slots of 10 s. No delivery is repeated. Exits with 1 if fewer than 99 of 100 transactions are
valid, or a quota is not used to the row.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from demo import (
    MANAGER,
    PENALTIES,
    PROVIDER,
    USER,
    USERS,
    Demo,
    connected,
    delivery_of,
    found,
    publish,
    running,
    wanted,
)
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.chaincode import to_json
from pyfabric.errors import CommitError, FabricError
from pyfabric.gateway import Contract, Retry

CLOCK = {
    "builds_on": 0,
    "content": {
        "kind": "parameter",
        "contract": "city",
        "name": "slot-seconds",
        "type": "integer",
        "unit": "seconds",
        "mark": "K",
        "value": 10,
    },
}
ROWS = 5
RETRY = Retry()
LEAST_VALID = 0.99


class Worker(NamedTuple):
    """A worker of the provider: its grant, its name, and the deliveries that it makes."""

    grant: str
    name: str
    deliveries: list[dict[str, object]]


def prepared(demo: Demo, department: str, what: str, function: str, *arguments: object) -> Any:
    """Submit a transaction of the preparation; one that conflicts, since a peer is behind, is made again."""
    for _ in range(RETRY.attempts - 1):
        try:
            return demo.submit(department, what, function, *arguments)
        except CommitError as error:
            if not RETRY.applies_to(error):
                raise
    return demo.submit(department, what, function, *arguments)


def granted(demo: Demo, rows: int) -> str:
    """Make a grant of a number of rows in force; returns its id."""
    asked = wanted(PENALTIES)
    asked["terms"]["quota"] = rows
    grant: str = prepared(demo, USER, "asks for penalties", "Sharing:apply", asked)["id"]
    prepared(demo, MANAGER, "finds the request in order", "Sharing:check", grant)
    offer = {"terms": asked["terms"], "licence": "限产业扶持资金审核使用"}
    prepared(demo, PROVIDER, f"grants it, {rows} rows", "Sharing:grant", grant, offer)
    prepared(demo, USER, "accepts the licence", "Sharing:activate", grant)
    return grant


def workers_of(demo: Demo, grant: str, number: int, deliveries: int) -> Iterator[Worker]:
    """Yield workers with a lease each, and what they will deliver."""
    for each in range(number):
        name = f"export-{each}"
        leased = (grant, name, str(deliveries * ROWS))
        prepared(demo, PROVIDER, f"leases rows to {name}", "Sharing:lease_rows", *leased)
        queries = (f"{name} {count}" for count in range(deliveries))
        yield Worker(grant, name, [delivery_of(demo, grant, query, ROWS) for query in queries])


def deliver(contract: Contract, worker: Worker) -> Counter[str]:
    """Make a worker's deliveries one after the other; returns what they came to."""
    codes: Counter[str] = Counter()
    for each in worker.deliveries:
        try:
            sent = contract.submit_async(
                "Sharing:deliver", worker.grant, worker.name, to_json(each)
            )
            codes[sent.status().code.name] += 1
        except FabricError as error:
            codes[type(error).__name__] += 1
    return codes


def measured(demo: Demo, grants: int, workers: int, deliveries: int) -> int:
    """Deliver side by side, print what became of it, and return how the program exits."""
    rows = workers * deliveries * ROWS
    given = [granted(demo, rows) for _ in range(grants)]
    every = [one for each in given for one in workers_of(demo, each, workers, deliveries)]
    started = time.monotonic()
    with ThreadPoolExecutor(len(every)) as pool:
        counted = pool.map(lambda one: deliver(demo.contracts[PROVIDER], one), every)
        codes = sum(counted, Counter[str]())
    seconds = time.monotonic() - started
    total, valid = codes.total(), codes["VALID"]
    used = [demo.ask(PROVIDER, "Sharing:usage", each) for each in given]
    print(
        f"{total} deliveries, {len(every)} in flight, {grants} grants, {seconds:.1f} s: {dict(codes)}"
    )
    print(f"{valid / total:.2%} valid, {total / seconds:.0f} a second; rows {json.dumps(used[0])}")
    delivered = sum(one["delivered"] for one in used)
    exact = delivered == valid * ROWS and all(one["delivered"] <= rows for one in used)
    return 0 if exact and valid >= LEAST_VALID * total else 1


def main() -> int:
    """Run the network, found its directory, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("grants", 16), ("workers", 4), ("deliveries", 30)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    runtimes = [RuntimeName.EMBEDDED, RuntimeName.NATIVE]
    parser.add_argument("--runtime", choices=runtimes, default=RuntimeName.EMBEDDED)
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="pyfabric-sharing-"))
        programs = os.environ.get("FABRIC_BIN")
        network = stack.enter_context(
            running(Path(folder), RuntimeName(given.runtime), Path(programs) if programs else None)
        )
        contracts, city = {}, {}
        for name, user in USERS.items():
            gateway = connected(stack, network, name, user)
            contracts[name] = gateway.network("directory").contract("directory")
            governing = connected(stack, network, name, "governor")
            city[name] = governing.network("directory").contract("city")
        deputy = connected(stack, network, USER, "deputy").network("directory")
        demo = Demo(contracts)
        found(Demo(city), CLOCK)
        publish(demo, Demo({USER: deputy.contract("directory")}))
        return measured(demo, given.grants, given.workers, given.deliveries)


if __name__ == "__main__":
    sys.exit(main())
