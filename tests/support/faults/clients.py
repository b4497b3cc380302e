"""The clients of a run of faults, each a process that may be killed: one writes keys, one reads events.

    python -m tests.support.faults.clients write|read PROFILE RECORD PREFIX SECONDS

Each line of RECORD is one thing that happened, in JSON, with its time on the machine's monotonic clock. A
reader's record is its checkpoint too: what is in it was processed, and nothing else.
"""

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from pyfabric_network import load_profile

from pyfabric.errors import CommitError, GatewayError
from pyfabric.gateway import ChaincodeEvent, Checkpoint, Contract, Gateway, connect

CHANNEL, CONTRACT = "bills", "sample"
AT_ONCE = 300


class Record:
    """A file of lines that a killed process leaves whole, except for the last one."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def add(self, did: str, **facts: Any) -> None:
        """Write what happened, in one write."""
        self._file.write(json.dumps({"t": time.monotonic(), "did": did, **facts}).encode() + b"\n")


def read_record(path: Path) -> list[dict[str, Any]]:
    """Return what a record holds; a last line that was cut off is left out."""
    if not path.exists():
        return []
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    return [json.loads(line) for line in whole.splitlines()]


def write(contract: Contract, key: str, record: Record) -> None:
    """Write one key, and record how that ended."""
    record.add("sent", key=key)
    try:
        contract.submit("put", key, "value")
    except (GatewayError, CommitError) as error:
        code = error.code.name if error.code is not None else ""
        record.add("failed", key=key, kind=type(error).__name__, code=code, text=str(error)[:300])
    else:
        record.add("done", key=key)


def write_steadily(gateway: Gateway, record: Record, prefix: str, every: float) -> None:
    """Begin to write a key every so often, however long the ones before take."""
    contract = gateway.network(CHANNEL).contract(CONTRACT)
    begun = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number in count():
            time.sleep(max(0.0, begun + number * every - time.monotonic()))
            pool.submit(write, contract, f"{prefix}-{number}", record)


@dataclass
class RecordedPosition:
    """A checkpointer whose file is the record itself."""

    position: Checkpoint


def read_events(gateway: Gateway, record: Record, path: Path) -> None:
    """Record every event of the contract, going on after the last one in the record."""
    seen = [one for one in read_record(path) if one["did"] == "event"]
    last = seen[-1] if seen else None
    at = RecordedPosition(
        Checkpoint.after_transaction(last["block"], last["tx"]) if last else Checkpoint(0)
    )
    event: ChaincodeEvent
    with gateway.network(CHANNEL).chaincode_events(CONTRACT, checkpoint=at) as events:
        for event in events:
            key = event.payload.decode()
            record.add("event", key=key, tx=event.transaction_id, block=event.block_number)


def trim(path: Path) -> None:
    """Remove a last line that a kill cut off."""
    if path.exists():
        whole, newline, _ = path.read_bytes().rpartition(b"\n")
        path.write_bytes(whole + newline)


def main(arguments: list[str]) -> None:
    """Write or read until killed."""
    kind, profile_file, path, prefix, every = arguments
    profile = load_profile(Path(profile_file))
    trim(Path(path))
    record = Record(Path(path))
    work: dict[str, Callable[[Gateway], None]] = {
        "write": lambda gateway: write_steadily(gateway, record, prefix, float(every)),
        "read": lambda gateway: read_events(gateway, record, Path(path)),
    }
    try:
        with connect(profile.user("Admin"), profile.peers) as gateway:
            work[kind](gateway)
    except Exception as error:
        record.add("ended", text=f"{type(error).__name__}: {error}"[:300])
        raise


if __name__ == "__main__":
    main(sys.argv[1:])
