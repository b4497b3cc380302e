"""Checkpointers: a program says what it has processed, and its next stream goes on from there."""

import asyncio
from pathlib import Path

from pyfabric._grpc import checkpoint_file
from pyfabric.client.checkpoints import Checkpoint
from pyfabric.messages.events import ChaincodeEvent


class InMemoryCheckpointer:
    """Keeps the position for as long as the program runs."""

    def __init__(self, position: Checkpoint | None = None) -> None:
        self._position = position or Checkpoint()

    @property
    def position(self) -> Checkpoint:
        """The position behind what was processed last."""
        return self._position

    async def checkpoint_block(self, block_number: int) -> None:
        """A whole block was processed."""
        await self._move(Checkpoint.after_block(block_number))

    async def checkpoint_transaction(self, block_number: int, transaction_id: str) -> None:
        """A transaction of a block was processed."""
        await self._move(Checkpoint.after_transaction(block_number, transaction_id))

    async def checkpoint_chaincode_event(self, event: ChaincodeEvent) -> None:
        """A chaincode event was processed."""
        await self.checkpoint_transaction(event.block_number, event.transaction_id)

    async def _move(self, position: Checkpoint) -> None:
        self._position = position


class FileCheckpointer(InMemoryCheckpointer):
    """Keeps the position in a file, which is replaced atomically and synced at every checkpoint.

    The official clients read it and are read. One reader a file. Raises ClientError when the file
    can't be read or written.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        super().__init__(checkpoint_file.load(self._path))
        checkpoint_file.store(self._path, self.position)

    async def _move(self, position: Checkpoint) -> None:
        # A sync to disk takes milliseconds: not in the event loop.
        await asyncio.to_thread(checkpoint_file.store, self._path, position)
        await super()._move(position)
