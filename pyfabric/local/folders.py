"""The files of a folder, read whole, without what lies outside it."""

import os
from collections.abc import Callable
from pathlib import Path

from pyfabric.errors import FabricError


def read_folder(
    folder: Path, *, skip: Callable[[str], bool], most: int, error: type[FabricError]
) -> dict[str, bytes]:
    """Return a folder's files by their paths below it, in the order of these, with slashes.

    Folders whose own name `skip` accepts are left out. A link to a file inside is read as that file. Raises
    `error` for a link that leads out of the folder or to a folder, for what is neither file nor folder, and
    for more than `most` bytes.
    """
    root = folder.resolve()
    if not root.is_dir():
        raise error(f"{folder} is not a folder")
    found: dict[str, bytes] = {}
    total = 0
    for above, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not skip(name)]
        for name in [*names, *(one for one in folders if Path(above, one).is_symlink())]:
            file = Path(above, name)
            _check_kind(file, root, error)
            content = found[file.relative_to(root).as_posix()] = file.read_bytes()
            if (total := total + len(content)) > most:
                raise error(f"{folder} has more than {most} bytes")
    return dict(sorted(found.items()))


def _check_kind(file: Path, root: Path, error: type[FabricError]) -> None:
    inside = file.resolve()
    if file.is_symlink() and not inside.is_relative_to(root):
        raise error(
            f"{file} is a link that leads out of the folder, to {inside}: copy what it stands for"
        )
    if not inside.is_file():
        kind = "a link to no file" if file.is_symlink() else "neither a file nor a folder"
        raise error(f"{file} is {kind}")
    try:
        str(file).encode()
    except UnicodeEncodeError as fault:
        raise error(f"{file!r} has a name that is not text in UTF-8") from fault
