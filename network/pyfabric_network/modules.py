"""The Python modules of contracts that are beside a topology file, rather than installed."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from pyfabric.errors import ConfigError
from pyfabric.local import files

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
    ConfigError for a symbolic link, which may lead anywhere, and for a private key; nothing is copied then.
    """
    for name, content in _modules(source, classes).items():
        files.write_public(target / name, content, error=ConfigError)


def keep_modules(source: Path, target: Path, classes: Iterable[str]) -> None:
    """Make `target` hold what `copy_modules` copies, and nothing else; it stays the same folder.

    Containers have mounted it. Compiled modules go too: their age in whole seconds would hide a change.
    """
    wanted = _modules(source, classes)
    with files.reported(target, ConfigError):
        target.mkdir(parents=True, exist_ok=True)
        for path in sorted(target.rglob("*"), reverse=True):
            if path.is_dir() and not path.is_symlink():
                with suppress(OSError):  # it holds something that stays
                    path.rmdir()
            elif path.relative_to(target) not in wanted:
                path.unlink()
    for name, content in wanted.items():
        file = target / name
        if not file.exists() or file.read_bytes() != content:
            files.write_public(file, content, error=ConfigError)


def _modules(source: Path, classes: Iterable[str]) -> dict[Path, bytes]:
    """Return what is to be copied, by its path below `source`; raises ConfigError."""
    found = sorted(source.iterdir()) if source.is_dir() else []
    importable = {path.stem: path for path in found if _is_module(path)}
    wanted = {name.partition(":")[0].partition(".")[0] for name in classes}
    if not wanted & importable.keys():
        return {}
    return {
        file.relative_to(source): content
        for path in importable.values()
        for file, content in _files(path)
    }


def _files(path: Path) -> Iterator[tuple[Path, bytes]]:
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
        content = path.read_bytes()
        if _PRIVATE_KEY.search(content):
            raise ConfigError(
                f"{path}: holds a private key, which would leave this machine: remove it"
            )
        yield path, content


def _is_module(path: Path) -> bool:
    return path.suffix == ".py" or (path / "__init__.py").exists()
