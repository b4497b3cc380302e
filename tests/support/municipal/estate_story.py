"""The story of the contract `Estate`: its people, and a valid call of each step."""

from datetime import UTC, datetime
from typing import Any

from pyfabric_municipal.catalogue import bundled_calendars
from pyfabric_municipal.common.governance import Department, FixedGovernance
from pyfabric_municipal.common.private import blind, commitment
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.testing import WithFixedGovernance
from pyfabric_municipal.common.testing.stage import salt_of
from pyfabric_municipal.common.testing.stories import Person, Sample, Story
from pyfabric_municipal.estate.contract import Estate

from pyfabric.chaincode.testing import CollectionConfig

PNR, TAX, BANK, COURT = "PlanNatResMSP", "TaxMSP", "BankMSP", "CourtMSP"
HAI, PUB, CIVIL, GOV = "HaidianMSP", "PubSecMSP", "CivilMSP", "GovServiceDataMSP"
DEPARTMENTS = {
    PNR: "11110000MB9M50055A",
    TAX: "11110000MB9T60066C",
    HAI: "11110108MB9H30033U",
    GOV: "11110000MB9P22225R",
}
LENDER, HAIDIAN_COURT = "91110108MA9A30017R", "11110108MB9U20013U"
OTHER_COURT = "11110000MB9K20022C"
U1, U2, U3, U4, U5 = (f"110108001002GB00003F0001000{number}" for number in range(1, 6))
T1, T2 = f"{U1}T001", f"{U2}T001"
START = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
DAY = 86_400
KEY = b"k" * 32


class Tested(WithFixedGovernance, Estate):
    """The contract with what the departments have agreed on in a test."""


def who(name: str) -> dict[str, Any]:
    """Return somebody's blinded key."""
    return blind(KEY, "pnr-1", "estate", name).model_dump()


SELLER, BUYER, THIRD, PARTNER = map(who, ("seller", "buyer", "third", "partner"))


def sole(holder: dict[str, Any]) -> dict[str, Any]:
    """Return ownership by one holder."""
    return {"form": "sole", "holders": [{"key": holder}]}


def joint(*holders: dict[str, Any]) -> dict[str, Any]:
    """Return joint ownership, which has no shares."""
    return {"form": "joint", "holders": [{"key": one} for one in holders]}


def shared(*parts: tuple[dict[str, Any], int, int]) -> dict[str, Any]:
    """Return ownership by shares."""
    return {
        "form": "shares",
        "holders": [
            {"key": holder, "share": {"numerator": top, "denominator": bottom}}
            for holder, top, bottom in parts
        ],
    }


def place(area: int = 8640, **changes: Any) -> dict[str, Any]:
    """Return what a unit is: a flat of 86.4 m²."""
    return {"location": "海淀区某小区1号楼", "area": area, "use": "住宅"} | changes


def certificate(number: int) -> str:
    """Return the number of a title certificate."""
    return f"京(2026)海淀区不动产权第{number:07}号"


def proof(number: int) -> str:
    """Return the number of a registration proof."""
    return f"京(2026)海淀区不动产证明第{number:07}号"


def unit(number: int = 1, ownership: Any = None, **changes: Any) -> dict[str, Any]:
    """Return a unit of the former register as an argument."""
    return {
        "place": place(),
        "ownership": ownership or sole(SELLER),
        "certificate": certificate(number),
        "mortgages": [],
    } | changes


PRICE = {"fen": 680_000_000}
PRICED = commitment(salt_of("price"), PRICE)
DIGEST = "ab" * 32
TRANSFER = {
    "unit": U1,
    "title": T1,
    "grounds": "sale",
    "sellers": [SELLER],
    "ownership": sole(BUYER),
}
BOTH = [SELLER, PARTNER]
OTHER = TRANSFER | {"unit": U2, "title": T2, "sellers": BOTH}
CLEARANCE = {
    "number": "契税〔2026〕0001",
    "unit": U1,
    "price": PRICED,
    "sellers": [SELLER],
    "buyers": [BUYER],
    "answer_by": "2026-03-14T00:00:00Z",
}
TERMS = {"rank": 1, "kind": "general", "no_transfer": False, "matures": "2056-03-11"}
LOAN = {"fen": 300_000_000, "contract": "抵押合同1号"}


def of_unit(code: str = U1, title: str = T1, **fields: Any) -> dict[str, Any]:
    """Return arguments about a unit and its title."""
    return {"unit": code, "title": title} | fields


