"""A chain of blocks verified as a whole, and what of it could not be."""

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final

from fabric_protos.common import configtx_pb2

from pyfabric._state_table import STATE_TABLE, StateTable, write_changes, write_entries
from pyfabric.admin.snapshot_files import PeerSnapshot
from pyfabric.errors import ClientError, DecodeError
from pyfabric.messages.blocks import channel_of, parse_block
from pyfabric.messages.decoding import decode
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.verification.chain import ChainVerification, VerifiedBlock
from pyfabric.rules.verification.faults import ChainFaultError, Fault, FaultKind, fail
from pyfabric.rules.verification.later_start import LaterVerification
from pyfabric.rules.verification.links import Link

__all__ = ["Fault", "FaultKind", "Verification", "verify_chain"]

_IDS: Final = "CREATE TABLE ids (id TEXT PRIMARY KEY) WITHOUT ROWID;"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was verified of a chain of blocks, up to the fault if there is one.

    The blocks from `start` to `height` - 1 hold; the hashes (bytes) are of the headers of the earliest and the newest
    of them. `transactions` counts by validation code; of `compared` transactions the code was computed from the blocks
    and is the one that they are marked with. In `signed` blocks the orderers' signatures hold. `unchecked` names, in
    sentences, what could not be checked.
    """

    channel: str
    start: int
    height: int
    first_hash: bytes
    current_hash: bytes
    signed: int
    configurations: int
    transactions: Mapping[str, int]
    compared: int
    unchecked: tuple[str, ...]
    fault: Fault | None


def verify_chain(
    blocks: Iterable[bytes],
    *,
    genesis_hash: bytes | None = None,
    config: bytes | None = None,
    snapshot: Path | None = None,
    report: Callable[[int], None] = lambda _: None,
) -> Verification:
    """Verify a channel's blocks (each the bytes of common.Block), in their order, up to the first fault.

    Hashes, orderers' signatures, configurations, and the code of each transaction are computed again, by the rules and
    under the configuration and definitions of their time. `genesis_hash` is the hash that the header of the earliest
    block must have, with which trust begins.

    Where the earliest block is not a genesis block, `config` (bytes of common.Config) is the configuration in force
    there. `snapshot` is the folder of a peer's snapshot of the block before: with its state, and as far as it is right,
    everything is verified, not a part only.

    State is kept in a temporary file, so that memory does not grow with the chain. `report` is called with each block's
    number. Raises ClientError without blocks, ConfigError for a channel whose rules are older than Fabric 2.0, and
    ClientError or DecodeError for a snapshot that cannot be used.
    """
    remaining = iter(blocks)
    earliest = next(remaining, None)
    if earliest is None:
        raise ClientError("there are no blocks to verify")
    with _temporary_state() as state:
        found = _Findings(genesis_hash)
        found.snapshot = None if snapshot is None else _taken(snapshot, state)
        try:
            for verified in _verified(chain([earliest], remaining), state, found, config):
                found.take(verified)
                report(verified.link.number)
        except ChainFaultError as error:
            found.fault = error.fault
    return found.result()


def _verified(
    blocks: Iterator[bytes], state: "_ReplayedTable", found: "_Findings", config: bytes | None
) -> Iterator[VerifiedBlock]:
    """Yield what is verified of each block, the earliest one first; raises ChainFaultError."""
    earliest = next(blocks)
    found.channel, number = _place(earliest)
    if found.snapshot is not None:
        yield from map(_after(found.snapshot, state).add, chain([earliest], blocks))
    elif number:
        known = decode(configtx_pb2.Config, config) if config is not None else None
        later = LaterVerification(
            None if known is None else ChannelConfig(known, channel_id=found.channel)
        )
        yield from map(later.add, chain([earliest], blocks))
    else:
        whole, genesis = ChainVerification.from_genesis(earliest, state)
        yield genesis
        yield from map(whole.add, blocks)


def _taken(folder: Path, state: "_ReplayedTable") -> PeerSnapshot:
    """Take a snapshot's state, once its files have been compared with its hashes."""
    snapshot = PeerSnapshot.read(folder)
    snapshot.check()
    state.load(snapshot)
    return snapshot


def _after(snapshot: PeerSnapshot, state: "_ReplayedTable") -> ChainVerification:
    link = Link(snapshot.block_number, snapshot.block_hash)
    return ChainVerification.from_state(state, snapshot.channel, link, snapshot.commit_hash)


def _place(raw: bytes) -> tuple[str, int]:
    """Return the channel and the number of a block; raises ChainFaultError."""
    try:
        block = parse_block(raw)
        return channel_of(block), block.header.number
    except DecodeError as error:
        raise fail(FaultKind.BLOCK, 0, str(error)) from error


