"""Checkpointers: they keep what a program has processed, so that its next stream resumes there."""

import asyncio
from pathlib import Path

from pyfabric._grpc import checkpoint_file
from pyfabric.client.checkpoints import Checkpoint
from pyfabric.messages.events import ChaincodeEvent


class InMemoryCheckpointer:
    """A position in memory: it lasts as long as the program."""

    def __init__(self, position: Checkpoint | None = None) -> None:
        self._position = position or Checkpoint()

    @property
    def position(self) -> Checkpoint:
        """The position after what was processed last."""
        return self._position

    async def checkpoint_block(self, block_number: int) -> None:
        """Record that a whole block was processed."""
        await self._move(Checkpoint.after_block(block_number))

    async def checkpoint_transaction(self, block_number: int, transaction_id: str) -> None:
        """Record that a transaction of a block was processed."""
        await self._move(Checkpoint.after_transaction(block_number, transaction_id))

    async def checkpoint_chaincode_event(self, event: ChaincodeEvent) -> None:
        """Record that a chaincode event was processed."""
        await self.checkpoint_transaction(event.block_number, event.transaction_id)

    async def _move(self, position: Checkpoint) -> None:
        self._position = position


class FileCheckpointer(InMemoryCheckpointer):
    """A position in a file, which is replaced atomically and synced to disk at every checkpoint.

    The official clients use the same format. Give each stream a file of its own. Raises ClientError
    when the file cannot be read or written.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        super().__init__(checkpoint_file.load(self._path))
        checkpoint_file.store(self._path, self.position)

    async def _move(self, position: Checkpoint) -> None:
        await asyncio.to_thread(checkpoint_file.store, self._path, position)
        await super()._move(position)