def mortgage(by: str = "bank", **terms: Any) -> Sample:
    """Return an application for a mortgage on the first unit."""
    arguments = of_unit(terms=TERMS | terms)
    return Sample(by, arguments=arguments, first=("take_over",), private={"loan": LOAN})


def seizure(number: int, by: str = "court") -> Sample:
    """Return a seizure of the first unit by an order of its own."""
    document = f"（2026）京0108执{number}号"
    return Sample(by, arguments=of_unit(document=document, months=12), first=("take_over",))


PEOPLE = {
    "registrar": Person(PNR, {"role": "registrar", "staff": "1001"}),
    "checker": Person(PNR, {"role": "registrar", "staff": "1002"}),
    "window": Person(HAI, {"role": "clerk", "staff": "2001"}),
    "police": Person(PUB, {"role": "clerk", "staff": "3001"}),
    "civil": Person(CIVIL, {"role": "clerk", "staff": "4001"}),
    "filing": Person(GOV, {"role": "clerk", "staff": "5001"}),
    "tax": Person(TAX, {"role": "clerk", "staff": "6001"}),
    "bank": Person(BANK, {"role": "bank", "staff": "7001", "uscc": LENDER}),
    "court": Person(COURT, {"role": "court", "staff": "8001", "uscc": HAIDIAN_COURT}),
    "other court": Person(COURT, {"role": "court", "staff": "8002", "uscc": OTHER_COURT}),
    "passer-by": Person(BANK, {"staff": "7009"}),
}

GOVERNANCE = FixedGovernance(
    parameters={
        ("city", "net"): "test-net",
        ("estate", "party-key"): {"key_id": "pnr-1", "purpose": "estate"},
        ("estate", "acceptance-days"): 2,
        ("estate", "supplement-days"): 10,
        ("estate", "review-days"): 5,
        ("estate", "registration-days"): 5,
        ("estate", "notice-days"): 90,
        ("estate", "objection-days"): 15,
        ("estate", "search-days"): 3,
        ("estate", "seizure-months"): 36,
        ("estate", "area-tolerance"): 60,
        ("estate", "free-transfer-since"): "2021-01-01",
        ("estate", "objection-effect"): "hold",
    },
    roles={
        ("estate", "registrar"): (PNR,),
        ("estate", "identity"): (PUB,),
        ("estate", "family"): (CIVIL,),
        ("estate", "filing"): (GOV,),
        ("estate", "tax"): (TAX,),
    },
    departments=tuple(Department(one, code, one, "110000") for one, code in DEPARTMENTS.items()),
    certifiers={LENDER: BANK, HAIDIAN_COURT: COURT, OTHER_COURT: COURT},
    calendars=tuple(bundled_calendars()),
)

TAKEN = ("take_over",)
UNITS = {
    "take_over": Sample("registrar", U1, unit(), first=()),
    "take_over#shared": Sample("registrar", U2, unit(2, shared((SELLER, 1, 2), (PARTNER, 1, 2)))),
    "register_first": Sample("registrar", U1, {"place": place(), "ownership": sole(SELLER)}),
    "register_first#other": Sample("registrar", U5, {"place": place(), "ownership": sole(SELLER)}),
    "describe_unit": Sample("registrar", U1, {"place": place(8650), "survey": DIGEST}, first=TAKEN),
    "split": Sample(
        "registrar",
        U1,
        {
            "parts": [
                {"code": U3, "place": place(4300), "ownership": sole(SELLER)},
                {"code": U4, "place": place(4300), "ownership": sole(SELLER)},
            ],
            "survey": DIGEST,
        },
        first=TAKEN,
    ),
    "merge": Sample(
        "registrar",
        U3,
        {
            "parents": [U1, U2],
            "place": place(17_280),
            "ownership": shared((SELLER, 3, 4), (PARTNER, 1, 4)),
            "survey": DIGEST,
        },
        first=("take_over", "take_over#shared"),
    ),
    "retire": Sample("registrar", U1, first=TAKEN),
}

