"""A small credit chain for tests: its story's people on a ledger in memory, with a firm and a sole trader."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from pyfabric_municipal.common.testing.stage import certificate, salt_of
from pyfabric_municipal.credit.samples import NUMBER, SUBJECT, sample

from pyfabric.chaincode import Chaincode, ContractError
from pyfabric.chaincode.testing import TestLedger
from tests.support.municipal.credit_story import (
    BASIS,
    EVIDENCE,
    GOVERNANCE,
    PEOPLE,
    PROOF,
    STORY,
    StagedCredit,
)
from tests.support.municipal.municipal import START

__all__ = ["BASIS", "EVIDENCE", "FIRM", "NUMBER", "PROOF", "TRADER", "CreditChain", "refused"]

FIRM = SUBJECT
TRADER = "92110108MA00C1D24K"
OTHER = "91350200MA2YJ1XR9G"
CONTRACT = Chaincode([StagedCredit(GOVERNANCE)])
REASONED = "依法办理"


class CreditChain:
    """The ledger, and the people of the story. Calls return what the contract returned."""

    def __init__(self, *, guard: bool = False) -> None:
        self.ledger = TestLedger(
            CONTRACT,
            now=START,
            channel="credit",
            name="credit",
            collections=STORY.collections,
            organizations=STORY.organizations,
            guard=guard,
        )
        entries = [
            {"id": FIRM, "name": "北京某某科技有限公司", "region": "110108"},
            {"id": TRADER, "region": "110108"},
        ]
        self.call("market", "register", "the first", entries)

    def call(
        self, who: str, function: str, *arguments: object, salt: str = "", **private: Any
    ) -> dict[str, Any]:
        """Take a step, with private values as transient data, and return its outcome."""
        transient = {
            name: json.dumps({"salt": salt or salt_of(function), "value": value}).encode()
            for name, value in private.items()
        }
        done = self.ledger.submit(
            f"Credit:{function}", *arguments, as_=certificate(PEOPLE[who]), transient=transient
        )
        outcome: dict[str, Any] = json.loads(done)
        return outcome

    def ask(self, function: str, *arguments: object, who: str = "platform") -> Any:
        """Evaluate a query."""
        answer = self.ledger.evaluate(
            f"Credit:{function}", *arguments, as_=certificate(PEOPLE[who])
        )
        return json.loads(answer)

    def on(self, day: str) -> None:
        """Set the clock to noon of a day in Beijing."""
        self.ledger.now = datetime.fromisoformat(f"{day}T04:00:00Z")

    def recorded(self, **changes: Any) -> str:
        """Return the id of a penalty of the market regulator."""
        found: str = self.call("market", "record", sample(**changes))["id"]
        return found

    def published(self, **changes: Any) -> str:
        """Return the id of a penalty of the market regulator that is published."""
        penalty = self.recorded(**changes)
        self.call("market", "publish", penalty)
        return penalty

    def object(self, penalty: str, *, salt: str = "", **changes: Any) -> str:
        """Object to a penalty; returns the objection's id."""
        evidence = {**EVIDENCE, **changes}
        found: str = self.call("platform", "object", penalty, salt=salt, evidence=evidence)["id"]
        return found

    def seek_repair(self, penalty: str) -> str:
        """Apply for a penalty's repair; returns the application's id."""
        found: str = self.call("platform", "seek_repair", penalty, proof=PROOF)["id"]
        return found

    def withdraw(self, penalty: str) -> None:
        """Withdraw a penalty by its authority and a reviewer."""
        sought = self.call("market", "seek_withdrawal", penalty, BASIS, "处罚决定被撤销")
        self.call("reviewer", "confirm_withdrawal", sought["id"])

    def counts(self, day: str, uscc: str = FIRM) -> list[str]:
        """Return the numbers of the penalties that count on a day."""
        found = self.ask("effective_at", uscc, day)
        return [each["decision"]["number"] for each in found["penalties"]]

    def state(self, penalty: str) -> str:
        """Return the state of a penalty as it counts now."""
        found: str = self.ask("read", "penalty", penalty)["state"]
        return found


@contextmanager
def refused(code: str, match: str | None = None) -> Iterator[None]:
    """Hold if the block is refused with this code, and a text that matches."""
    with pytest.raises(ContractError, match=match) as caught:
        yield
    assert caught.value.code == code, caught.value
