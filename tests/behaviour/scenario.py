"""Scenarios: who requests what, what Fabric answers, and what is committed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol
from uuid import uuid4

from tests.behaviour.effects import Effects, read_effects
from tests.behaviour.program import Refused, Request, decode, encode, fill_bytes

ATTRIBUTES = {"role": "registrar"}
"""Of every user's certificate."""

_TRANSACTION = re.compile("[0-9a-f]{64}")
_ATTEMPTS = 20
_CODE = re.compile(rb"\+[0-9a-f]{32}$")
_HEIGHT = re.compile(r"{BlockNum: \d+, TxNum: \d+}")


@dataclass(frozen=True)
class Call:
    """A transaction that somebody proposes: `by` a user of a department, `at` a department's peer."""

    function: str
    argument: bytes
    by: str
    at: str
    chaincode: str
    channel: str
    transient: Mapping[str, bytes]
    is_init: bool


@dataclass(frozen=True)
class Endorsed:
    """A transaction that ran and is not yet ordered; `handle` is the ledger's own."""

    result: bytes
    event: tuple[str, bytes] | None
    read_write_set: bytes
    handle: Any


class RefusalError(Exception):
    """A transaction was refused before it was ordered."""


class ApartError(Exception):
    """The orderer put into several blocks what should have gone into one."""


class Ledger(Protocol):
    """What a scenario runs on."""

    def evaluate(self, call: Call) -> bytes:
        """Return the result; raises RefusalError."""
        ...

    def endorse(self, call: Call) -> Endorsed:
        """Return the endorsed transaction; raises RefusalError."""
        ...

    def commit(self, transactions: Sequence[Endorsed]) -> list[str]:
        """Commit transactions, each in a block of its own, and return their validation codes."""
        ...

    def commit_together(self, transactions: Sequence[Endorsed]) -> list[str]:
        """Commit transactions in one block, and return the codes; raises ApartError."""
        ...


@dataclass(frozen=True)
class Transaction:
    """A step in which a program runs: evaluated, submitted, or only endorsed (with a `name`)."""

    kind: str
    requests: tuple[Request, ...]
    answers: Sequence[Any] | Refused
    name: str = ""
    code: str = "VALID"
    contract: str = "Requests"
    function: str = "run"
    by: str = "EconInfo"
    at: str = ""
    chaincode: str = "requests"
    channel: str = "behaviour"
    transient: Mapping[str, bytes] = field(default_factory=dict)
    event: tuple[str, bytes] | None = None
    effects: Effects | None = None
    is_init: bool = False


@dataclass(frozen=True)
class Commit:
    """A step in which endorsed transactions are ordered, in blocks of their own or in one."""

    names: tuple[str, ...]
    codes: tuple[str, ...]
    together: bool = False


Step = Transaction | Commit


@dataclass(frozen=True)
class Scenario:
    """Steps that belong together. `$` in keys and values is a name that no other scenario has.

    `beyond` names what the test ledger does not simulate and the steps are about; `stub` the only stub
    that they are about.
    """

    name: str
    steps: tuple[Step, ...]
    beyond: str = ""
    stub: str = ""


def evaluate(*requests: Request, answers: Sequence[Any] | None = None, **of: Any) -> Transaction:
    """Run a program for its answers; without `answers` each is None."""
    return _step("evaluate", requests, answers, **of)


def submit(*requests: Request, answers: Sequence[Any] | None = None, **of: Any) -> Transaction:
    """Run a program and commit what it writes."""
    return _step("submit", requests, answers, **of)


def endorse(
    name: str, *requests: Request, answers: Sequence[Any] | None = None, **of: Any
) -> Transaction:
    """Run a program whose transaction a later `commit` names."""
    return _step("endorse", requests, answers, name=name, **of)


def commit(**codes: str) -> Commit:
    """Order transactions, each in a block of its own, with its validation code."""
    return Commit(tuple(codes), tuple(codes.values()))


def commit_together(**codes: str) -> Commit:
    """Order transactions in one block, each with its validation code."""
    return Commit(tuple(codes), tuple(codes.values()), together=True)


def _step(
    kind: str,
    requests: tuple[Request, ...],
    answers: Sequence[Any] | None,
    *,
    refused: str = "",
    **of: Any,
) -> Transaction:
    """Return a step; one that is `refused` insists on its requests."""
    if refused:
        return Transaction(kind, requests, Refused(refused), **({"function": "insist"} | of))
    return Transaction(kind, requests, [None] * len(requests) if answers is None else answers, **of)


