"""Measure verifying proofs: with 3, 7 and 14 endorsements, with and without inclusion, and their sizes.

"First" is a verification in a process that knows nothing yet: trust records are read from their bytes, and no certificate has
been seen. "From state" is what a contract does that has verified proofs of the same departments: it reads the records' bytes each
time. "Later" is the same with records at hand.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent))

from pyfabric.sharing import certificates, trust
from pyfabric.sharing.recorded import RecordedPolicy
from pyfabric.sharing.trust import TrustRecord
from pyfabric.sharing.verifier import verify
from tests.support.ledger.ordering import Council
from tests.support.sharing.proofs import MOMENT, World, new_world, proof_file

ENDORSEMENTS = (3, 7, 14)
LATER, FIRST = 200, 10


def world(departments: int) -> World:
    """Return a source with this number of departments, all of which must endorse."""
    names = [f"Dept{number:02}" for number in range(departments)]
    made = new_world(Council(1, bft=False, departments=names))
    rule = ", ".join(f"'{name}MSP.peer'" for name in names)
    made.policy = RecordedPolicy(made.policy.source, f"AND({rule})")
    return made


def milliseconds(call: Callable[[], object], times: int) -> float:
    """Return the median processor time of a call, which other programs of the machine change little."""
    taken = []
    for _ in range(times):
        begin = time.process_time()
        call()
        taken.append(time.process_time() - begin)
    return round(statistics.median(taken) * 1000, 2)


def row(departments: int, *, inclusion: bool) -> dict[str, float]:
    """Return the measurements of one kind of proof."""
    made = world(departments)
    endorsers = [made.peer(at) for at in range(departments)]
    raw = proof_file(made, endorsers=endorsers, inclusion=inclusion).to_bytes()
    known = made.snapshot
    records = [one.to_bytes() for one in known.records]

    def later() -> None:
        verify(raw, known, moment=MOMENT, private=False)

    def first() -> None:
        trust._configuration.cache_clear()  # noqa: SLF001 - a new process has none
        certificates._certificate.cache_clear()  # noqa: SLF001
        from_state()

    def from_state() -> None:
        read = [TrustRecord.from_bytes(one) for one in records]
        verify(raw, replace(known, records=read), moment=MOMENT, private=False)

    return {
        "endorsements": departments,
        "inclusion": inclusion,
        "bytes": len(raw),
        "later ms": milliseconds(later, LATER),
        "from state ms": milliseconds(from_state, LATER),
        "first ms": milliseconds(first, FIRST),
    }


def main() -> None:
    """Print the table, and the same as JSON."""
    rows = [
        row(count, inclusion=inclusion) for count in ENDORSEMENTS for inclusion in (False, True)
    ]
    table = Table(title="Verifying a proof: processor time, median")
    for column in rows[0]:
        table.add_column(column, justify="right")
    for one in rows:
        table.add_row(*map(str, one.values()))
    Console().print(table)
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
