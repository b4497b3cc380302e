"""All channels of this process, each in a file of its own under one folder."""

import fcntl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BufferedWriter
from pathlib import Path
from types import MappingProxyType

from fabric_protos.common import common_pb2

from pyfabric.errors import ConfigError, LedgerError
from pyfabric.ledger.channel.channel import ChannelLedger
from pyfabric.ledger.channel.store import remove
from pyfabric.local import files
from pyfabric.messages.config_blocks import config_from_block

_SUFFIX = ".ledger"


class Ledgers:
    """The channels' ledgers. The folder belongs to one process at a time; `close` gives it back."""

    def __init__(self, folder: Path) -> None:
        """Open all ledgers of a folder; raises LedgerError if one is damaged or the folder in use."""
        self._folder = folder
        self._lock = _lock(folder)
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-writer")
        self._ledgers: dict[str, ChannelLedger] = {}
        try:
            for path in sorted(folder.glob(f"*{_SUFFIX}")):
                self._open(path)
        except LedgerError:
            self.close()
            raise

    @property
    def channels(self) -> Mapping[str, ChannelLedger]:
        """The ledgers by channel, as they are now and will be."""
        return MappingProxyType(self._ledgers)

    def create(self, genesis: common_pb2.Block) -> ChannelLedger:
        """The ledger that begins with this block, made if it is not there.

        Raises ConfigError if the block makes no channel, LedgerError if the channel has another block 0.
        """
        channel_id, _ = config_from_block(genesis)
        found = self._ledgers.get(channel_id)
        if found is None:
            path = self._folder / f"{channel_id}{_SUFFIX}"
            found = ChannelLedger.create(path, genesis, self._writer)
            self._ledgers[channel_id] = found
        else:
            first = found.block(0)
            if first is None or first.header != genesis.header:
                raise LedgerError(f"channel {channel_id} began with another genesis block")
        return found

    def restore(self, channel_id: str, image: bytes) -> ChannelLedger:
        """Set a channel's ledger back to what it was, or make it again if it was removed."""
        found = self._ledgers.get(channel_id)
        if found is not None:
            self._ledgers[channel_id] = found.restored(image)
        else:
            path = self._folder / f"{channel_id}{_SUFFIX}"
            files.write_public(path, image, error=LedgerError)
            self._open(path)
        return self._ledgers[channel_id]

    def remove(self, channel_id: str) -> None:
        """Delete a channel's ledger, which nobody may be using."""
        self._ledgers.pop(channel_id).close()
        remove(self._folder / f"{channel_id}{_SUFFIX}")

    def close(self) -> None:
        """Wait for the disk, then close all ledgers."""
        self._writer.shutdown(wait=True)
        for ledger in self._ledgers.values():
            ledger.close()
        self._ledgers.clear()
        self._lock.close()

    def _open(self, path: Path) -> None:
        try:
            ledger = ChannelLedger.open(path, self._writer)
        except ConfigError as error:
            raise LedgerError(f"{path}: the channel's configuration is damaged: {error}") from error
        self._ledgers[ledger.channel_id] = ledger


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
        raise LedgerError(f"{folder}: another ledger process is using this folder") from error
    return lock
