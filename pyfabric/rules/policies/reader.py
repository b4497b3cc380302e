"""The expressions in which policies are written: calls, texts and numbers, read into nodes."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from pyfabric.errors import PolicySyntaxError

MAX_DEPTH: Final = 40

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<text>'[^'\\\n]*'|"[^"\\\n]*"|`[^`]*`)
    | (?P<number>[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})
    | (?P<name>[^\W\d][\w$.]*)
    | (?P<sign>[(),;+*-])
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
Operation: TypeAlias = Callable[[float, float], float]
_SUMS: Final[Mapping[str, Operation]] = {"+": operator.add, "-": operator.sub}


@dataclass(frozen=True, slots=True)
class Number:
    """A number, whole or not."""

    value: float
    position: int


@dataclass(frozen=True, slots=True)
class Text:
    """What stands between quotes."""

    value: str
    position: int


@dataclass(frozen=True, slots=True)
class Function:
    """A function with its arguments."""

    name: str
    arguments: tuple["Expression", ...]
    position: int


Expression: TypeAlias = Number | Text | Function


def read(source: str) -> Expression:
    """Return the one expression in `source`; raises PolicySyntaxError."""
    reader = _Reader(source)
    node = reader.sum(0)
    reader.skip(";")
    reader.finish()
    return node


def read_arguments(source: str) -> tuple[Expression, ...]:
    """Return the expressions in `source`, one or more with commas between; raises PolicySyntaxError."""
    reader = _Reader(source)
    nodes = [reader.sum(0)]
    while reader.skip(","):
        nodes.append(reader.sum(0))
    reader.finish()
    return tuple(nodes)


class _Reader:
    """A recursive-descent reader with one token of look-ahead."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._kind, self._value, self._position, self._next = "", "", 0, 0
        self._advance()

    def sum(self, depth: int) -> Expression:
        left = self._product(depth)
        while self._kind == "sign" and self._value in _SUMS:
            operation = _SUMS[self._advance()]
            left = self._calculate(operation, left, self._product(depth))
        return left

    def skip(self, sign: str) -> bool:
        if self._kind == "sign" and self._value == sign:
            self._advance()
            return True
        return False

    def finish(self) -> None:
        if self._kind != "end":
            raise self._error(f"unexpected {self._value!r}: the policy should end here")

    def _product(self, depth: int) -> Expression:
        left = self._factor(depth)
        while self.skip("*"):
            left = self._calculate(operator.mul, left, self._factor(depth))
        return left

    def _factor(self, depth: int) -> Expression:
        position = self._position
        if depth > MAX_DEPTH:
            raise self._error(f"nested more than {MAX_DEPTH} deep")
        if self.skip("-"):
            return self._calculate(operator.sub, Number(0, position), self._factor(depth + 1))
        if self.skip("("):
            node = self.sum(depth + 1)
            self._expect(")")
            return node
        kind, value = self._kind, self._value
        if kind == "number":
            self._advance()
            return Number(float(value) if "." in value else int(value), position)
        if kind == "text":
            self._advance()
            return Text(value[1:-1], position)
        if kind == "name":
            return self._function(depth)
        raise self._error("the policy ends too early" if kind == "end" else f"unexpected {value!r}")

    def _function(self, depth: int) -> Function:
        position = self._position
        name = self._advance()
        if not self.skip("("):
            raise self._error(
                f"unknown name {name}: a principal stands in quotes, 'MSP.role'", position
            )
        arguments: list[Expression] = []
        while not self.skip(")"):
            if arguments:
                self._expect(",")
                if self.skip(")"):
                    break
            arguments.append(self.sum(depth + 1))
        return Function(name, tuple(arguments), position)

    def _calculate(self, operation: Operation, left: Expression, right: Expression) -> Number:
        return Number(operation(self._number(left), self._number(right)), left.position)

    def _number(self, node: Expression) -> float:
        if isinstance(node, Number):
            return node.value
        raise self._error("only numbers can be added, subtracted or multiplied", node.position)

    def _expect(self, sign: str) -> None:
        if not self.skip(sign):
            found = "the end" if self._kind == "end" else repr(self._value)
            raise self._error(f"expected {sign!r}, found {found}")

    def _advance(self) -> str:
        """Step to the next token; the answer is the text of the one left behind."""
        left_behind = self._value
        match = _TOKEN.match(self._source, self._next)
        if match is None:
            rest = self._source[self._next :]
            self._position = self._next + len(rest) - len(rest.lstrip())
            raise self._error(f"unexpected character {rest.lstrip()[0]!r}")
        self._kind = match.lastgroup or "end"
        self._value = match[self._kind]
        self._position = match.start(self._kind)
        self._next = match.end()
        return left_behind

    def _error(self, message: str, position: int | None = None) -> PolicySyntaxError:
        place = self._position if position is None else position
        return PolicySyntaxError(
            f"{message} (character {place + 1} of {self._source!r})", position=place
        )
