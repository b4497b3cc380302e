"""The story of the contract `clearance`: a home sold for six million yuan, and a valid call of each step."""

from datetime import UTC, date, datetime
from typing import Any

from pyfabric_municipal.catalogue import bundled_calendars
from pyfabric_municipal.clearance.contract import Clearance
from pyfabric_municipal.clearance.founding import ROLES
from pyfabric_municipal.common.governance import CodeList, FixedGovernance
from pyfabric_municipal.common.private import blind, commitment
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.testing.fixed import WithFixedGovernance
from pyfabric_municipal.common.testing.stage import salt_of
from pyfabric_municipal.common.testing.stories import Person, Sample, Story
from pyfabric_municipal.founding import settings

from pyfabric.chaincode.testing import CollectionConfig

TAX, REGISTER, FINANCE = "TaxMSP", "PlanNatResMSP", "FinanceMSP"
START = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
DAY = 86_400
UNIT = "110108001002GB00003F00010001"
LAND = "110108001002GB00003W00000000"
DIGEST = "ab" * 32


def party(name: str) -> dict[str, str]:
    """Return the blinded key of somebody, as both channels have it."""
    return blind(b"k" * 32, "pnr-1", "estate", name).model_dump()


def tax(basis: int = 600_000_000, rate: int = 100, homes: int = 0) -> dict[str, Any]:
    """Return a tax on a basis in fen at a rate in parts of 10,000, as it travels."""
    return {"homes": homes, "basis": basis, "rate": rate, "fen": basis * rate // 10_000}


SELLER, BUYER, WIFE = map(party, ("seller", "buyer", "wife"))
PRICE = {"fen": 600_000_000}
TAXED = tax()
SALE = {
    "unit": UNIT,
    "use": "home",
    "area": 8640,
    "sellers": [SELLER],
    "buyers": [BUYER, WIFE],
}
RESERVED = {
    "unit": UNIT,
    "price": commitment(salt_of("price"), PRICE),
    "sellers": [SELLER],
    "buyers": [WIFE, BUYER],
    "reservation": {
        "network": "city",
        "channel": "estate",
        "case": "T-2026-1",
        "answer_by": "2026-03-12T02:00:00Z",
        "deadline": "2026-03-13T02:00:00Z",
    },
}
PAID = {"receipt": "京税票00001234", "paid": "2026-03-11T01:00:00Z"}


class StagedClearance(WithFixedGovernance, Clearance):
    """The contract with what the departments have agreed on."""

    name = "Clearance"


PEOPLE = {
    "window": Person(REGISTER, {"role": "clerk", "staff": "1001"}),
    "officer": Person(TAX, {"role": "steward", "staff": "2001"}),
    "cashier": Person(TAX, {"role": "cashier", "staff": "2002"}),
    "registrar": Person(REGISTER, {"role": "registrar", "staff": "1002"}),
    "passer-by": Person(FINANCE, {"staff": "3009"}),
}

SAMPLES = {
    "declare": Sample("window", arguments=SALE, private={"price": PRICE, "tax": TAXED}),
    "withdraw": Sample("window", "@declare", first=("declare",)),
    "assess": Sample("officer", "@declare", first=("declare",), private={"tax": TAXED}),
    "deem": Sample("passer-by", "@declare", first=("declare",), later=10 * DAY),
    "exempt": Sample(
        "officer",
        "@declare",
        {"exemption": "inheritance", "evidence": DIGEST},
        first=("declare",),
    ),
    "pay": Sample(
        "cashier", "@declare", PAID, first=("assess",), private={"payment": {"fen": TAXED["fen"]}}
    ),
    "declare#second": Sample(
        "window", arguments=SALE | {"unit": LAND}, private={"price": PRICE, "tax": TAXED}
    ),
    "assess#second": Sample(
        "officer", "@declare#second", first=("declare#second",), private={"tax": TAXED}
    ),
    "pay#second": Sample(
        "cashier",
        "@declare#second",
        PAID,
        first=("assess#second",),
        private={"payment": {"fen": TAXED["fen"]}},
    ),
    "lapse": Sample("passer-by", "@declare", first=("assess",), later=60 * DAY),
    "refund": Sample("officer", "@declare", first=("pay",)),
    "issue": Sample("officer", "京税证2026-0001", {"assessment": "@declare"}, first=("pay",)),
    "reserve": Sample("registrar", "@issue", RESERVED, first=("issue",)),
    "consume": Sample("registrar", "@issue", {"outcome": DIGEST}, first=("reserve",)),
    "release": Sample("registrar", "@issue", first=("reserve",)),
    "free": Sample("passer-by", "@issue", first=("reserve",), later=2 * DAY),
    "revoke": Sample("officer", "@issue", first=("issue",)),
    "expire": Sample("passer-by", "@issue", first=("issue",), later=200 * DAY),
}

PARAMETERS = {
    one["name"]: one["value"] for one in settings("clearance") if one["kind"] == "parameter"
}
GOVERNANCE = FixedGovernance(
    parameters={
        ("city", "net"): "test-net",
        **{("clearance", name): value for name, value in PARAMETERS.items()},
    },
    roles={("clearance", name): tuple(members) for name, members in ROLES.items()},
    code_lists=(
        CodeList("deed-tax-exemptions", 1, date(2021, 9, 1), None, {"inheritance": "法定继承"}),
    ),
    calendars=tuple(bundled_calendars()),
)

STORY = Story(
    contract=StagedClearance,
    governance=GOVERNANCE,
    people=PEOPLE,
    samples=SAMPLES,
    outsider="passer-by",
    now=START,
    # As network/city.yaml defines it.
    collections=(
        CollectionConfig(
            name="sales",
            policy=f"OR('{TAX}.member', '{REGISTER}.member')",
            member_only_read=True,
            member_only_write=True,
        ),
    ),
    organizations=(TAX, REGISTER, FINANCE),
    giving_up=frozenset({"withdraw"}),
    resting=frozenset({("assessment", "settled")}),
    examples={
        "same-party": Example(step="declare", arguments={"buyers": [BUYER, SELLER]}),
    },
)
