"""Files that are durable and whole: a crash of the machine leaves the old contents or the new ones.

What replaces `name` is written to `.name.new` beside it, synced, and renamed; then the folder is synced, so
that the renaming survives too. The draft is removed after a failure, and one that a crash left is replaced
by the next; two programs that replace the same file wait for each other.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from pyfabric.errors import FabricError

PUBLIC: Final = 0o644
PRIVATE: Final = 0o600
PROGRAM: Final = 0o755
_FOLDERS: Final = {PRIVATE: 0o700}


def write(path: Path, content: bytes, *, error: type[FabricError], mode: int = PUBLIC) -> None:
    """Replace a file durably, whole or not at all; missing folders are made.

    The new file has `mode` (less the umask), whatever the old one had; a folder that is made for a
    PRIVATE file is 0700. Raises `error`, naming the file.
    """
    with reported(path, error):
        make_folder(path.parent, mode=_FOLDERS.get(mode, 0o777))
    with replacing(path, error=error, mode=mode) as file:
        file.write(content)


def write_public(path: Path, content: bytes, *, error: type[FabricError]) -> None:
    """Replace a file that anybody may read (0644); see `write`."""
    write(path, content, error=error, mode=PUBLIC)


def write_private(path: Path, content: bytes, *, error: type[FabricError]) -> None:
    """Replace a file that its owner alone may read (0600); see `write`."""
    write(path, content, error=error, mode=PRIVATE)


@contextmanager
def replacing(path: Path, *, error: type[FabricError], mode: int = PUBLIC) -> Iterator[IO[bytes]]:
    """Give a file to write, which replaces `path` when the block succeeds; its folder exists.

    After any exception in the block, `path` is as it was. See `write` for the rest.
    """
    draft = path.with_name(f".{path.name}.new")
    with reported(path, error), os.fdopen(_open_draft(draft, mode), "w+b") as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            rename(draft, path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def _open_draft(draft: Path, mode: int) -> int:
    """Open an empty draft that no other program writes; it stays locked until it is closed."""
    while True:
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, mode)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(draft, descriptor):
                if _is_new(descriptor, mode):
                    return descriptor
                draft.unlink()
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    """Return whether an open file is still the one of that name: its last writer may have renamed it."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _is_new(descriptor: int, mode: int) -> bool:
    """Return whether a draft is empty and not open to more people than `mode` (a crash may leave one)."""
    found = os.fstat(descriptor)
    return found.st_size == 0 and stat.S_IMODE(found.st_mode) & ~mode == 0


def rename(draft: Path, path: Path) -> None:
    """Move a synced file durably to `path`; raises OSError."""
    draft.replace(path)
    sync(path.parent)


def rename_folder(draft: Path, path: Path) -> None:
    """Move a folder durably, with everything in it, to `path`, which does not exist; raises OSError."""
    for part in (*draft.rglob("*"), draft):
        sync(part)
    rename(draft, path)


def make_folder(path: Path, *, mode: int = 0o777) -> None:
    """Make a folder durably, unless it exists, with those above it; raises OSError.

    `mode` is that of the folder itself; those above it are made as usual.
    """
    if path.is_dir():
        return
    make_folder(path.parent)
    with suppress(FileExistsError):  # another program was faster
        path.mkdir(mode=mode)
    sync(path.parent)


def sync(path: Path) -> None:
    """Make a file's contents, or the names in a folder, survive a crash; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def reported(path: Path, error: type[FabricError]) -> Iterator[None]:
    """Turn an OSError of the block into `error`, naming the file."""
    try:
        yield
    except OSError as cause:
        raise error(f"cannot write {path}: {cause.strerror or cause}") from cause
