"""A network's folder replaced as a whole: what an interrupted restore has moved away is moved back.

The new folder is made in a folder of its own, `.restoring-…`, whose lock is held meanwhile. The one that it replaces is
moved in there too, under its name, for the moment between two renames.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from pyfabric.errors import ConfigError, NetworkError
from pyfabric.local import files
from pyfabric_network.state_folder import REPLACING, replaced_networks

_DRAFT: Final = ".new"


@contextmanager
def draft_of_network(folder: Path) -> Iterator[Path]:
    """Make an empty folder for a network in the state folder `folder`; it is removed unless it took a place."""
    with files.reported(folder, ConfigError):
        files.make_folder(folder)
        drafts = Path(mkdtemp(prefix=REPLACING, dir=folder))
    try:
        with _lock(drafts):
            draft = drafts / _DRAFT
            draft.mkdir(mode=0o700)
            yield draft
    finally:
        shutil.rmtree(drafts, ignore_errors=True)


def replace_network(draft: Path, root: Path) -> None:
    """Put a draft at the place of the network in `root`, durably; raise NetworkError, with that one in its place."""
    replaced = draft.with_name(root.name)
    with files.reported(root, NetworkError):
        if root.exists():
            root.rename(replaced)
        try:
            files.rename_folder(draft, root)
        except BaseException:
            if replaced.exists():
                replaced.rename(root)
            raise


def recover(folder: Path) -> None:
    """Move the networks back that interrupted restores have moved away, and remove what these have left.

    A restore that is under way is left alone. Raises ConfigError.
    """
    with files.reported(folder, ConfigError):
        for drafts in folder.glob(f"{REPLACING}*"):
            if not any(drafts.iterdir()):  # one that begins, and has no lock yet
                continue
            with _lock(drafts, wait=False) as is_ours:
                if is_ours:
                    _put_back(drafts)
                    shutil.rmtree(drafts)


def _put_back(drafts: Path) -> None:
    for file in replaced_networks(drafts.parent):
        network, root = file.parent, drafts.parent / file.parent.name
        if network.parent == drafts and not root.exists():
            files.rename(network, root)


@contextmanager
def _lock(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of a folder; yield whether it is held, always after waiting for it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
