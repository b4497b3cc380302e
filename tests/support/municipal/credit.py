"""A small credit chain for tests: the platform, the market regulator, and a ledger in memory."""

import json
from datetime import datetime
from typing import Any

from pyfabric_municipal.credit import Credit

from pyfabric.chaincode import Chaincode
from pyfabric.chaincode.testing import CollectionConfig, TestLedger
from tests.support.municipal.municipal import ECON, MKT, START, USCC, USERS, department, digest

FIRM = "91110108MA01ABCD5T"
TRADER = "92110108MA00C1D24K"
NUMBER = "京市监罚〔2026〕15号"
SETTINGS = {"manager": ECON, "registrar": MKT, "repair": {"general": 3, "serious": 12}}
EVIDENCE = {
    "salt": "00112233445566778899aabbccddeeff",
    "statement": "处罚对象不是本公司",
    "documents": [{"title": "租赁合同", "digest": digest("lease")}],
}
REPAIR = {"fulfilment_digest": digest("paid"), "commitment_digest": digest("never again")}
CONTRACT = Chaincode([Credit()])
# As network/city.yaml defines it, for the departments of these tests.
COLLECTION = CollectionConfig(
    name="evidence",
    policy=f"OR('{ECON}.member', '{MKT}.member')",
    member_only_read=True,
    member_only_write=True,
)


def decision(**changes: Any) -> dict[str, Any]:
    """Return a fine of 15,000 yuan as an argument, decided the day before START."""
    return {
        "number": NUMBER,
        "subject": FIRM,
        "authority": USCC[MKT],
        "act": "发布虚假广告",
        "facts": "在其网站发布虚假广告",
        "basis": "《中华人民共和国广告法》",
        "types": ["fine"],
        "content": "罚款1.5万元",
        "fine": {"fen": 1_500_000, "ten_thousand_yuan": "1.5"},
        "sector": "general",
        "decided": "2026-03-10",
        "publish_until": "2027-03-10",
    } | changes


class CreditChain:
    """The ledger, and one user of each department. Calls return what the contract returned."""

    def __init__(self) -> None:
        self.ledger = TestLedger(
            CONTRACT, now=START, channel="credit", name="credit", collections=[COLLECTION]
        )

    def call(self, who: str, function: str, *arguments: object, evidence: Any = None) -> Any:
        """Submit a transaction, with evidence as transient data."""
        transient = {} if evidence is None else {"evidence": json.dumps(evidence).encode()}
        return _value(
            self.ledger.submit(
                f"Credit:{function}", *arguments, as_=USERS[who], transient=transient
            )
        )

    def ask(self, who: str, function: str, *arguments: object) -> Any:
        """Evaluate a query."""
        return _value(self.ledger.evaluate(f"Credit:{function}", *arguments, as_=USERS[who]))

    def on(self, day: str) -> None:
        """Set the clock to noon of a day in Beijing."""
        self.ledger.now = datetime.fromisoformat(f"{day}T04:00:00Z")

    def found(self) -> None:
        """Found the chain, and register two subjects: a firm and a sole trader."""
        parts = [department(ECON), department(MKT)]
        founding = self.call(ECON, "found", SETTINGS, parts)
        self.call(MKT, "confirm_founding", founding)
        subjects = [
            {"uscc": FIRM, "name": "北京某某科技有限公司", "region": "110108"},
            {"uscc": TRADER, "region": "110108"},
        ]
        self.call(MKT, "register", subjects)

    def published(self, **changes: Any) -> str:
        """Return a penalty of the market regulator that is published."""
        number: str = self.call(MKT, "record", decision(**changes))
        self.call(MKT, "publish", number)
        return number

    def counts(self, day: str, uscc: str = FIRM) -> list[str]:
        """Return the numbers of the penalties that count on a day."""
        found = self.ask(ECON, "effective_at", uscc, day)
        return [each["decision"]["number"] for each in found["penalties"]]

    def state(self, number: str = NUMBER) -> str:
        """Return the state of a penalty of the market regulator."""
        found: str = self.ask(ECON, "penalty", MKT, number)["state"]
        return found


def _value(data: bytes) -> Any:
    text = data.decode()
    try:
        return json.loads(text)
    except ValueError:
        return text