TITLES = {
    "certify": Sample(
        "registrar",
        T1,
        {"certificate": certificate(9), "digest": DIGEST},
        first=("register_first",),
    ),
    "certify#other": Sample(
        "registrar",
        f"{U5}T001",
        {"certificate": certificate(9), "digest": DIGEST},
        first=("register_first#other",),
    ),
    "name_holders": Sample(
        "registrar",
        T1,
        first=("register_first",),
        private={
            "identities": {
                "persons": [{"key": SELLER, "name": "张三", "resident_id": "110108199003071238"}]
            }
        },
    ),
    "propose_correction": Sample(
        "registrar",
        arguments=of_unit(ownership=joint(SELLER, PARTNER), evidence=DIGEST),
        first=TAKEN,
    ),
    "confirm_correction": Sample("checker", "@propose_correction", first=("propose_correction",)),
    "drop_correction": Sample("registrar", "@propose_correction", first=("propose_correction",)),
    "lapse_correction": Sample(
        "passer-by", "@propose_correction", first=("propose_correction",), later=20 * DAY
    ),
    "vest": Sample(
        "court",
        arguments=of_unit(document="（2026）京0108民初7号", ownership=sole(THIRD)),
        first=TAKEN,
    ),
}

MORTGAGES = {
    "apply_mortgage": mortgage(),
    "apply_mortgage#second": mortgage(rank=2),
    "apply_mortgage#barring": mortgage(no_transfer=True),
    "register_mortgage": Sample(
        "registrar", "@apply_mortgage", {"proof": proof(1)}, first=("apply_mortgage",)
    ),
    "register_mortgage#second": Sample(
        "registrar",
        "@apply_mortgage#second",
        {"proof": proof(1)},
        first=("apply_mortgage#second",),
    ),
    "register_mortgage#barring": Sample(
        "registrar",
        "@apply_mortgage#barring",
        {"proof": proof(3)},
        first=("apply_mortgage#barring",),
    ),
    "refuse_mortgage": Sample("registrar", "@apply_mortgage", first=("apply_mortgage",)),
    "lapse_mortgage": Sample(
        "passer-by", "@apply_mortgage", first=("apply_mortgage",), later=20 * DAY
    ),
    "change_mortgage": Sample(
        "registrar",
        "@apply_mortgage",
        {"no_transfer": True, "matures": "2050-03-11"},
        first=("register_mortgage",),
        private={"loan": LOAN},
    ),
    "consent_transfer": Sample(
        "bank",
        "@apply_mortgage",
        {"matter": "case-1", "version": 1},
        first=("register_mortgage",),
    ),
    "release_mortgage": Sample("bank", "@apply_mortgage", first=("register_mortgage",)),
}

SEIZURES = {
    "seize": seizure(1),
    "seize#before": seizure(2),
    "seize#other": seizure(3, "other court"),
    "renew_seizure": Sample("court", "@seize", {"months": 24}, first=("seize",)),
    "lift_seizure": Sample("court", "@seize", first=("seize",)),
    "expire_seizure": Sample("passer-by", "@seize", first=("seize",), later=366 * DAY),
}

NOTICES = {
    "register_notice": Sample(
        "registrar",
        arguments={
            "unit": U1,
            "holder": THIRD,
            "public_key": "@key:third",
            "proof": proof(2),
        },
        first=TAKEN,
    ),
    "start_notice": Sample("registrar", "@register_notice", first=("register_notice",)),
    "consent_early": Sample(
        "passer-by",
        "@register_notice",
        {"matter": "case-1"},
        first=("register_notice",),
        signer="third",
    ),
    "consent_notice": Sample(
        "passer-by",
        "@register_notice",
        {"matter": "case-1"},
        first=("start_notice",),
        signer="third",
    ),
    "give_up_notice": Sample(
        "passer-by", "@register_notice", first=("register_notice",), signer="third"
    ),
    "expire_notice": Sample(
        "passer-by", "@register_notice", first=("start_notice",), later=91 * DAY
    ),
    "register_objection": Sample(
        "registrar",
        arguments={"unit": U1, "objector": THIRD, "grounds": DIGEST},
        first=TAKEN,
    ),
    "record_suit": Sample(
        "court",
        "@register_objection",
        {"suit": "（2026）京0108民初8号"},
        first=("register_objection",),
    ),
    "end_objection": Sample("court", "@register_objection", first=("record_suit",)),
    "expire_objection": Sample(
        "passer-by", "@register_objection", first=("register_objection",), later=16 * DAY
    ),
    "register_residence": Sample(
        "registrar",
        arguments={"unit": U1, "resident": PARTNER, "until": "2027-03-10T16:00:00Z"},
        first=TAKEN,
    ),
    "end_residence": Sample("registrar", "@register_residence", first=("register_residence",)),
    "expire_residence": Sample(
        "passer-by", "@register_residence", first=("register_residence",), later=366 * DAY
    ),
}


