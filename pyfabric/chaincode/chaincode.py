"""A chaincode: one or several contracts, and the one way in which a transaction reaches a function."""

import asyncio
import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Generic, TypeVar

from pyfabric.chaincode.async_stub import AsyncExchange, AsyncStub
from pyfabric.chaincode.contract import AsyncContext, AsyncContract, Context, Contract, query
from pyfabric.chaincode.functions import Function, load_functions
from pyfabric.chaincode.invocation import ERROR, OK, Invocation, Result
from pyfabric.chaincode.metadata import SYSTEM_CONTRACT, describe
from pyfabric.chaincode.stub import Exchange, Stub
from pyfabric.errors import ConfigError, ContractError, FabricError
from pyfabric.local.printable import one_line
from pyfabric.messages.json_values import to_json
from pyfabric.messages.refusals import write_refusal
from pyfabric.messages.values import encode_value

_LOG = logging.getLogger(__name__)

_LONGEST_MESSAGE = 1000
_MOST_FRAMES = 20
"""How many frames of a failure are logged; a recursion that is too deep has a thousand."""

C = TypeVar("C", Contract, AsyncContract)


@dataclass(frozen=True, slots=True)
class _Loaded(Generic[C]):
    contract: C
    functions: dict[str, Function]


class _System(Contract):
    """The contract that every chaincode has besides its own."""

    name = SYSTEM_CONTRACT

    def __init__(self, chaincode: "Chaincode") -> None:
        self._chaincode = chaincode

    @query
    def get_metadata(self, _ctx: Context) -> bytes:
        return self._chaincode.metadata


class Chaincode:
    """Contracts that are deployed together and share one namespace of state.

    Functions are called as "Contract:function"; without a contract's name the first one is meant.
    Raises ConfigError if a contract cannot be loaded.
    """

    def __init__(self, contracts: Sequence[Contract | AsyncContract]) -> None:
        if not contracts:
            raise ConfigError("a chaincode needs a contract")
        self.contracts = tuple(contracts)
        self._default = contracts[0].contract_name()
        self._sync: dict[str, _Loaded[Contract]] = {}
        self._async: dict[str, _Loaded[AsyncContract]] = {}
        for contract in contracts:
            self._load(contract)
        system = _System(self)
        offered = {"GetMetadata": load_functions(system)["get_metadata"]}
        self._sync[SYSTEM_CONTRACT] = _Loaded(system, offered)

    @cached_property
    def metadata(self) -> bytes:
        """What `GetMetadata` answers: made when it is first asked for, or by `prepare`."""
        loaded = self._sync | self._async
        names = [contract.contract_name() for contract in self.contracts]
        functions = {name: loaded[name].functions for name in names}
        return to_json(describe(self.contracts, functions))

    def prepare(self) -> None:
        """Make what takes long before the first transaction; raises what makes a type unfit for a description."""
        _ = self.metadata

    def _load(self, contract: Contract | AsyncContract) -> None:
        name = contract.contract_name()
        if name in self._sync or name in self._async:
            raise ConfigError(f"two contracts are named {name!r}")
        if name == SYSTEM_CONTRACT or ":" in name:
            raise ConfigError(f"a contract cannot be named {name!r}")
        functions = load_functions(contract)
        if isinstance(contract, Contract):
            self._sync[name] = _Loaded(contract, functions)
        else:
            self._async[name] = _Loaded(contract, functions)

    def is_async(self, invocation: Invocation) -> bool:
        """Return whether `run_async` runs the invocation, and not `run`."""
        return self._names(invocation)[0] in self._async

    def function_name(self, invocation: Invocation) -> str:
        """Return the function that an invocation calls, with its contract; "unknown" if there is none."""
        contract, name = self._names(invocation)
        loaded = (self._sync | self._async).get(contract)
        return f"{contract}:{name}" if loaded and name in loaded.functions else "unknown"

    def run(self, invocation: Invocation, exchange: Exchange) -> Result:
        """Run a function of a `Contract`; whatever it raises becomes a result of status 500."""
        stub = Stub(invocation, exchange)
        boundary = _Boundary(invocation)
        with boundary:
            name, function = self._names(invocation)
            payload = _call(_find(self._sync, name), function, Context(stub))
            stub.finish_write_batch()
            return Result(OK, "", payload, stub.event)
        return boundary.refusal()

    async def run_async(self, invocation: Invocation, exchange: AsyncExchange) -> Result:
        """Run a function of an `AsyncContract`; whatever it raises becomes a result of status 500."""
        stub = AsyncStub(invocation, exchange)
        boundary = _Boundary(invocation)
        with boundary:
            name, function = self._names(invocation)
            payload = await _call_async(_find(self._async, name), function, AsyncContext(stub))
            await stub.finish_write_batch()
            return Result(OK, "", payload, stub.event)
        return boundary.refusal()

    def _names(self, invocation: Invocation) -> tuple[str, str]:
        """Return the contract and the function that an invocation names."""
        first = invocation.arguments[0] if invocation.arguments else b""
        contract, separator, function = first.decode(errors="replace").partition(":")
        return (contract or self._default, function) if separator else (self._default, contract)


