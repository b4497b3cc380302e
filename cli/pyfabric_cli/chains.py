"""Where inspections read a channel's blocks: at the department's peers, or in files."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from pyfabric.errors import ClientError
from pyfabric_cli import options
from pyfabric_cli.acting import Actor, AskingPeer

if TYPE_CHECKING:  # files need no client of a peer
    from pyfabric.admin.peers import ChainInfo
    from pyfabric.admin.signatures import SignatureCheck
    from pyfabric.gateway import Network


class Chain(Protocol):
    """A channel's blocks from `start` to `height` - 1, each as bytes of common.Block."""

    @property
    def channel(self) -> str:
        """The channel's name."""
        ...

    @property
    def start(self) -> int:
        """The number of the earliest block there is."""
        ...

    @property
    def height(self) -> int:
        """One more than the number of the newest block."""
        ...

    def block(self, number: int) -> bytes:
        """Return a block; raises ClientError if it is not there."""
        ...

    def blocks(self, start: int = 0) -> Iterator[bytes]:
        """Yield the blocks from a number on, in their order."""
        ...

    def block_of(self, wanted: str) -> bytes:
        """Return the block with a transaction of this id; raises an error of this project if there is none."""
        ...


@dataclass(frozen=True)
class PeerChain:
    """A `Chain` as the department's peers have it."""

    actor: Actor
    network: "Network"

    @property
    def channel(self) -> str:
        """The channel's name."""
        return self.actor.channel

    @cached_property
    def info(self) -> "ChainInfo":
        """The channel's height and last hashes, as they were when first asked for."""
        return self.actor.chain_info()

    @property
    def start(self) -> int:
        """The number of the earliest block that the peer has: above 0 if it joined by a snapshot."""
        return self.info.start

    @property
    def height(self) -> int:
        """One more than the number of the newest block."""
        return self.info.height

    def block(self, number: int) -> bytes:
        """Return a block; raises ClientError if it is not there."""
        from pyfabric_network import reading

        if self.start and number < self.start:
            raise ClientError(
                f"the peer joined {self.channel} by a snapshot: it has blocks from {self.start} on, not {number}; ask "
                "another peer"
            )
        if number >= self.height:
            raise ClientError(
                f"{self.channel} has blocks {self.start} to {self.height - 1}, not {number}"
            )
        return reading.block(self.network, number).raw

    def blocks(self, start: int = 0) -> Iterator[bytes]:
        """Yield the blocks from a number on, in their order."""
        from pyfabric_network import reading

        first = max(start, self.start)
        for found in reading.blocks(self.network, self.height, start=first, checkpoint=None):
            yield found.raw

    def block_of(self, wanted: str) -> bytes:
        """Return the block with a transaction of this id; raises what the peer answers if there is none."""
        from pyfabric_network import reading

        return reading.block_of(self.network, wanted).raw


@dataclass(frozen=True)
class Inspecting(AskingPeer):
    """One run of a command that reads a channel's blocks: in files, or else at the department's peers."""

    source: options.Source = None

    @contextmanager
    def chain(self) -> Iterator[Chain]:
        """Hold the blocks; raises ClientError for files of another channel than the given one."""
        if self.source is None:
            with self.actor.gateway() as gateway:
                yield PeerChain(self.actor, gateway.network(self.actor.channel))
            return
        from pyfabric.admin.block_files import BlockFiles

        files = BlockFiles(self.source)
        if self.channel not in (None, files.channel):
            raise ClientError(
                f"{self.source}: these are blocks of {files.channel}, not of {self.channel}"
            )
        yield files


def newest_hashes(chain: Chain) -> tuple[bytes, bytes]:
    """Return the hashes of the last two blocks; a peer has them also of a snapshot, without the blocks."""
    from pyfabric.messages.events import Block

    if isinstance(chain, PeerChain):
        return chain.info.current_hash, chain.info.previous_hash
    newest = Block.from_bytes(chain.block(chain.height - 1))
    return newest.hash, newest.previous_hash


def signature_check(chain: Chain, number: int) -> "SignatureCheck":
    """Return a check under the configuration in force for a block, as far as that is known."""
    from pyfabric.admin.signatures import SignatureCheck

    before = config_before(chain, number)
    if before is not None:
        return SignatureCheck.from_block(before)
    config = config_at_start(chain)
    return SignatureCheck() if config is None else SignatureCheck.from_config(config, chain.channel)


def config_before(chain: Chain, number: int) -> bytes | None:
    """Return the configuration block that was in force for a block; None for block 0, and if it is not there."""
    from pyfabric.admin.config.history import config_block_at

    if not number:
        return None
    with suppress(ClientError):
        return chain.block(config_block_at(chain.block, number))
    return None


def config_at_start(chain: Chain) -> bytes | None:
    """Return the configuration in force at the earliest block, where there is no block before it.

    It is known at a peer that joined by a snapshot, as long as the channel's configuration has not changed since:
    then it is the present one. None where it is not known, or not needed.
    """
    from pyfabric.admin.config.history import config_block_numbers

    if not chain.start or not isinstance(chain, PeerChain) or chain.start == chain.height:
        return None
    if config_block_numbers(chain.block, chain.start, chain.height):
        return None
    return chain.actor.channel_config()
