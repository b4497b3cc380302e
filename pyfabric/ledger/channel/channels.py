"""The channels of this process, each in a file of its own under one folder."""

import fcntl
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BufferedWriter
from pathlib import Path

from fabric_protos.common import common_pb2

from pyfabric.errors import ConfigError, LedgerError
from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.channel.database import delete_database
from pyfabric.local import files
from pyfabric.messages.config_blocks import config_from_block

_SUFFIX = ".ledger"


class Channels(Mapping[str, Channel]):
    """The channels by name. The folder belongs to one process at a time; `close` gives it back."""

    def __init__(self, folder: Path) -> None:
        """Open all channels of a folder; raises LedgerError if one is damaged or the folder in use."""
        self._folder = folder
        self._lock = _lock(folder)
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-writer")
        self._channels: dict[str, Channel] = {}
        try:
            for path in sorted(folder.glob(f"*{_SUFFIX}")):
                self._open(path)
        except LedgerError:
            self.close()
            raise

    def __getitem__(self, channel_id: str) -> Channel:
        return self._channels[channel_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._channels)

    def __len__(self) -> int:
        return len(self._channels)

    def create(self, genesis: common_pb2.Block) -> Channel:
        """Return the channel that begins with this block, made if it is not there.

        Raises ConfigError if the block makes no channel, LedgerError if the channel has another block 0.
        """
        channel_id, _ = config_from_block(genesis)
        found = self._channels.get(channel_id)
        if found is None:
            found = Channel.create(self._path(channel_id), genesis, self._writer)
            self._channels[channel_id] = found
        else:
            first = found.block(0)
            if first is None or first.header != genesis.header:
                raise LedgerError(
                    f"channel {channel_id} began with another genesis block: join it with that one"
                )
        return found

    def restore(self, channel_id: str, image: bytes) -> None:
        """Set a channel back to what it was, or make it again if it was removed."""
        found = self._channels.get(channel_id)
        if found is not None:
            found.restore(image)
        else:
            path = self._path(channel_id)
            files.write_public(path, image, error=LedgerError)
            self._open(path)

    def remove(self, channel_id: str) -> None:
        """Delete a channel, which nobody may be using."""
        self._channels.pop(channel_id).close()
        delete_database(self._path(channel_id))

    def close(self) -> None:
        """Wait for the disk, then close all channels."""
        self._writer.shutdown(wait=True)
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()
        self._lock.close()

    def _path(self, channel_id: str) -> Path:
        return self._folder / f"{channel_id}{_SUFFIX}"

    def _open(self, path: Path) -> None:
        try:
            channel = Channel.open(path, self._writer)
        except ConfigError as error:
            raise LedgerError(f"{path}: the channel's configuration is damaged: {error}") from error
        self._channels[channel.channel_id] = channel


def _lock(folder: Path) -> BufferedWriter:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("wb")
    except OSError as error:
        raise LedgerError(f"{folder}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise LedgerError(
            f"{folder}: another ledger process is using this folder: stop it first"
        ) from error
    return lock
