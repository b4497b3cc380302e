"""The code of a contract as files, and the digest by which departments name it in what they approve."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from pyfabric.errors import ConfigError

DIGEST_LENGTH: Final = 32
"""In hexadecimal digits. With fewer, an author of code can find two texts with one digest."""


def code_digest(files: Mapping[str, bytes]) -> str:
    """Return the digest of a contract's files: the beginning of their `files_digest`."""
    return files_digest(files)[:DIGEST_LENGTH]


def files_digest(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 (hex) of the lines that `sha256sum` prints for files, by path below their folder.

    The lines are in the order of the paths, as bytes. Raises ConfigError for a name that is no line.
    """
    lines = []
    for name in sorted(files, key=str.encode):
        if not name.isprintable() or "\\" in name:
            raise ConfigError(f"{name!r}: a file of a contract cannot have this name: rename it")
        lines.append(f"{sha256(files[name]).hexdigest()}  {name}\n")
    return sha256("".join(lines).encode()).hexdigest()


def read_code(folder: Path) -> dict[str, bytes]:
    """Return all files in a folder of code, by path below it; raises ConfigError for a symbolic link."""
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise ConfigError(f"{path}: is a symbolic link, which code must not have: remove it")
        if path.is_file():
            files[path.relative_to(folder).as_posix()] = path.read_bytes()
    return files


def check_code(folder: Path, digest: str, contract: str) -> None:
    """Raise ConfigError unless the files in the folder are those with this digest."""
    found = code_digest(read_code(folder))
    if found != digest:
        raise ConfigError(
            f"{contract}: the code in {folder} has the digest {found}, and {digest} is wanted: it was "
            "changed there; `pyfabric network up` copies it again if that code is still beside the topology "
            "file, otherwise restore it from a backup"
        )
