"""Where tests keep their files: in memory, where the machine has room for it.

The nodes of a test make every block durable, and calls have the deadlines of applications. Beside tests that delete many
files, one fsync of an ext4 disk mounted with `discard` took 10 s; in memory it takes none.
"""

import os
import tempfile
from pathlib import Path
from typing import Final

SHARED_MEMORY: Final = Path("/dev/shm")
NEEDED_BYTES: Final = 4 << 30


def keep_files_in_memory() -> None:
    """Keep the temporary files of this process and of those that it starts in memory, unless TMPDIR is set."""
    if "TMPDIR" not in os.environ and _is_fit(SHARED_MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(SHARED_MEMORY)


def _is_fit(folder: Path) -> bool:
    """Return whether a folder has room for all files of the tests, and programs in it may be run."""
    try:
        found = os.statvfs(folder)
    except FileNotFoundError:
        return False
    return found.f_bavail * found.f_frsize >= NEEDED_BYTES and not found.f_flag & os.ST_NOEXEC
