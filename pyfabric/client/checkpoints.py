"""Checkpoints: how far a program has processed events, and the JSON in which that is kept."""

import json
from dataclasses import dataclass
from typing import Protocol, Self

from pyfabric.errors import DecodeError


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The block to resume with, and its last transaction that is processed already.

    Both are None before anything was processed.
    """

    block_number: int | None = None
    transaction_id: str | None = None

    @classmethod
    def after_block(cls, block_number: int) -> Self:
        """Return the position after a whole block."""
        return cls(block_number + 1)

    @classmethod
    def after_transaction(cls, block_number: int, transaction_id: str) -> Self:
        """Return the position after one transaction of a block."""
        return cls(block_number, transaction_id)

    def to_json(self) -> bytes:
        """Return one line of JSON, as the official Node client's file checkpointer writes it."""
        fields: dict[str, str] = {}
        if self.block_number is not None:
            fields["blockNumber"] = str(self.block_number)
        if self.transaction_id:
            fields["transactionId"] = self.transaction_id
        return json.dumps(fields, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> Self:
        """Read `to_json`, or the official Go client's form; raises DecodeError."""
        try:
            fields = json.loads(raw) if raw.strip() else {}
            number = fields.get("blockNumber")
            transaction = fields.get("transactionId")
            position = cls(None if number is None else int(number), transaction or None)
        except (ValueError, TypeError, AttributeError) as error:
            raise DecodeError(f"not a checkpoint: {raw[:80]!r}") from error
        if (position.block_number or 0) < 0 or not isinstance(transaction, str | None):
            raise DecodeError(f"not a checkpoint: {raw[:80]!r}")
        return position


class Checkpointer(Protocol):
    """The position at which a stream of events resumes."""

    @property
    def position(self) -> Checkpoint:
        """The position after what was processed last."""
        ...