def _find(loaded: dict[str, _Loaded[C]], name: str) -> _Loaded[C]:
    if name not in loaded:
        raise ContractError(f"Contract name is not known: {name}")
    return loaded[name]


def _call(target: _Loaded[Contract], name: str, context: Context) -> bytes:
    given = context.stub.arguments[1:]
    function = target.functions.get(name)
    if function is None:
        return encode_value(target.contract.unknown_transaction(context, name, given))
    values = function.read(given)
    target.contract.before_transaction(context)
    result = function.call(context, *values)
    target.contract.after_transaction(context, result)
    return function.write(result)


async def _call_async(target: _Loaded[AsyncContract], name: str, context: AsyncContext) -> bytes:
    given = context.stub.arguments[1:]
    function = target.functions.get(name)
    if function is None:
        return encode_value(await target.contract.unknown_transaction(context, name, given))
    values = function.read(given)
    await target.contract.before_transaction(context)
    result = await function.call(context, *values)
    await target.contract.after_transaction(context, result)
    return function.write(result)


class _Boundary:
    """Where a contract's errors end, SystemExit too: none may reach the server.

    Errors of this project's kind speak for themselves; any other is named by type and text, and logged
    by the places it passed, never with the data that may be in its text.
    """

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._error: BaseException | None = None

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> bool:
        self._error = error
        return not isinstance(error, asyncio.CancelledError | GeneratorExit)

    def refusal(self) -> Result:
        """Return the result of the invocation that failed."""
        error = self._error
        if isinstance(error, ContractError) and (said := error.refusal) is not None:
            return Result(ERROR, write_refusal(said), b"", None)
        if isinstance(error, FabricError):
            return Result(ERROR, str(error), b"", None)
        if error is not None:
            self._log(error)
        message = f"{type(error).__name__}: {error}"[:_LONGEST_MESSAGE]
        return Result(ERROR, message, b"", None)

    def _log(self, error: BaseException) -> None:
        places = [f"{frame.filename}:{frame.lineno}" for frame in _frames(error)]
        shown = places[::-1][:_MOST_FRAMES]
        if len(places) > _MOST_FRAMES:
            shown.append(f"{len(places) - _MOST_FRAMES} more")
        _LOG.error(
            "transaction %s on channel %s failed: %s at %s",
            one_line(self._invocation.transaction_id),
            one_line(self._invocation.channel_id),
            type(error).__name__,
            " < ".join(shown),
        )


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    """Return where an error passed, without the text of the lines, which would be read from files."""
    places = traceback.walk_tb(error.__traceback__)
    return list(traceback.StackSummary.extract(places, lookup_lines=False))
