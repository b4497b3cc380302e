"""What a contract is made of: its class, its functions, and the context that each call gets."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from pyfabric.chaincode.async_stub import AsyncStub
from pyfabric.chaincode.client import ClientIdentity
from pyfabric.chaincode.stub import Stub
from pyfabric.chaincode.transaction_info import TransactionInfo
from pyfabric.errors import ContractError

F = TypeVar("F", bound=Callable[..., object])

_MARK = "__fabric_function_kind__"


class FunctionKind(StrEnum):
    """Whether a function is meant to be submitted or evaluated (the tag in the metadata)."""

    SUBMIT = "submit"
    EVALUATE = "evaluate"


def transaction(function: F) -> F:
    """Offer a method as a function to submit."""
    setattr(function, _MARK, FunctionKind.SUBMIT)
    return function


def query(function: F) -> F:
    """Offer a method as a function to evaluate: what it writes is lost."""
    setattr(function, _MARK, FunctionKind.EVALUATE)
    return function


def function_kind(function: object) -> FunctionKind | None:
    """Return how a method was offered; None if it was not."""
    kind: FunctionKind | None = getattr(function, _MARK, None)
    return kind


class _Caller:
    def __init__(self, info: TransactionInfo) -> None:
        self._info = info

    @cached_property
    def client(self) -> ClientIdentity:
        """Who sent the transaction."""
        return ClientIdentity(self._info.creator)


class Context(_Caller):
    """What a function of a `Contract` is given: the stub, and who calls."""

    def __init__(self, stub: Stub) -> None:
        super().__init__(stub)
        self.stub = stub


class AsyncContext(_Caller):
    """What a function of an `AsyncContract` is given."""

    def __init__(self, stub: AsyncStub) -> None:
        super().__init__(stub)
        self.stub = stub


class ContractBase:
    """What both kinds of contract share.

    `name` is how callers name it ("name:function"), by default the class's own name. `title` and
    `version` appear in the metadata.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    version: ClassVar[str] = ""

    @classmethod
    def contract_name(cls) -> str:
        """Return `name`, or else the class's own name."""
        return cls.name or cls.__name__

    @classmethod
    def describe_function(cls, _function: str) -> Mapping[str, Any]:
        """Return what the metadata have of a function beside its types and its docstring: members named `x-…`."""
        return {}


class Contract(ContractBase):
    """A contract whose functions are ordinary methods; each call runs in a thread of its own.

    A function takes the context and then its arguments, each with a type hint: see
    `pyfabric.chaincode.conversion`. One instance serves every call: keep no state in it.
    """

    def before_transaction(self, ctx: Context) -> None:
        """Run before each known function; raising refuses the transaction."""

    def after_transaction(self, ctx: Context, result: object) -> None:
        """Run after each function that returned; raising refuses the transaction."""

    def unknown_transaction(
        self, ctx: Context, function: str, arguments: Sequence[bytes]
    ) -> object:
        """Run instead of a function that the contract does not have; returns the result."""
        raise unknown_function(function)


class AsyncContract(ContractBase):
    """A contract whose functions are coroutines; they run on the server's loop and must not block."""

    async def before_transaction(self, ctx: AsyncContext) -> None:
        """Run before each known function; raising refuses the transaction."""

    async def after_transaction(self, ctx: AsyncContext, result: object) -> None:
        """Run after each function that returned; raising refuses the transaction."""

    async def unknown_transaction(
        self, ctx: AsyncContext, function: str, arguments: Sequence[bytes]
    ) -> object:
        """Run instead of a function that the contract does not have; returns the result."""
        raise unknown_function(function)


def unknown_function(function: str) -> ContractError:
    """Return the refusal of a function that does not exist, in the words of Fabric's own runtime."""
    return ContractError(f"You've asked to invoke a function that does not exist: {function}")