def transfer(by: str, *first: str, which: str = "", **fields: Any) -> Sample:
    """Return a step of an application, after others."""
    return Sample(by, f"@apply_transfer{which}", fields, first=first)


CONFIRMED = ("confirm_identity", "confirm_family", "confirm_contract", "confirm_tax")
TRANSFERS = {
    "apply_transfer": Sample(
        "window", arguments={"transfer": TRANSFER}, first=TAKEN, private={"price": PRICE}
    ),
    "apply_transfer#other": Sample(
        "window",
        arguments={"transfer": OTHER},
        first=("take_over#shared",),
        private={"price": PRICE},
    ),
    "accept": transfer("registrar", "apply_transfer"),
    "accept#other": transfer("registrar", "apply_transfer#other", which="#other"),
    "deem_accepted": Sample(
        "passer-by", "@apply_transfer", first=("apply_transfer",), later=6 * DAY
    ),
    "return_case": transfer("registrar", "apply_transfer"),
    "supplement": transfer("window", "return_case", evidence=DIGEST),
    "confirm_identity": transfer("police", "accept"),
    "confirm_family": transfer("civil", "accept"),
    "confirm_contract": transfer("filing", "accept", instrument="X京2026000001", price=PRICED),
    "confirm_contract#other": transfer(
        "filing",
        "accept#other",
        which="#other",
        instrument="X京2026000001",
        price=PRICED,
    ),
    "confirm_tax": transfer("tax", "accept", clearance=CLEARANCE),
    "confirm_tax#other": transfer(
        "tax", "accept#other", which="#other", clearance=CLEARANCE | {"unit": U2, "sellers": BOTH}
    ),
    "refuse": transfer("registrar", "apply_transfer"),
    "withdraw": transfer("window", "apply_transfer"),
    "lapse_case": Sample("passer-by", "@apply_transfer", first=("accept",), later=20 * DAY),
    "register": transfer("checker", *CONFIRMED),
    "search": Sample(
        "registrar", arguments={"holder": SELLER, "basis": "consent", "evidence": DIGEST}
    ),
}


def collection(name: str, *members: str, others_write: bool = False) -> CollectionConfig:
    """Return a collection that these departments alone read, and write unless others may."""
    policy = ", ".join(f"'{one}.member'" for one in members)
    return CollectionConfig(
        name=name, policy=f"OR({policy})", member_only_read=True, member_only_write=not others_write
    )


STORY = Story(
    contract=Tested,
    governance=GOVERNANCE,
    people=PEOPLE,
    samples=UNITS | TITLES | MORTGAGES | SEIZURES | NOTICES | TRANSFERS,
    outsider="passer-by",
    now=START,
    collections=(
        collection("prices", PNR, TAX, BANK, others_write=True),
        collection("loans", PNR, BANK),
        collection("holders", PNR),
    ),
    organizations=(PNR, TAX, BANK, COURT, GOV, HAI, PUB, CIVIL),
    giving_up=frozenset({"withdraw"}),
    resting=frozenset(
        {
            ("unit", "titled"),
            ("title", "registered"),
            ("title", "certified"),
            ("mortgage", "live"),
        }
    ),
    free_ids={"unit": U5},
    known=frozenset(part for one in (SELLER, BUYER) for part in one.values()),
    examples={
        "future": Example(
            arguments={
                "mortgages": [
                    {
                        "mortgagee": LENDER,
                        "loan": DIGEST,
                        "rank": 1,
                        "kind": "general",
                        "no_transfer": False,
                        "matures": "2056-01-01",
                        "registered": "2026-03-12",
                    }
                ]
            }
        ),
        "strangers": Example(
            arguments={
                "ownership": sole(THIRD),
                "parts": [
                    {"code": U3, "place": place(4320), "ownership": sole(SELLER)},
                    {"code": U4, "place": place(4320), "ownership": sole(THIRD)},
                ],
            }
        ),
        "others-share": Example(
            first=("take_over#shared",),
            arguments={"transfer": TRANSFER | {"unit": U2, "title": T2}},
        ),
        "other-holders": Example(
            private={
                "identities": {
                    "persons": [{"key": BUYER, "name": "李四", "resident_id": "110108199003071238"}]
                }
            }
        ),
    },
)
