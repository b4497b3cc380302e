"""The story of the contract `Bills`: its people, and a valid call of each step."""

from datetime import UTC, date, datetime
from typing import Any

from pyfabric_municipal.bills.contract import Bills
from pyfabric_municipal.catalogue import bundled_calendars
from pyfabric_municipal.common.governance import CodeList, FixedGovernance
from pyfabric_municipal.common.testing.fixed import WithFixedGovernance
from pyfabric_municipal.common.testing.stage import public_key
from pyfabric_municipal.common.testing.stories import Person, Sample, Story
from pyfabric_municipal.founding import settings

from pyfabric.chaincode.testing import CollectionConfig

FINANCE, TAX, HEALTH, MEDINS, CIVIL = "FinanceMSP", "TaxMSP", "HealthMSP", "MedInsMSP", "CivilMSP"
AUDIT = "AuditMSP"
HOSPITAL, FOUNDATION = "121100004006800175", "53110000500360010C"
INSURER, SELLER = "91110102MA9F30062M", "91110108MA01ABCD5T"
START = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
DAY = 86_400
RANGE, DONATIONS = "11060126-0001859001", "11050126-0000000001"
BILL, OTHER, SPARE = (f"11060126-00018592{number}" for number in (31, 39, 50))
MANY, RED, COPY, VOID = (f"11060126-00018593{number}" for number in range(10, 14))
RECEIPT, INVOICE, RED_INVOICE = (
    "11050126-0000000007",
    "26112000000012345678",
    "26112000000012345679",
)
TOTAL = 1_526_314
FACE = {"total": TOTAL, "check": "25a132"}
CONTENT = {
    "payer": "王小明",
    "items": [
        {
            "item": "05",
            "name": "化验费",
            "unit": "项",
            "quantity": "1",
            "price": "1263.14",
            "amount": 126_314,
        },
        {
            "item": "10",
            "name": "西药费",
            "standard": "10 mg",
            "unit": "盒",
            "quantity": "2",
            "price": "7000",
            "amount": 1_400_000,
        },
    ],
    "visited": "2026-11-24",
    "parts": {"fund": 1_000_000, "other": 0, "account": 100_000, "cash": 426_314},
}


class FixedBills(WithFixedGovernance, Bills):
    """The contract with what the departments have agreed on in a test."""


def collection(name: str, *members: str) -> CollectionConfig:
    """Return a collection that only these departments read and write."""
    policy = ", ".join(f"'{one}.member'" for one in members)
    return CollectionConfig(
        name=name, policy=f"OR({policy})", member_only_read=True, member_only_write=True
    )


PEOPLE = {
    "finance": Person(FINANCE, {"role": "clerk", "staff": "1001"}),
    "tax": Person(TAX, {"role": "clerk", "staff": "2001"}),
    "hospital": Person(HEALTH, {"role": "hospital", "staff": "3001", "uscc": HOSPITAL}),
    "foundation": Person(CIVIL, {"role": "foundation", "staff": "4001", "uscc": FOUNDATION}),
    "medical insurance": Person(MEDINS, {"role": "clerk", "staff": "5001"}),
    "insurer": Person(MEDINS, {"role": "insurer", "staff": "5002", "uscc": INSURER}),
    "passer-by": Person(AUDIT, {"staff": "6001"}),
}

FOUND = settings("bills")
GOVERNANCE = FixedGovernance(
    parameters={
        ("city", "net"): "test-net",
        **{("bills", one["name"]): one["value"] for one in FOUND if one["kind"] == "parameter"},
    },
    roles={("bills", "supervisor"): (FINANCE,), ("bills", "tax"): (TAX,)},
    certifiers={HOSPITAL: HEALTH, FOUNDATION: CIVIL, INSURER: MEDINS},
    code_lists=tuple(
        CodeList(one["name"], 1, date.fromisoformat(one["since"]), None, one["codes"])
        for one in FOUND
        if one["kind"] == "codes"
    ),
    calendars=tuple(bundled_calendars()),
)


def bill(holder: str = "anna", **changes: Any) -> dict[str, Any]:
    """Return the public arguments of a bill's issue."""
    printed = {
        "range": RANGE,
        "holder": public_key(holder),
        "issued": "2026-11-25T02:00:00Z",
        "file": "cd" * 32,
    }
    return {"printed": printed | changes}


def claim(role: str = "basic", payer: str = MEDINS, *bills: str) -> dict[str, Any]:
    """Return the public arguments of a claim."""
    return {"bills": list(bills or (BILL,)), "role": role, "payer": payer}


def shown(*bills: str, total: int = TOTAL) -> dict[str, Any]:
    """Return the faces that a claimant shows."""
    return {"shown": {"faces": {one: FACE | {"total": total} for one in bills or (BILL,)}}}


