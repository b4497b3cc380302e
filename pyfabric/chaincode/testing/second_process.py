"""The process in which a test ledger runs contract code a second time.

Over the connection come calls (`Call`). Each is answered with what the contract asks of its peer (`Ask`),
to which `bytes` or a `Refusal` comes back, and at last with its `Result`, or with an `Unavailable` if the
contract cannot be imported here.
"""

import importlib
import importlib.util
import pickle
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.invocation import Invocation
from pyfabric.chaincode.testing.calling import Type, call
from pyfabric.errors import StateError


@dataclass(frozen=True, slots=True)
class Pickled:
    """Contracts of a chaincode, pickled, and the files of the modules that define them."""

    contracts: bytes
    modules: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a chaincode; `folders` are those that its modules are imported from."""

    chaincode: Pickled
    invocation: Invocation
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request of the contract to its peer."""

    kind: Type
    payload: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """The peer's refusal of a request."""

    text: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why the contract cannot be run in this process."""

    reason: str


class SecondProcess:
    """The child's side of the connection."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self._connection = connection
        self._loaded: dict[Pickled, Chaincode] = {}

    def serve(self) -> None:
        """Run calls until the other side is gone."""
        while True:
            try:
                self._run(self._connection.recv())
            except EOFError:
                return

    def _run(self, given: Call) -> None:
        try:
            chaincode = self._chaincode(given)
        except Exception as error:  # noqa: BLE001 - whatever an import raises: it is reported
            self._connection.send(Unavailable(f"{type(error).__name__}: {error}"))
            return
        self._connection.send(call(chaincode, given.invocation, self._ask))

    def _ask(self, kind: Type, payload: bytes) -> bytes:
        self._connection.send(Ask(kind, payload))
        while isinstance(answer := self._connection.recv(), Call):  # of another chaincode meanwhile
            self._run(answer)
        if isinstance(answer, Refusal):
            raise StateError(answer.text)
        answered: bytes = answer
        return answered

    def _chaincode(self, given: Call) -> Chaincode:
        sys.path[:] = given.folders
        if given.chaincode not in self._loaded:
            for name, file in given.chaincode.modules:
                _load(name, file)
            contracts = pickle.loads(given.chaincode.contracts)  # noqa: S301 - from our own parent
            self._loaded[given.chaincode] = Chaincode(contracts)
        return self._loaded[given.chaincode]


def _load(name: str, file: str) -> None:
    """Import a module: by its name, or from its file if that is not where the name leads."""
    found: ModuleType | None
    try:
        found = importlib.import_module(name)
    except ImportError:
        found = None
    if found is not None and _same(found, file):
        return
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python module")
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


def _same(module: ModuleType, file: str) -> bool:
    return module.__file__ is not None and Path(module.__file__).resolve() == Path(file).resolve()


def main(descriptor: int) -> None:
    """Run calls that come over this descriptor."""
    SecondProcess(Connection(descriptor)).serve()
