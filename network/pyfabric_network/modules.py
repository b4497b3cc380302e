"""The code of contracts that is beside a topology file: which files it is."""

import ast
import re
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
_IMPORTING: Final = ("import_module", "__import__")


def files_of(folder: Path, classes: Iterable[str]) -> dict[str, bytes]:
    """Return the modules and packages in `folder` that have these classes, and those that they import.

    What an import statement names, in whatever place, or a call of `import_module` with a text; packages as
    a whole. Only programs and their data are taken, since keys may be there, and no names that begin with
    a dot. Raises ConfigError for a symbolic link, which may lead anywhere, and for a private key.
    """
    code: dict[str, bytes] = {}
    wanted, seen = [name.partition(":")[0] for name in classes], set[Path]()
    while wanted:
        place = _place(folder, wanted.pop())
        if place is None or place in seen:
            continue
        seen.add(place)
        for file in _files(place):
            content = file.read_bytes()
            if _PRIVATE_KEY.search(content):
                raise ConfigError(
                    f"{file}: holds a private key, which would leave this machine: remove it"
                )
            code[file.relative_to(folder).as_posix()] = content
            if file.suffix == ".py":
                wanted += _imported(content)
    return code


def _place(folder: Path, module: str) -> Path | None:
    """Return the file or the folder of the module's first name, if there is one, as Python looks for it."""
    first, _, rest = module.partition(".")
    if not first.isidentifier():
        return None
    package, file = folder / first, folder / f"{first}.py"
    if (package / "__init__.py").exists():
        return package
    if file.exists() or file.is_symlink():
        return file
    return package if rest and _place(package, rest) is not None else None


def _files(path: Path) -> Iterator[Path]:
    """Yield what is taken of a module or package; raises ConfigError."""
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
        yield path


def _imported(program: bytes) -> Iterator[str]:
    """Yield the names of the modules that a program imports; nothing if Python cannot read it."""
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # its contract host reports the fault
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (one.name for one in names)
            case ast.ImportFrom(module=str(module), level=0, names=names):
                yield module
                yield from (f"{module}.{one.name}" for one in names)
            case ast.Call(func=called, args=[ast.Constant(value=str(name)), *_]):
                if _last_name(called) in _IMPORTING:
                    yield name
            case _:
                pass


def _last_name(called: ast.expr) -> str:
    match called:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
