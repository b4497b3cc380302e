"""A small city for tests of the municipal contracts: three departments and a ledger in memory."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pyfabric_municipal.catalogue import bundled_calendars
from pyfabric_municipal.common.governance import Clock, Department, FixedGovernance
from pyfabric_municipal.common.values.check_characters import organisation_check, uscc_check
from pyfabric_municipal.directory.contract import Directory
from pyfabric_municipal.sharing.contract import Sharing

from pyfabric.chaincode import Chaincode
from pyfabric.chaincode.testing import TestLedger, identity
from tests.support.municipal.answering import city_answers

ECON, MKT, HAI = "EconInfoMSP", "MktSupMSP", "HaidianMSP"
USCC = {ECON: "11110000MB9E10013R", MKT: "11110000MB9K20022C", HAI: "11110108MB9H30033U"}
# A Wednesday, with the weekend of 14 March (no holidays) ahead.
START = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
# Contracts keep no state of their own, so all cities share them; keys are slow to make.
CONTRACTS = Chaincode([Directory(), Sharing()])
ATTRIBUTES = {"role": "manager", "staff": "1001"}
USERS = {
    msp_id: identity(msp_id, attributes=ATTRIBUTES) for msp_id in (ECON, MKT, HAI, "OutsideMSP")
}
SCOPE = hashlib.sha256(b"all rows").hexdigest()
CODE = "102001/000001"
GOVERNANCE = FixedGovernance(
    parameters={
        ("directory", "manager-days"): 2,
        ("directory", "notice-days"): 10,
        ("directory", "lapse-days"): 20,
        ("directory", "duty-days"): 5,
        ("directory", "ruling-days"): 10,
        ("sharing", "manager-days"): 2,
        ("sharing", "provider-days-on-platform"): 5,
        ("sharing", "provider-days-off-platform"): 10,
        ("sharing", "user-days"): 10,
        ("sharing", "arbiter-days"): 10,
        ("sharing", "confirm-days"): 10,
        ("sharing", "remedy-days"): 5,
        ("sharing", "receipt-seconds"): 86_400,
    },
    departments=tuple(
        Department(each, USCC[each], each, "110108" if each == HAI else "110000")
        for each in (ECON, MKT, HAI)
    ),
    roles={
        ("directory", "manager"): (ECON,),
        ("directory", "deputy"): (HAI,),
        ("sharing", "manager"): (ECON,),
        ("sharing", "arbiter"): (ECON,),
    },
    calendars=bundled_calendars(),
)
"""What the three departments have agreed on: Econ manages the directory, Haidian does where Econ is a party."""


def social_credit_code(first: str, organisation: str) -> str:
    """Return a code with both check characters, from its first 8 and its organisation's 8."""
    body = first + organisation + organisation_check(organisation)
    return body + uscc_check(body)


def moment(text: str) -> datetime:
    """Return the moment of a timestamp such as 2026-03-11T02:00:00Z."""
    return datetime.fromisoformat(text)


def digest(text: str) -> str:
    """Return a SHA-256 that stands for something."""
    return hashlib.sha256(text.encode()).hexdigest()


def department(whose: str, **changes: Any) -> dict[str, Any]:
    """Return a department as an argument."""
    region = "110108" if whose == HAI else "110000"
    return {"msp_id": whose, "uscc": USCC[whose], "name": whose, "region": region} | changes


def description(code: str = CODE, msp_id: str = MKT, **changes: Any) -> dict[str, Any]:
    """Return a resource as an argument: three fields, on the platform, on condition."""
    return {
        "secrecy": "unclassified",
        "code": code,
        "title": "市场主体登记基本信息",
        "title_en": "Basic register",
        "abstract": "登记机关依法登记的基本信息",
        "duty": f"{msp_id.removesuffix('MSP').upper()}-001",
        "provider": USCC[msp_id],
        "region": "110000",
        "fields": [
            {"name": "uscc", "title": "统一社会信用代码", "type": "code"},
            {"name": "entity_name", "title": "主体名称", "type": "string"},
            {"name": "capital_fen", "title": "注册资本（分）", "type": "integer"},
        ],
        "share": {"type": "conditional", "condition": "限依法履职使用"},
        "opening": {"open": False},
        "cycle": "monthly",
        "issued": "2020-03-02",
        "on_platform": True,
        "distributions": [{"title": "登记表", "system": "登记系统", "format": "table"}],
    } | changes


UNCONDITIONAL = {"type": "unconditional"}
NOT_SHARED = {"type": "not_shared", "basis": "《中华人民共和国统计法》"}


def terms(**changes: Any) -> dict[str, Any]:
    """Return terms as an argument: two fields for a year, 100 rows."""
    return {
        "fields": ["entity_name", "uscc"],
        "valid_from": "2026-03-11T00:00:00Z",
        "valid_until": "2027-03-11T00:00:00Z",
        "quota": 100,
    } | changes


def offer(**changes: Any) -> dict[str, Any]:
    """Return an offer of these terms."""
    return {"terms": terms(**changes), "licence": "限本次业务使用"}


def application(code: str = CODE, **changes: Any) -> dict[str, Any]:
    """Return an application for a resource as an argument."""
    return {
        "resource": code,
        "version": 1,
        "purpose": "产业扶持资金审核",
        "legal_basis": "《政务数据共享条例》",
        "scope": SCOPE,
        "terms": terms(),
    } | changes


