"""What a transaction knows of its channel: parameters, departments, code lists, calendars and the clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Final, Protocol

from pydantic import JsonValue

from pyfabric.chaincode import Context, ContractError, StateError, from_json
from pyfabric_municipal.common.values import JSON, canonical_json
from pyfabric_municipal.common.values.workdays import YearCalendar

CHAINCODE: Final = "city"
"""The chaincode that a channel's departments govern their channel with."""


@dataclass(frozen=True)
class Department:
    """A department of the channel; `successor` is the MSP id of the one that has its duties, "" if it has them itself.

    `state` is `active`, `merged` or `left`.
    """

    msp_id: str
    uscc: str
    name: str
    region: str
    state: str = "active"
    successor: str = ""


@dataclass(frozen=True)
class CodeList:
    """A version of a code list: what each code means, from the day `since` on and before the day `until`."""

    name: str
    version: int
    since: date
    until: date | None
    codes: Mapping[str, JsonValue]

    def covers(self, on: date) -> bool:
        """Return whether this version is in force on a day."""
        return self.since <= on and (self.until is None or on < self.until)


@dataclass(frozen=True)
class Clock:
    """The channel's clock: the start of the slot that was found, and the time of the proposal (Unix seconds)."""

    begun: int
    proposal: int

    def not_before(self, moment: int) -> bool:
        """Return whether a moment has come for certain."""
        return self.begun >= moment

    def not_after(self, moment: int) -> bool:
        """Return whether a moment has not passed yet, by the client's own time."""
        return self.proposal <= moment


class Governance(Protocol):
    """What the departments of a channel have agreed on, as one transaction sees it."""

    def expect(self, *questions: tuple[str, ...]) -> None:
        """Note what will be asked, a query of `city` and its arguments each, so that one call answers all of it."""
        ...

    def parameter(self, contract: str, name: str) -> JSON:
        """Return the value in force by the channel's clock; refuses what is not set (`city.no-parameter`)."""
        ...

    def department(self, msp_id: str) -> Department | None:
        """Return a department, also one that has left; None for an unknown one."""
        ...

    def role(self, contract: str, name: str) -> tuple[str, ...]:
        """Return the MSP ids of the departments that have a role in a contract; none if the role is not registered."""
        ...

    def certifier(self, uscc: str) -> str | None:
        """Return the MSP id of the department whose CA certifies an organisation without a peer, None if none does."""
        ...

    def code_list(self, name: str, on: date) -> CodeList:
        """Return the version of a list that is in force on a day; refuses a day without one (`city.no-code-list`)."""
        ...

    def calendar(self, year: int) -> YearCalendar:
        """Return a year's working days; refuses a year that has none yet (`city.no-calendar`)."""
        ...

    def clock(self) -> Clock:
        """Read the channel's clock; refuses where it stands still (`clock-stalled`) or is ahead (`clock-past`)."""
        ...


@dataclass(frozen=True)
class FixedGovernance:
    """Agreements that a test or a tool sets: parameters and roles by contract and name, certifiers by USCC."""

    now: Clock = field(default_factory=lambda: Clock(0, 0))
    parameters: Mapping[tuple[str, str], JSON] = field(default_factory=dict)
    departments: tuple[Department, ...] = ()
    roles: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    certifiers: Mapping[str, str] = field(default_factory=dict)
    code_lists: tuple[CodeList, ...] = ()
    calendars: tuple[YearCalendar, ...] = ()

    def expect(self, *questions: tuple[str, ...]) -> None:
        """Do nothing: nobody is called."""

    def parameter(self, contract: str, name: str) -> JSON:
        """Return the value that was set; refuses another."""
        if (contract, name) not in self.parameters:
            raise no_parameter(contract, name)
        return self.parameters[contract, name]

    def department(self, msp_id: str) -> Department | None:
        """Return the department with this MSP id."""
        return next((one for one in self.departments if one.msp_id == msp_id), None)

    def role(self, contract: str, name: str) -> tuple[str, ...]:
        """Return the departments that were given a role."""
        return self.roles.get((contract, name), ())

    def certifier(self, uscc: str) -> str | None:
        """Return the MSP id of the department that certifies an organisation."""
        return self.certifiers.get(uscc)

    def code_list(self, name: str, on: date) -> CodeList:
        """Return the version that covers a day; refuses a gap."""
        for each in self.code_lists:
            if each.name == name and each.covers(on):
                return each
        raise no_code_list(name, on)

    def calendar(self, year: int) -> YearCalendar:
        """Return a year's working days; refuses a year without."""
        for each in self.calendars:
            if each.year == year:
                return each
        raise no_calendar(year)

    def clock(self) -> Clock:
        """Return the clock that was set."""
        return self.now


