"""Blocks of a channel as files, each the bytes of common.Block as `peer channel fetch` writes it."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from fabric_protos.common import common_pb2

from pyfabric.errors import ClientError, DecodeError, LedgerError
from pyfabric.local import files
from pyfabric.messages.blocks import channel_of, parse_block
from pyfabric.rules.validation.form import transaction_id
from pyfabric.rules.verification.faults import ChainFaultError
from pyfabric.rules.verification.links import Link, check_link, read_block

SUFFIX: Final = ".block"
_DIGITS: Final = 8


class BlockFiles:
    """The blocks in a folder (every file `*.block`), or in one file, by their numbers.

    A file whose name is a number, as `export_blocks` writes it, has the block of that number; every other file is
    read once to learn its number. Raises ClientError where there are no blocks, or a number is there twice, and
    DecodeError for a file that is not a block.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files: dict[int, Path] = {}
        for file in sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]:
            number = int(file.stem) if _is_number(file) else _parse(file).header.number
            if number in self._files:
                raise ClientError(
                    f"{path}: {self._files[number].name} and {file.name} are both block {number}"
                )
            self._files[number] = file
        if not self._files:
            raise ClientError(f"{path}: there are no blocks (*{SUFFIX})")

    @property
    def start(self) -> int:
        """The number of the earliest block."""
        return min(self._files)

    @property
    def height(self) -> int:
        """One more than the number of the newest block."""
        return max(self._files) + 1

    @property
    def channel(self) -> str:
        """The channel, as the earliest block's transactions name it; raises DecodeError."""
        return channel_of(_parse(self._files[self.start]))

    def block(self, number: int) -> bytes:
        """Return a block (bytes of common.Block); raises ClientError if it is not there."""
        file = self._files.get(number)
        if file is None:
            raise ClientError(
                f"{self.path}: there is no block {number}, only blocks from {self.start} to {self.height - 1}"
            )
        return file.read_bytes()

    def blocks(self, start: int = 0) -> Iterator[bytes]:
        """Yield the blocks that are there, from a number on, in their order."""
        for number in sorted(self._files):
            if number >= start:
                yield self._files[number].read_bytes()

    def block_of(self, wanted: str) -> bytes:
        """Return the earliest block with a transaction of this id; raises ClientError, and DecodeError."""
        for number, file in sorted(self._files.items()):
            if wanted in map(transaction_id, _parse(file).data.data):
                return self.block(number)
        raise ClientError(f"{self.path}: no block has a transaction with the id {wanted}")


def export_blocks(
    blocks_from: Callable[[int], Iterable[bytes]],
    folder: Path,
    *,
    start: int = 0,
    report: Callable[[int], None] = lambda _: None,
) -> BlockFiles:
    """Write a channel's blocks to a folder, a file for each, and return what is there then.

    `blocks_from` yields the blocks (bytes of common.Block) from a number on. What an earlier export wrote is read
    again and continued; an empty folder begins with the block `start`. Each block must follow the one before it
    and have its own data, or LedgerError is raised: it, and all after it, are not written. `report` is called
    with each number that was written.
    """
    link = _written(folder)
    with files.reported(folder, LedgerError):
        files.make_folder(folder)
    for raw in blocks_from(start if link is None else link.number + 1):
        link = _checked(raw, link, folder)
        files.write_public(folder / _name(link.number), raw, error=LedgerError)
        report(link.number)
    return BlockFiles(folder)


def _written(folder: Path) -> Link | None:
    """Return the newest block of an earlier export, after all its blocks have been checked."""
    link = None
    if any(folder.glob(f"*{SUFFIX}")):
        for raw in BlockFiles(folder).blocks():
            link = _checked(raw, link, folder)
    return link


def _checked(raw: bytes, before: Link | None, folder: Path) -> Link:
    try:
        return check_link(read_block(raw, 0 if before is None else before.number + 1), before)
    except ChainFaultError as error:
        raise LedgerError(
            f"{folder}: {error.fault}; check the folder's channel, and delete that block and those after it"
        ) from error


def _name(number: int) -> str:
    return f"{number:0{_DIGITS}}{SUFFIX}"


def _is_number(file: Path) -> bool:
    return file.suffix == SUFFIX and file.stem.isascii() and file.stem.isdigit()


def _parse(file: Path) -> common_pb2.Block:
    """Return the block in a file; raises DecodeError that names the file."""
    try:
        return parse_block(file.read_bytes())
    except DecodeError as error:
        raise DecodeError(f"{file}: {error}") from error
