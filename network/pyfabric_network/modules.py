"""The Python modules of contracts that are beside a topology file, rather than installed."""

import shutil
from collections.abc import Iterable
from pathlib import Path


def copy_modules(source: Path, target: Path, classes: Iterable[str]) -> None:
    """Copy every module and package of `source` to `target`, if these contract classes are among them.

    A contract may import any other. Nothing else is copied: keys may be below `source`.
    """
    found = sorted(source.iterdir()) if source.is_dir() else []
    importable = {path.stem: path for path in found if _is_module(path)}
    wanted = {name.partition(":")[0].partition(".")[0] for name in classes}
    if not wanted & importable.keys():
        return
    for path in importable.values():
        if path.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(path, target / path.name, ignore=ignored)
        else:
            shutil.copyfile(path, target / path.name)


def _is_module(path: Path) -> bool:
    return path.suffix == ".py" or (path / "__init__.py").exists()
