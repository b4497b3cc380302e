"""Faults of a chain: what does not hold, in which block and transaction."""

from dataclasses import dataclass
from enum import StrEnum

from pyfabric.errors import FabricError


class FaultKind(StrEnum):
    """What does not hold."""

    BLOCK = "block"
    """The bytes are not a block, or a part of it cannot be read."""
    NUMBER = "number"
    """A block is missing, repeated or in another place."""
    GENESIS_HASH = "genesis hash"
    """The earliest block is not the one whose hash was given."""
    PREVIOUS_HASH = "previous hash"
    """The block does not follow the one before it."""
    DATA_HASH = "data hash"
    """The block's transactions are not those of its header."""
    ORDERERS = "orderer signatures"
    """The orderers' signatures do not satisfy the channel's policy BlockValidation."""
    LAST_CONFIGURATION = "last configuration"
    """The block names another configuration block than the newest one."""
    CONFIGURATION = "configuration"
    """The configuration is invalid, or not what its signed update makes."""
    FLAGS = "validation codes"
    """The block does not have a validation code for each of its transactions."""
    CODE = "validation code"
    """A transaction is marked with another code than follows from the blocks."""
    COMMIT_HASH = "commit hash"
    """The block has another commit hash than follows from the codes and writes."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that does not hold in a chain.

    `transaction_number` is the transaction's place in its block; it is None, and `transaction_id` empty, for
    a fault of the block itself. `reason` is for people.
    """

    kind: FaultKind
    block_number: int
    reason: str
    transaction_number: int | None = None
    transaction_id: str = ""

    def __str__(self) -> str:
        place = f"block {self.block_number}"
        if self.transaction_number is not None:
            place += f", transaction {self.transaction_number}"
        if self.transaction_id:
            place += f" ({self.transaction_id})"
        return f"{place}: {self.kind}: {self.reason}"


class ChainFaultError(FabricError):
    """Ends a verification. Never leaves the function that runs it."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def fail(kind: FaultKind, block_number: int, reason: str) -> ChainFaultError:
    """Return the error for a fault of a block."""
    return ChainFaultError(Fault(kind, block_number, reason))
