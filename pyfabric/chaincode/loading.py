"""Contract classes found by name: "module:Class"."""

import importlib
from collections.abc import Sequence

from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.contract import AsyncContract, Contract
from pyfabric.errors import ConfigError


def load_chaincode(names: Sequence[str]) -> Chaincode:
    """Return the chaincode of these contract classes, the first being its default contract.

    A module is imported once in a process. Raises ConfigError for a name that leads to no contract.
    """
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
