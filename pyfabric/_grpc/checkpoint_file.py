"""A checkpoint in a file, which is complete at every moment, also when the machine stops."""

from pathlib import Path

from pyfabric.client.checkpoints import Checkpoint
from pyfabric.errors import ClientError, DecodeError
from pyfabric.local import files


def load(path: Path) -> Checkpoint:
    """Return the checkpoint in a file, or an empty one where there is no file.

    Raises ClientError that names the file when it cannot be read or holds something else.
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
    with files.replacing(path, error=ClientError, mode=files.PRIVATE) as file:
        file.write(checkpoint.to_json())
