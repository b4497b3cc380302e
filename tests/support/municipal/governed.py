"""A channel that three departments govern: the contract `city` on a ledger in memory, founded, with a clock that runs."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from pyfabric_municipal.city.contract import City

from pyfabric.chaincode import Chaincode
from pyfabric.chaincode.testing import TestLedger, identity
from pyfabric.identity.signing import Identity
from tests.support.municipal.municipal import ECON, HAI, MKT, START, USCC

TAX, HEALTH = "TaxMSP", "HealthMSP"
CODES = USCC | {TAX: "11110000MB9P22225R", HEALTH: "11110000MB9Q33339E"}
ALL = (ECON, MKT, HAI)
CITY = Chaincode([City()])
GOVERNORS = {
    msp_id: identity(msp_id, attributes={"role": "governor", "staff": f"{number}001"})
    for number, msp_id in enumerate((*ALL, TAX, HEALTH), start=3)
}
CLERKS = {msp_id: identity(msp_id) for msp_id in (*ALL, TAX, HEALTH)}
SLOT = 60


def member(msp_id: str, **changes: Any) -> dict[str, Any]:
    """Return a department as a content of a change."""
    content = {
        "kind": "department",
        "msp_id": msp_id,
        "uscc": CODES[msp_id],
        "name": msp_id,
        "region": "110000",
    }
    return content | changes


def role(contract: str, name: str, *departments: str) -> dict[str, Any]:
    """Return a role as a content of a change."""
    return {
        "kind": "role",
        "contract": contract,
        "name": name,
        "departments": sorted(departments),
    }


def parameter(contract: str, name: str, value: Any, **changes: Any) -> dict[str, Any]:
    """Return an integer parameter as a content of a change."""
    content = {
        "kind": "parameter",
        "contract": contract,
        "name": name,
        "type": "integer",
        "unit": "working days",
        "mark": "K",
        "value": value,
    }
    return content | changes


def item(content: dict[str, Any], builds_on: int = 0) -> dict[str, Any]:
    """Return an item of a change."""
    return {"builds_on": builds_on, "content": content}


class Governed:
    """A channel with the contract `city`; `now` is the time of its clients and machines."""

    def __init__(self, *, founded: bool = True) -> None:
        self.ledger = TestLedger(CITY, name="city", now=START)
        if founded:
            self.found()

    @property
    def now(self) -> datetime:
        """The time of clients and machines."""
        return self.ledger.now

    @property
    def slot(self) -> int:
        """The start of the slot of now."""
        seconds = int(self.now.timestamp())
        return seconds - seconds % SLOT

    def found(self) -> None:
        """Found the channel with three departments, and begin its clock."""
        contents = [*map(member, ALL), parameter("waste", "acceptance-days", 5)]
        contents.append(role("waste", "supervisor", ECON, MKT))
        change = self.propose(*map(item, contents), by=ECON)
        self.approve(change, MKT)
        self.enact(change, at=MKT)
        self.tick()

    def submit(
        self, function: str, *arguments: Any, by: str = ECON, at: str | None = None
    ) -> bytes:
        """Submit as the governor of a department; `at` is the department whose peer endorses."""
        return self.ledger.submit(function, *arguments, as_=GOVERNORS[by], endorser=at)

    def ask(self, function: str, *arguments: Any, at: datetime | None = None) -> Any:
        """Return what a query answers, as JSON."""
        answer = self.ledger.evaluate(function, *arguments, as_=CLERKS[ECON], at=at)
        return json.loads(answer) if answer else None

    def propose(self, *items: dict[str, Any], by: str = ECON, effective: str = "") -> str:
        """Propose a change; returns its id."""
        return self.submit("propose", list(items), "agreed in council", effective, by=by).decode()

    def approve(self, change: str, *departments: str) -> None:
        """Approve a change for departments."""
        for each in departments:
            self.submit("approve", change, by=each)

    def enact(self, change: str, *, at: str = ECON) -> None:
        """Enact a change at the peer of a department."""
        self.submit("enact", change, at=at)

    def agree(self, *items: dict[str, Any], effective: str = "") -> str:
        """Propose a change, approve it by two departments and enact it; returns its id."""
        change = self.propose(*items, effective=effective)
        self.approve(change, MKT)
        self.enact(change)
        return change

    def tick(self, slot: int | None = None, *, by: str = ECON) -> None:
        """Write a slot, that of now if none is named."""
        slot = self.slot if slot is None else slot
        self.ledger.submit("tick", slot, self.newest, as_=CLERKS[by])

    @property
    def newest(self) -> int | None:
        """The newest slot that is written."""
        newest: int | None = self.ask("slots")["newest"]
        return newest

    def pass_time(self, seconds: float, *, ticking: bool = True) -> None:
        """Advance the time; with `ticking` the clock shows it."""
        self.ledger.now += timedelta(seconds=seconds)
        if ticking:
            self.tick()


def governor(msp_id: str) -> Identity:
    """Return who speaks for a department."""
    return GOVERNORS[msp_id]


def seconds_of(moment: datetime) -> int:
    """Return the Unix seconds of a time."""
    return int(moment.astimezone(UTC).timestamp())
