"""Contract classes found by name: "module:Class"."""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.contract import AsyncContract, Contract
from pyfabric.errors import ConfigError


def load_chaincode(names: Sequence[str], folder: Path) -> Chaincode:
    """Return the chaincode of these contract classes, the first being its default contract.

    Modules are imported from `folder` before all other places. A process loads one chaincode. Raises ConfigError for a
    name that leads to no contract, or what a module or a class raises.
    """
    sys.path.insert(0, str(folder))
    return Chaincode([_load(name) for name in names])


def _load(name: str) -> Contract | AsyncContract:
    module_name, separator, class_name = name.partition(":")
    if not separator:
        raise ConfigError(f"{name!r} does not name a contract: write module:Class")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise ConfigError(f"{name}: {error}") from error
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, Contract | AsyncContract)):
        raise ConfigError(f"{name}: module {module_name} has no contract class {class_name}")
    contract: Contract | AsyncContract = found()
    return contract
