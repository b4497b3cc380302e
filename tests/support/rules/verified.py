"""A real chain verified block by block, with a state kept before each block to begin from again."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache

from pyfabric.rules.state.memory import MemoryState
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import VersionedValue
from pyfabric.rules.verification.chain import ChainVerification, VerifiedBlock
from pyfabric.rules.verification.faults import ChainFaultError, Fault
from tests.support.rules import history

CHANNEL = "records"


class Replayed(MemoryState):
    """`ReplayedState` in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()

    def has_transaction(self, transaction_id: str) -> bool:
        """Return whether a transaction of this id was verified."""
        return transaction_id in self.ids

    def commit(self, updates: Updates, transaction_ids: Sequence[str] = ()) -> None:
        """Take over a block."""
        super().commit(updates)
        self.ids.update(transaction_ids)

    def copy(self) -> "Replayed":
        """Return a state that changes apart from this one."""
        other = Replayed()
        other.ids = copy(self.ids)
        other._values: dict[str, dict[str, VersionedValue]] = {
            namespace: copy(values) for namespace, values in self._values.items()
        }
        other._written = {
            namespace: {block: copy(keys) for block, keys in written.items()}
            for namespace, written in self._written.items()
        }
        return other


@dataclass(frozen=True)
class After:
    """What is known after a block of the history."""

    state: Replayed
    verified: VerifiedBlock
    commit_hash: bytes

    def next(self) -> ChainVerification:
        """Return a verification whose next block is the one after."""
        state, link = self.state.copy(), self.verified.link
        chain = ChainVerification.from_state(state, CHANNEL, link, self.commit_hash)
        chain._has_codes = True  # as blocks before had them
        return chain


def raw(number: int) -> bytes:
    """Return a block of the history."""
    return history.blocks()[number].SerializeToString()


@cache
def verified() -> tuple[After, ...]:
    """Return what is known after each block of the history."""
    state = Replayed()
    chain, genesis = ChainVerification.from_genesis(raw(0), state)
    found = [After(state.copy(), genesis, b"")]
    for number in range(1, history.HEIGHT):
        block = chain.add(raw(number))
        commit_hash = bytes.fromhex(history.decoded()[number]["commit_hash"])
        found.append(After(state.copy(), block, commit_hash))
    return tuple(found)


def fault_of(number: int, block: bytes) -> Fault | None:
    """Return the fault of a block that takes the place of one of the history."""
    try:
        if number:
            verified()[number - 1].next().add(block)
        else:
            ChainVerification.from_genesis(block, Replayed())
    except ChainFaultError as error:
        return error.fault
    return None