def city_of(ctx: Context) -> Governance:
    """Return what the chaincode `city` of the transaction's channel answers; each question is asked once."""
    return _Called(ctx)


class _Called:
    """The governance of a channel, asked of the chaincode `city` in the caller's own transaction.

    So its reads are checked at commit as the caller's own are.
    """

    def __init__(self, ctx: Context) -> None:
        self._stub = ctx.stub
        self._answers: dict[tuple[str, ...], bytes] = {}
        self._expected: tuple[tuple[str, ...], ...] = ()

    def expect(self, *questions: tuple[str, ...]) -> None:
        self._expected = questions

    def parameter(self, contract: str, name: str) -> JSON:
        held: dict[str, JSON] = from_json(dict, self._ask("parameter", contract, name))
        return held["value"]

    def department(self, msp_id: str) -> Department | None:
        answer = self._ask("department", msp_id)
        return from_json(Department, answer) if answer else None

    def role(self, contract: str, name: str) -> tuple[str, ...]:
        return tuple(from_json(list[str], self._ask("role", contract, name)))

    def certifier(self, uscc: str) -> str | None:
        return self._ask("certifier", uscc).decode() or None

    def code_list(self, name: str, on: date) -> CodeList:
        return from_json(CodeList, self._ask("code_list", name, on.isoformat()))

    def calendar(self, year: int) -> YearCalendar:
        return from_json(YearCalendar, self._ask("calendar", str(year)))

    def clock(self) -> Clock:
        return self._clock

    @cached_property
    def _clock(self) -> Clock:
        return from_json(Clock, self._ask("clock"))

    def _ask(self, *call: str) -> bytes:
        if call in self._expected and len(self._expected) > 1:
            self._ask_expected()
        if call not in self._answers:
            self._answers[call] = self._call(*call)
        return self._answers[call]

    def _ask_expected(self) -> None:
        """Ask all that is expected in one call; what `city` would refuse is asked for itself when it is needed."""
        questions, self._expected = self._expected, ()
        found = from_json(list[Any], self._call("answers", canonical_json(questions).decode()))
        for question, answer in zip(questions, found, strict=True):
            if answer is not None:
                given = answer.encode() if isinstance(answer, str) else canonical_json(answer)
                self._answers[question] = given

    def _call(self, *call: str) -> bytes:
        try:
            answer = self._stub.invoke_chaincode(CHAINCODE, [each.encode() for each in call])
        except StateError as error:
            raise _unreachable(error) from error
        answer.raise_unless_ok()
        return answer.payload


def _unreachable(error: StateError) -> ContractError:
    return ContractError(
        f"the contract {CHAINCODE} did not answer at this peer: {error}; every endorsing peer of the channel needs it",
        code="city.unreachable",
        facts={"error": str(error)},
        zh=f"本节点无法调用合约 {CHAINCODE}：{error}；通道内每个背书节点都需要部署该合约",
    )


def parameter_key(contract: str, name: str) -> tuple[str, str]:
    """Return the contract and the name of a parameter: of this contract, or of the one before a slash (`credit/score-model`)."""
    other, _, own = name.rpartition("/")
    return other or contract, own


def no_parameter(contract: str, name: str) -> ContractError:
    """Return the refusal of a parameter that is not set."""
    return ContractError(
        f"parameter {name} of {contract} is not set on this channel: propose it in the contract {CHAINCODE}",
        code="city.no-parameter",
        facts={"contract": contract, "name": name},
        zh=f"本通道未设置 {contract} 的参数 {name}：请在合约 {CHAINCODE} 中提出",
    )


def no_code_list(name: str, on: date) -> ContractError:
    """Return the refusal of a code list that has no version for a day."""
    return ContractError(
        f"code list {name} has no version for {on}: propose one in the contract {CHAINCODE}",
        code="city.no-code-list",
        facts={"list": name, "on": on.isoformat()},
        zh=f"代码表 {name} 没有适用于 {on} 的版本：请在合约 {CHAINCODE} 中提出",
    )


def no_calendar(year: int) -> ContractError:
    """Return the refusal of a year without working days."""
    return ContractError(
        f"there is no calendar of {year}: propose it in the contract {CHAINCODE}",
        code="city.no-calendar",
        facts={"year": year},
        zh=f"没有 {year} 年的工作日历：请在合约 {CHAINCODE} 中提出",
    )
