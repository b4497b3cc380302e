"""Writing key material: whole files, replaced at once, keys readable by their owner alone."""

import os
from contextlib import suppress
from pathlib import Path


def write_public(path: Path, content: bytes) -> None:
    """Write a file that anybody may read (0644); its folders are made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, content, 0o644)


def write_private(path: Path, content: bytes) -> None:
    """Write a file for its owner alone (0600), also where an older file allowed more.

    A folder that has to be made is 0700.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _replace(path, content, 0o600)


def _replace(path: Path, content: bytes, mode: int) -> None:
    draft = path.with_name(f".{path.name}.new")
    with suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
