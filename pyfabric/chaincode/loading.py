"""Contract classes found by name: "module:Class"."""

import importlib
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.contract import AsyncContract, Contract
from pyfabric.errors import ConfigError

_OURS: Final = __name__.partition(".")[0]
_INSTALLED: Final = tuple(
    Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")
)


def load_chaincode(names: Sequence[str], folder: Path | None = None) -> Chaincode:
    """Return the chaincode of these contract classes, the first being its default contract.

    Modules are imported from `folder`, if one is given, before all other places. A module is imported once
    in a process, and again after a failure; those of folders beside `folder` are other contracts' or
    versions'. Raises ConfigError for a name that leads to no contract, or what a module or a class raises.
    """
    if folder is not None:
        _import_first_from(folder)
    before = set(sys.modules)
    try:
        return Chaincode([_load(name) for name in names])
    except BaseException:
        _forget(set(sys.modules) - before)
        raise


def _load(name: str) -> Contract | AsyncContract:
    module_name, separator, class_name = name.partition(":")
    if not separator:
        raise ConfigError(f"{name!r} does not name a contract: write module:Class")
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise ConfigError(f"{name}: {error}") from error
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, Contract | AsyncContract)):
        raise ConfigError(f"{name}: module {module_name} has no contract class {class_name}")
    contract: Contract | AsyncContract = found()
    return contract


def _forget(names: set[str]) -> None:
    """Remove these modules, to be imported again, except libraries: their classes must not exist twice."""
    for name in names:
        if name.partition(".")[0] != _OURS and not _is_installed(sys.modules[name]):
            del sys.modules[name]


def _import_first_from(folder: Path) -> None:
    beside = folder.parent
    sys.path[:] = [str(folder), *(path for path in sys.path if path != str(folder))]
    for name, module in list(sys.modules.items()):
        places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
        if any(place is not None and Path(place).is_relative_to(beside) for place in places):
            del sys.modules[name]


def _is_installed(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return file is None or any(Path(file).is_relative_to(folder) for folder in _INSTALLED)
