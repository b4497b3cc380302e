"""Contract code run a second time, in another process whose hash seed is another, and compared.

There the order of sets, `hash` of text, the addresses of objects, the process id and the environment (which
is empty) differ, as they do between the peers of two departments.
"""

import atexit
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from threading import RLock
from typing import Any, Final, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.invocation import OK, Invocation, Result
from pyfabric.chaincode.stub import Exchange
from pyfabric.chaincode.testing.determinism import DeterminismError
from pyfabric.chaincode.testing.second_process import (
    Ask,
    Call,
    Pickled,
    Refusal,
    Unavailable,
)
from pyfabric.errors import StateError

Run: TypeAlias = Callable[[Chaincode, Invocation, Exchange], Result]

_PROGRAM: Final = (
    "import sys; sys.path[:] = sys.argv[2:]\n"
    "from pyfabric.chaincode.testing.second_process import main; main(int(sys.argv[1]))"
)
_DIFFERENT: Final = (
    "the contract came to another {what} when it ran a second time, in another process with another hash "
    "seed{detail}: it depends on the order of a set, on hash(), on an object's address, on the environment or on "
    "what a process keeps between transactions; sort what it iterates over, and use hashlib"
)
_END_SECONDS: Final = 10.0


class Outcome(NamedTuple):
    """What peers must agree on: a contract's result, and what it reads and writes (TxReadWriteSet)."""

    result: Result
    read_write_set: bytes

    def compare(self, second: "Outcome") -> None:
        """Raise DeterminismError if the second run came to another outcome.

        Two refusals may differ in their texts: nobody endorses them.
        """
        if self.result.status != OK and second.result.status != OK:
            return
        for what, one, other in zip(self._fields, self, second, strict=True):
            if one != other:
                detail = f": {one} and {other}" if one == self.result else ""
                raise DeterminismError(
                    _DIFFERENT.format(what=what.replace("_", " "), detail=detail)
                )


class NotComparableError(Exception):
    """The contract cannot be run in another process."""


class _Child:
    """The other process; it ends with this one."""

    def __init__(self) -> None:
        self.parent = os.getpid()
        self.connection, other = Pipe()
        self._process = subprocess.Popen(  # noqa: S603 - the command line is this program's own
            [sys.executable, "-c", _PROGRAM, str(other.fileno()), *sys.path],
            env={"PYTHONHASHSEED": "random"},
            pass_fds=(other.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        other.close()

    def close(self) -> None:
        """Close its connection, and wait until it has stopped."""
        if self.parent == os.getpid():
            self.connection.close()
            self._process.wait(_END_SECONDS)


class SecondRuns:
    """Runs chaincodes in one other process, which is started when it is first needed."""

    def __init__(self) -> None:
        self._child: _Child | None = None
        self._lock = RLock()
        self._pickled: WeakKeyDictionary[Chaincode, Pickled] = WeakKeyDictionary()

    def run(self, chaincode: Chaincode, invocation: Invocation, answer: Exchange) -> Result:
        """Run a function there, with a peer that answers here.

        Raises NotComparableError if its contract cannot be imported there.
        """
        given = Call(self._pickle(chaincode), invocation, tuple(sys.path))
        with self._lock:
            try:
                return self._converse(given, answer)
            except (EOFError, OSError) as error:
                self.close()
                raise NotComparableError("the other process terminated") from error
            except BaseException:  # the child still waits for an answer
                self.close()
                raise

    def _converse(self, given: Call, answer: Exchange) -> Result:
        connection = self._connection()
        connection.send(given)
        while isinstance(asked := connection.recv(), Ask):
            connection.send(_answered(answer, asked))
        if isinstance(asked, Unavailable):
            raise NotComparableError(asked.reason)
        result: Result = asked
        return result

    def close(self) -> None:
        """Stop the other process."""
        child, self._child = self._child, None
        if child is not None:
            atexit.unregister(child.close)
            child.close()

    def _connection(self) -> "Connection[Any, Any]":
        if self._child is None or self._child.parent != os.getpid():
            self._child = _Child()
            atexit.register(self._child.close)
        return self._child.connection

    def _pickle(self, chaincode: Chaincode) -> Pickled:
        if chaincode not in self._pickled:
            self._pickled[chaincode] = _pickled(chaincode)
        return self._pickled[chaincode]


def _pickled(chaincode: Chaincode) -> Pickled:
    contracts = chaincode.contracts
    names = sorted({type(one).__module__ for one in contracts})
    files = {name: getattr(sys.modules.get(name), "__file__", None) for name in names}
    try:
        content = pickle.dumps(contracts)
    except Exception as error:
        raise NotComparableError(str(error)) from error
    return Pickled(content, tuple((name, file) for name, file in files.items() if file is not None))


def _answered(answer: Exchange, asked: Ask) -> bytes | Refusal:
    try:
        return answer(asked.kind, asked.payload)
    except StateError as error:
        return Refusal(str(error))


SECOND_RUNS: Final = SecondRuns()
