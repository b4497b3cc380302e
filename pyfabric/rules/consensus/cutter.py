"""When ordered messages become a block: by count and by bytes, as Fabric's block cutter decides.

Source: orderer/common/blockcutter of Fabric 3.1. A message's size is that of its payload and its
signature. Time is left to the caller, who calls `cut` when it has waited long enough.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pyfabric.rules.configuration.channel_config import BatchSettings, ChannelConfig


@dataclass(frozen=True, slots=True)
class Message:
    """A message to be ordered: an envelope's bytes, and its size as batches count it.

    `verified_under` is the configuration under which its creator's signature was verified, and `again`
    checks it under another one (raises OrdererError). A configuration brings `config`. `identifier`
    distinguishes a request from all others.
    """

    envelope: bytes
    size: int
    verified_under: ChannelConfig | None = None
    again: "Callable[[ChannelConfig], Message] | None" = None
    config: ChannelConfig | None = None
    identifier: str = ""


@dataclass(slots=True)
class Cutting:
    """Whether every message gets a block of its own at once, instead of what the channel says."""

    at_once: bool = False


class BlockCutter:
    """The messages that wait for their block."""

    def __init__(self) -> None:
        self._pending: list[Message] = []
        self._size = 0

    @property
    def pending(self) -> bool:
        """Whether any message waits."""
        return bool(self._pending)

    def add(self, message: Message, batch: BatchSettings) -> list[list[Message]]:
        """Take a message; the answer is the batches that are now full, at most two."""
        full = []
        if message.size > batch.preferred_max_bytes:
            if self._pending:
                full.append(self.cut())
            return [*full, [message]]
        if self._size + message.size > batch.preferred_max_bytes:
            full.append(self.cut())
        self._pending.append(message)
        self._size += message.size
        if len(self._pending) >= batch.max_message_count:
            full.append(self.cut())
        return full

    def cut(self) -> list[Message]:
        """Take everything that waits."""
        batch, self._pending, self._size = self._pending, [], 0
        return batch