def award(amount: int, *bills: str) -> dict[str, Any]:
    """Return what a payer awards on each bill."""
    return {"award": {"amounts": dict.fromkeys(bills or (BILL,), amount)}}


MEDICAL = {"face": FACE, "content": CONTENT}
DESK, PAYING = "passer-by", "medical insurance"

NUMBERS = {
    "allot": Sample(
        "finance",
        RANGE,
        {"issuer": HOSPITAL, "last": "0001860000", "items": ["05", "10"]},
    ),
    "allot#donations": Sample("finance", DONATIONS, {"issuer": FOUNDATION, "last": "0000009999"}),
    "close": Sample("finance", RANGE, first=("allot",)),
    "void": Sample(
        "finance",
        VOID,
        {"issuer": HOSPITAL, "range": RANGE, "cause": "打印纸损毁"},
        first=("allot",),
    ),
}

BILLS = {
    "issue": Sample("hospital", BILL, bill(), first=("allot",), private=MEDICAL),
    "issue#other": Sample("hospital", OTHER, bill("ben"), first=("allot",), private=MEDICAL),
    "issue#second": Sample("hospital", SPARE, bill(), first=("allot",), private=MEDICAL),
    "issue_many": Sample("hospital", MANY, bill(), first=("allot",), private=MEDICAL),
    "issue_receipt": Sample(
        "foundation",
        RECEIPT,
        bill(range=DONATIONS),
        first=("allot#donations",),
        private={"face": FACE},
    ),
    "register": Sample(
        "tax",
        INVOICE,
        {"issuer": SELLER, "holder": "@key:anna", "issued": "2026-11-25T02:00:00Z"},
        private={"face": {"total": TOTAL}},
    ),
    "reverse": Sample(
        "hospital",
        RED,
        {"original": BILL, "range": RANGE, "issued": "2026-11-25T03:00:00Z"},
        first=("issue",),
        private={"face": {"total": -26_314, "check": "77f0a1"}},
    ),
    "register_red": Sample(
        "tax",
        RED_INVOICE,
        {"original": INVOICE, "issued": "2026-11-25T03:00:00Z"},
        first=("register",),
        private={"face": {"total": -TOTAL}},
    ),
    "exchange": Sample("hospital", COPY, {"original": BILL, "range": RANGE}, first=("issue",)),
    "unlock": Sample(DESK, BILL, first=("lock",), later=7 * DAY),
}

CLAIMS = {
    "submit": Sample(DESK, "MI-1", claim(), first=("issue",), private=shown(), signer="anna"),
    "submit#rest": Sample(
        DESK,
        "CI-1",
        claim("supplementary", INSURER),
        first=("adjudicate",),
        private=shown(),
        signer="anna",
    ),
    "lock": Sample(PAYING, "MI-1", first=("submit",)),
    "lock#rest": Sample("insurer", "CI-1", first=("submit#rest",)),
    "adjudicate": Sample(PAYING, "MI-1", first=("lock",), private=award(1_000_000)),
    "adjudicate#rest": Sample("insurer", "CI-1", first=("lock#rest",), private=award(526_314)),
    "pay": Sample(PAYING, "MI-1", {"payment": "ab" * 32}, first=("adjudicate",)),
    "reject": Sample(PAYING, "MI-1", first=("submit",)),
    "withdraw": Sample(DESK, "MI-1", first=("submit",), signer="anna"),
    "lapse": Sample(DESK, "MI-1", first=("submit",), later=30 * DAY),
    "fall_behind": Sample(DESK, "MI-1", first=("adjudicate",), later=30 * DAY),
    "refund": Sample(PAYING, "MI-1", first=("pay",)),
    "annul": Sample("finance", "MI-1", first=("fall_behind",)),
}

STORY = Story(
    contract=FixedBills,
    governance=GOVERNANCE,
    people=PEOPLE,
    samples=NUMBERS | BILLS | CLAIMS,
    outsider="passer-by",
    now=START,
    collections=(
        collection("amounts", FINANCE, TAX, HEALTH, MEDINS, CIVIL, AUDIT),
        collection("contents", FINANCE, HEALTH, MEDINS, AUDIT),
    ),
    organizations=(FINANCE, TAX, HEALTH, MEDINS, CIVIL, AUDIT),
    giving_up=frozenset({"withdraw", "lapse"}),
    resting=frozenset({("range", "open"), ("reimbursement", "paid")}),
    free_ids={
        "range": "11060126-0001859500",
        "bill": "11060126-0001859999",
        "paper": "11060126-0001859998",
        "voided": "11060126-0001859997",
        "reimbursement": "MI-9",
    },
)
