"""The Python modules of contracts that are beside a topology file, rather than installed."""

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pyfabric.errors import ConfigError

_COPIED: Final = frozenset(
    (
        ".py",
        ".pyi",
        ".typed",
        ".json",
        ".yaml",
        ".yml",
        ".toml",
        ".txt",
        ".md",
        ".csv",
        ".xml",
        ".sql",
    )
)
_PRIVATE_KEY: Final = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")


def copy_modules(source: Path, target: Path, classes: Iterable[str]) -> None:
    """Copy every module and package of `source` to `target`, if these contract classes are among them.

    A contract may import any other. Nothing else is copied, since keys may be below `source`: no
    names that begin with a dot, and of packages only what programs and their data are made of. Raises
    ConfigError for a symbolic link, which may lead anywhere, and for a private key.
    """
    found = sorted(source.iterdir()) if source.is_dir() else []
    importable = {path.stem: path for path in found if _is_module(path)}
    wanted = {name.partition(":")[0].partition(".")[0] for name in classes}
    if not wanted & importable.keys():
        return
    for path in importable.values():
        for file in _files(path):
            copied = target / file.relative_to(source)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copied, follow_symlinks=False)


def _files(path: Path) -> Iterator[Path]:
    """Yield what is copied of a module or package; raises ConfigError."""
    if path.is_symlink():
        raise ConfigError(
            f"{path}: is a symbolic link: contracts are copied without what lies elsewhere; put the "
            "file itself there"
        )
    if path.is_dir():
        for below in sorted(path.iterdir()):
            if not below.name.startswith(".") and below.name != "__pycache__":
                yield from _files(below)
    elif path.suffix in _COPIED:
        if _PRIVATE_KEY.search(path.read_bytes()):
            raise ConfigError(
                f"{path}: holds a private key, which would leave this machine: remove it"
            )
        yield path


def _is_module(path: Path) -> bool:
    return path.suffix == ".py" or (path / "__init__.py").exists()