@dataclass(slots=True)
class _Findings:
    """What has been verified so far."""

    genesis_hash: bytes | None
    channel: str = ""
    snapshot: PeerSnapshot | None = None
    first: VerifiedBlock | None = None
    newest: VerifiedBlock | None = None
    blocks: int = 0
    signed: int = 0
    configurations: int = 0
    compared: int = 0
    private_writes: int = 0
    commit_hashes: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    fault: Fault | None = None

    def take(self, verified: VerifiedBlock) -> None:
        """Count a block; raises ChainFaultError for an earliest one that has another hash than the given one."""
        link = verified.link
        if self.first is None:
            if self.genesis_hash is not None and link.hash != self.genesis_hash:
                raise fail(
                    FaultKind.GENESIS_HASH,
                    link.number,
                    f"it has the hash {link.hash.hex()}, not {self.genesis_hash.hex()}",
                )
            self.first = verified
        self.newest = verified
        self.blocks += 1
        self.signed += verified.is_signed
        self.configurations += verified.is_configuration
        self.compared += verified.compared_codes
        self.private_writes += verified.private_writes
        self.commit_hashes += verified.has_commit_hash
        self.codes.update(code.name for code in verified.codes)

    def result(self) -> Verification:
        return Verification(
            channel=self.channel,
            start=0 if self.first is None else self.first.link.number,
            height=0 if self.newest is None else self.newest.link.number + 1,
            first_hash=b"" if self.first is None else self.first.link.hash,
            current_hash=b"" if self.newest is None else self.newest.link.hash,
            signed=self.signed,
            configurations=self.configurations,
            transactions=dict(self.codes.most_common()),
            compared=self.compared,
            unchecked=tuple(self._unchecked()),
            fault=self.fault,
        )

    def _unchecked(self) -> Iterator[str]:
        if self.first is None or self.newest is None:
            return
        first, newest = self.first.link, self.newest.link
        if self.snapshot is not None:
            yield (
                f"blocks 0 to {self.snapshot.block_number}, and the state after them: taken from the snapshot with the "
                f"hash {self.snapshot.hash.hex()}; compare it with another peer's snapshot of that block"
            )
        elif self.genesis_hash is None:
            yield (
                f"whether block {first.number} is the channel's own: no hash was given to compare it with, and "
                f"it has {first.hash.hex()}"
            )
        yield f"whether there are blocks after {newest.number}: compare the height at several peers"
        if first.number and self.snapshot is None:
            yield (
                f"blocks 0 to {first.number - 1} are not there: without them nobody knows the state, so that endorsement "
                "policies, versions of keys and repeated ids were not checked, nor the codes that follow from them"
            )
        unsigned = self.blocks - self.signed - (not first.number)
        if unsigned:
            yield f"the orderers' signatures of {unsigned} blocks: no configuration of their time is there"
        missing = self.codes.total() - self.compared
        if missing and (self.snapshot is not None or not first.number):
            yield (
                f"the codes of {missing} transactions: the blocks have none, as those of orderers, so that they were "
                "computed and not compared"
            )
        if not self.commit_hashes and self.blocks > 1:
            yield "commit hashes: " + (
                "the state is not known"
                if first.number and self.snapshot is None
                else "the blocks have none"
            )
        if self.private_writes:
            yield (
                f"the private data that {self.private_writes} transactions wrote: blocks hold their hashes, not "
                "their values"
            )


class _ReplayedTable(StateTable):
    """`ReplayedState` in a database of its own."""

    def has_transaction(self, transaction_id: str) -> bool:
        """Return whether a verified block has a transaction of this id."""
        row = self.connection.execute("SELECT 1 FROM ids WHERE id=?", (transaction_id,))
        return row.fetchone() is not None

    def load(self, snapshot: PeerSnapshot) -> None:
        """Take over a snapshot; raises DecodeError."""
        write_entries(self.connection, snapshot.state())
        self.connection.executemany(
            "INSERT INTO ids VALUES (?)", ((one,) for one in snapshot.transaction_ids())
        )

    def commit(self, updates: Updates, transaction_ids: Sequence[str]) -> None:
        """Take over what a block writes, and its transactions' ids."""
        write_changes(self.connection, updates)
        self.connection.executemany(
            "INSERT OR IGNORE INTO ids VALUES (?)", [(one,) for one in transaction_ids]
        )


@contextmanager
def _temporary_state() -> Iterator[_ReplayedTable]:
    """Hold an empty state in a temporary file, which nothing has to survive."""
    with (
        tempfile.TemporaryDirectory(prefix="pyfabric-verify-") as folder,
        closing(sqlite3.connect(Path(folder) / "state", isolation_level=None)) as connection,
    ):
        for setting in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE"):
            connection.execute(f"PRAGMA {setting}")
        connection.executescript(STATE_TABLE + _IDS)
        connection.execute("BEGIN")
        yield _ReplayedTable(connection)
