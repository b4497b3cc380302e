"""A checkpoint in a file that is whole at every moment, also when the machine stops."""

import os
import tempfile
from pathlib import Path

from pyfabric.client.checkpoints import Checkpoint
from pyfabric.errors import ClientError, DecodeError


def load(path: Path) -> Checkpoint:
    """The checkpoint in a file, or an empty one where there is no file.

    Raises ClientError, naming the file, when it can't be read or holds something else.
    """
    try:
        return Checkpoint.from_json(path.read_bytes())
    except FileNotFoundError:
        return Checkpoint()
    except (OSError, DecodeError) as error:
        raise ClientError(f"{path}: cannot read the checkpoint: {error}") from error


def store(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the file, so that after a crash it holds the old checkpoint or the new one.

    Blocks for the milliseconds of a sync to disk. Raises ClientError.
    """
    try:
        _replace(path, checkpoint.to_json())
    except OSError as error:
        raise ClientError(f"{path}: cannot write the checkpoint: {error}") from error


def _replace(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the renaming itself durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
