"""The files below a folder that this process holds open."""

import os
from pathlib import Path


def open_files(folder: Path) -> list[str]:
    """Return the names of the open files below a folder, as Linux lists them."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = Path(os.readlink(descriptor))  # noqa: PTH115 - the target need not exist
        except FileNotFoundError:  # the descriptor of the listing itself
            continue
        if target.is_relative_to(folder):
            found.append(target.name)
    return sorted(found)