class City:
    """The ledger, and one user of each department. Calls return what the contract returned."""

    def __init__(self) -> None:
        self.governance = GOVERNANCE
        self.batches = 0
        self.ledger = self.make_ledger()

    def make_ledger(self, **callees: Any) -> TestLedger:
        """Return a ledger whose contracts ask the city's agreements, and these other chaincodes."""
        city = city_answers(self.agreed)
        return TestLedger(CONTRACTS, now=START, callees={"city": city, **callees})

    def agreed(self) -> FixedGovernance:
        """Return what the departments have agreed on, with a clock that goes with the ledger's time."""
        seconds = int(self.ledger.now.timestamp())
        return replace(self.governance, now=Clock(begun=seconds, proposal=seconds))

    def call(self, who: str, function: str, *arguments: object) -> Any:
        """Submit a transaction."""
        return _value(self.ledger.submit(function, *arguments, as_=USERS[who]))

    def ask(self, who: str, function: str, *arguments: object) -> Any:
        """Evaluate a query."""
        return _value(self.ledger.evaluate(function, *arguments, as_=USERS[who]))

    def last_event(self) -> tuple[str, Any]:
        """Return the name and payload of the last committed event."""
        event = self.ledger.events[-1]
        return event.name, json.loads(event.payload)

    def found(self) -> None:
        """Claim a duty for each of the three."""
        for msp_id in (ECON, MKT, HAI):
            self.claim(msp_id, f"{msp_id.removesuffix('MSP').upper()}-001")

    def batch(self, who: str, function: str, *rows: dict[str, Any]) -> Any:
        """Submit rows as a batch of their own."""
        self.batches += 1
        return self.call(who, f"Directory:{function}", f"file-{self.batches}", list(rows))

    def claim(self, who: str, *codes: str) -> None:
        """Claim duties."""
        rows = ({"id": code, "title": "登记", "basis": "三定规定"} for code in codes)
        self.batch(who, "claim_duties", *rows)

    def draft(self, who: str = MKT, *descriptions: dict[str, Any]) -> None:
        """Enter drafts; that of CODE if none is described."""
        found = descriptions or (description(),)
        self.batch(who, "draft", *({"id": one["code"], "description": one} for one in found))

    def take(self, who: str, function: str, *codes: str) -> None:
        """Submit or publish resources; CODE if none is named."""
        self.batch(who, function, *({"id": code} for code in codes or (CODE,)))

    def change(self, code: str = CODE, msp_id: str = MKT, **changes: Any) -> int:
        """Publish a new version of a resource; returns its number."""
        self.call(msp_id, "Directory:change", code, description(code, msp_id, **changes))
        version: int = self.resource(code)["version"]
        return version

    def resource(self, code: str = CODE) -> Any:
        """Return a resource."""
        return self.ask(ECON, "Directory:read", "resource", code)

    def publish(self, code: str = CODE, msp_id: str = MKT, **changes: Any) -> None:
        """Enter, submit and publish a resource."""
        self.draft(msp_id, description(code, msp_id, **changes))
        self.take(msp_id, "submit", code)
        self.take(ECON, "publish", code)

    def checked(self, code: str = CODE, **changes: Any) -> str:
        """Return a request of Haidian that the manager found in order."""
        request = self.apply(code, **changes)
        self.call(ECON, "Sharing:check", request)
        return request

    def apply(self, code: str = CODE, **changes: Any) -> str:
        """Return a request of Haidian."""
        request: str = self.call(HAI, "Sharing:apply", application(code, **changes))["id"]
        return request

    def active(self, code: str = CODE, **changes: Any) -> str:
        """Return a grant to Haidian in force, on a resource that is shared on condition; all rows are leased to w1."""
        request = self.checked(code)
        self.call(MKT, "Sharing:grant", request, offer(**changes))
        self.activate(request)
        return request

    def activate(self, grant: str) -> None:
        """Activate a grant, and lease its rows to the worker w1."""
        self.call(HAI, "Sharing:activate", grant)
        rows = self.grant(grant)["terms"]["quota"]
        self.call(MKT, "Sharing:lease_rows", grant, "w1", rows)

    def grant(self, grant: str) -> Any:
        """Return a grant."""
        return self.ask(HAI, "Sharing:read", "grant", grant)

    def delivery(self, grant: str, query: str = "q1", **changes: Any) -> tuple[Any, ...]:
        """Return the arguments of a delivery of ten rows under a grant, by the worker w1."""
        known = self.grant(grant)
        delivered = {
            "revision": known["revision"],
            "exchange": digest(f"{grant} {query}"),
            "schema_digest": self.resource(known["resource"])["schema_digest"],
            "fields": ["uscc"],
            "rows": 10,
            "delivered": "2026-03-11T02:00:00Z",
            "late_reason": "测试补录",
        }
        return grant, "w1", delivered | changes

    def deliver(self, grant: str, query: str = "q1", **changes: Any) -> str:
        """Record a delivery under a grant; returns the receipt's id."""
        given = self.delivery(grant, query, **changes)
        receipt: str = self.call(MKT, "Sharing:deliver", *given)["id"]
        return receipt


def _value(data: bytes) -> Any:
    """Return the value of JSON; anything else as text."""
    text = data.decode()
    try:
        return json.loads(text)
    except ValueError:
        return text
