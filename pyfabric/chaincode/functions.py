"""A contract's functions, checked and made ready to call when the contract is loaded."""

import inspect
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from inspect import Parameter
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from pyfabric.chaincode.contract import (
    AsyncContract,
    Contract,
    ContractBase,
    FunctionKind,
    function_kind,
)
from pyfabric.chaincode.conversion import Conversion, conversion
from pyfabric.errors import ConfigError, ContractError

_FACTS = ("name", "title", "version")
_HOOKS = ("before_transaction", "after_transaction", "unknown_transaction")


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a function: `required` if a call must bring it."""

    name: str
    conversion: Conversion
    required: bool


@dataclass(frozen=True, slots=True)
class Function:
    """A function that callers may name. `rest` takes any number of further arguments."""

    name: str
    kind: FunctionKind
    arguments: tuple[Argument, ...]
    rest: Argument | None
    result: Conversion
    call: Callable[..., Any]

    def read(self, given: Sequence[bytes]) -> list[Any]:
        """Return the values of the arguments; raises ContractError that names the one that is wrong."""
        self._check_count(len(given))
        extra = len(given) - len(self.arguments)
        rest = () if self.rest is None else (self.rest,) * extra
        expected = enumerate((*self.arguments, *rest), start=1)
        return [
            _read(argument, position, data)
            for (position, argument), data in zip(expected, given, strict=False)
        ]

    def write(self, value: object) -> bytes:
        """Return the bytes of the function's result; raises ContractError if it has the wrong type."""
        try:
            return self.result.write(value)
        except ContractError as error:
            raise ContractError(f"result of {self.name}: {error}") from error

    def _check_count(self, given: int) -> None:
        least = sum(argument.required for argument in self.arguments)
        most = len(self.arguments)
        if given >= least and (self.rest is not None or given <= most):
            return
        wanted = str(most) if least == most else f"{least} to {most}"
        if self.rest is not None:
            wanted = f"at least {least}"
        raise ContractError(f"Expected {wanted} parameters, but {given} have been supplied")


class Declared(NamedTuple):
    """What a method declares of its arguments and its result."""

    arguments: tuple[Argument, ...]
    rest: Argument | None
    result: Conversion


_DECLARED: Final[WeakKeyDictionary[Callable[..., Any], Declared]] = WeakKeyDictionary()
"""What each method declares: contracts of one class, and of one base, read their type hints once."""


def load_functions(contract: Contract | AsyncContract) -> dict[str, Function]:
    """Return the functions of a contract by name; raises ConfigError for what could not be called."""
    kind = type(contract)
    is_async = isinstance(contract, AsyncContract)
    functions = {}
    for name, method, offered_as in _offered(kind):
        _check_colour(kind, name, method, is_async=is_async)
        functions[name] = _function(contract, name, method, offered_as)
    for name in _FACTS:
        if not isinstance(getattr(kind, name), str):
            raise ConfigError(
                f"{kind.__name__}.{name} cannot describe the contract: it must be a text"
            )
    for name in _HOOKS:
        _check_colour(kind, name, getattr(kind, name), is_async=is_async)
    if not functions:
        raise ConfigError(
            f"{kind.__name__} offers no function: mark methods with @transaction or @query"
        )
    return functions


def _offered(kind: type[ContractBase]) -> Iterator[tuple[str, Callable[..., Any], FunctionKind]]:
    """Yield the transaction methods in the order of the class body, those of base classes first."""
    names = {name: None for base in reversed(kind.__mro__) for name in vars(base)}
    for name in names:
        method = getattr(kind, name)
        offered_as = function_kind(method)
        if offered_as is not None:
            yield name, method, offered_as


def _check_colour(
    kind: type[ContractBase], name: str, method: Callable[..., Any], *, is_async: bool
) -> None:
    if inspect.iscoroutinefunction(method) != is_async:
        wrong = "not a coroutine" if is_async else "a coroutine: derive from AsyncContract"
        raise ConfigError(f"{kind.__name__}.{name} is {wrong}")
    if inspect.isgeneratorfunction(method) or inspect.isasyncgenfunction(method):
        raise ConfigError(f"{kind.__name__}.{name} yields: return a list instead")


def _function(
    contract: Contract | AsyncContract,
    name: str,
    method: Callable[..., Any],
    kind: FunctionKind,
) -> Function:
    if method not in _DECLARED:
        _DECLARED[method] = _declared(f"{type(contract).__name__}.{name}", method)
    found = _DECLARED[method]
    return Function(name, kind, *found, call=getattr(contract, name))


def _declared(where: str, method: Callable[..., Any]) -> Declared:
    hints = _hints(where, method)
    declared = list(inspect.signature(method).parameters.values())[2:]
    arguments = [_argument(where, each, hints) for each in declared]
    has_rest = bool(declared) and declared[-1].kind is Parameter.VAR_POSITIONAL
    if "return" not in hints:
        raise ConfigError(f"{where}: the result needs a type hint (-> None if there is none)")
    return Declared(
        arguments=tuple(arguments[:-1] if has_rest else arguments),
        rest=arguments[-1] if has_rest else None,
        result=_conversion(f"{where}: result", hints["return"]),
    )


def _hints(where: str, method: Callable[..., Any]) -> dict[str, Any]:
    if len(inspect.signature(method).parameters) < 2:
        raise ConfigError(f"{where}: the first argument must be the context")
    try:
        return typing.get_type_hints(method, include_extras=True)
    except (NameError, TypeError) as error:
        raise ConfigError(f"{where}: a type hint cannot be resolved: {error}") from error


def _argument(where: str, declared: Parameter, hints: dict[str, Any]) -> Argument:
    place = f"{where}: argument {declared.name!r}"
    if declared.kind in (Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD):
        raise ConfigError(f"{place} is keyword-only: arguments have no names on the wire")
    if declared.name not in hints:
        raise ConfigError(f"{place} needs a type hint")
    is_rest = declared.kind is Parameter.VAR_POSITIONAL
    return Argument(
        name=declared.name,
        conversion=_conversion(place, hints[declared.name]),
        required=declared.default is Parameter.empty and not is_rest,
    )


def _conversion(place: str, hint: Any) -> Conversion:
    try:
        return conversion(hint)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from error


def _read(argument: Argument, position: int, data: bytes) -> Any:
    """Return an argument's value; a refusal of its type keeps code and facts, and says of which argument it is."""
    try:
        return argument.conversion.read(data)
    except ContractError as error:
        raise error.inside(
            f"argument {position} ({argument.name})",
            f"参数 {position}（{argument.name}）",
            argument=argument.name,
        ) from error