def play(scenario: Scenario, ledger: Ledger, contract: str) -> None:
    """Run a scenario with one of the contract's stubs, again if the orderer made several blocks."""
    for _ in range(_ATTEMPTS):
        try:
            return Play(ledger).run(scenario, contract)
        except ApartError:
            continue
    raise AssertionError(f"never in one block in {_ATTEMPTS} attempts")


@dataclass(frozen=True)
class Outcome:
    """How a transaction ran: answers or a refusal, event, read-write set."""

    answers: Any
    event: Any = None
    effects: Any = None


@dataclass
class Play:
    """One run of steps on a ledger."""

    ledger: Ledger
    _endorsed: dict[str, Endorsed] = field(default_factory=dict)
    _seen: list[str] = field(default_factory=list)

    @cached_property
    def _own(self) -> str:
        return f"k{uuid4().hex[:10]}"

    def run(self, scenario: Scenario, contract: str) -> None:
        """Take each step; raises AssertionError at the first whose outcome is not the expected one."""
        for number, step in enumerate(scenario.steps, 1):
            where = f"step {number} of {scenario.name}"
            if isinstance(step, Commit):
                assert self.commit(step) == list(step.codes), where
            else:
                self._check(replace(step, contract=contract), where)

    def _check(self, step: Transaction, where: str) -> None:
        found = self.take(step)
        assert found.answers == step.answers, where
        assert found.event == step.event, where
        if step.effects is not None:
            assert found.effects == step.effects, where
        if step.kind == "submit" and not isinstance(found.answers, Refused):
            assert self.commit(Commit((step.name,), (step.code,))) == [step.code], where

    def take(self, step: Transaction) -> Outcome:
        """Evaluate or endorse; `commit` commits what was endorsed under the step's name."""
        call = self._call(step)
        try:
            if step.kind == "evaluate":
                return Outcome(self._shown(decode(self.ledger.evaluate(call))))
            endorsed = self.ledger.endorse(call)
        except RefusalError as error:
            return Outcome(self._shown(Refused(str(error))))
        self._endorsed[step.name] = endorsed
        effects = read_effects(endorsed.read_write_set, step.chaincode, call.argument.decode())
        answers = self._shown(decode(endorsed.result))
        event = None if endorsed.event is None else self._shown(endorsed.event)
        return Outcome(answers, event, self._shown(effects))

    def commit(self, step: Commit) -> list[str]:
        """Commit endorsed transactions, and return their validation codes."""
        commits = self.ledger.commit_together if step.together else self.ledger.commit
        return commits([self._endorsed.pop(name) for name in step.names])

    def _call(self, step: Transaction) -> Call:
        return Call(
            f"{step.contract}:{step.function}",
            encode(step.requests, self._fill).encode(),
            step.by,
            step.at or step.by,
            step.chaincode,
            step.channel,
            {name: fill_bytes(value, self._fill) for name, value in step.transient.items()},
            step.is_init,
        )

    def _fill(self, text: str) -> str:
        return text.replace("$", self._own)

    def _shown(self, value: Any) -> Any:
        """Return an answer as scenarios write it: own names as `$`, numbered transactions and times, versions without code."""
        match value:
            case str():
                shown = _TRANSACTION.sub(self._number, value.replace(self._own, "$"))
                return _HEIGHT.sub("{a height}", shown)
            case bytes():
                return _CODE.sub(b"", value.replace(self._own.encode(), b"$"))
            case Refused(text):
                return Refused(self._shown(text))
            case {"time": time}:
                return f"time {self._position(time)}"
            case Effects():
                return Effects(**{name: self._shown(each) for name, each in vars(value).items()})
            case dict():
                return {self._shown(name): self._shown(each) for name, each in value.items()}
            case tuple():
                return tuple(self._shown(each) for each in value)
            case list():
                return [self._shown(each) for each in self._own_entries(value)]
        return value

    def _own_entries(self, values: list[Any]) -> list[Any]:
        """Drop the keys of other scenarios, which an unbounded range finds too."""
        return [
            each
            for each in values
            if not (
                isinstance(each, list)
                and len(each) == 2
                and isinstance(each[0], str)
                and isinstance(each[1], bytes)
                and re.search("k[0-9a-f]{10}", each[0])
                and self._own not in each[0]
            )
        ]

    def _number(self, found: re.Match[str]) -> str:
        return f"transaction {self._position(found[0])}"

    def _position(self, found: str) -> int:
        if found not in self._seen:
            self._seen.append(found)
        kind = len(found)
        return [each for each in self._seen if len(each) == kind].index(found) + 1
