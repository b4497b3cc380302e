"""The story of the example contract: its people, and a valid call of each step."""

from datetime import UTC, datetime

from pyfabric_municipal.catalogue import bundled_calendars
from pyfabric_municipal.common.governance import FixedGovernance
from pyfabric_municipal.common.private import blind
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.testing.break_glass import (
    RESTING,
    break_glass_parameters,
    break_glass_roles,
    break_glass_samples,
)
from pyfabric_municipal.common.testing.stories import Person, Sample, Story

from pyfabric.chaincode.testing import CollectionConfig
from tests.support.municipal.example import ExampleContract

BUREAU, ECO, HEALTH = "BureauMSP", "EcoMSP", "HealthMSP"
BANK = "91110108MA01ABCD5T"
START = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
APPLICANT = blind(b"k" * 32, "bureau-1", "applications", "somebody").model_dump()

PEOPLE = {
    "clerk": Person(BUREAU, {"role": "clerk", "staff": "1001"}),
    "eco": Person(ECO, {"role": "reviewer", "staff": "2001"}),
    "health": Person(HEALTH, {"role": "reviewer", "staff": "3001"}),
    "supervisor": Person(HEALTH, {"role": "supervisor", "staff": "3002"}),
    "banker": Person(BUREAU, {"role": "loans", "staff": "9001", "uscc": BANK}),
    "archivist": Person(BUREAU, {"role": "archivist", "staff": "1009"}),
    "officer": Person(BUREAU, {"emergency": "officer", "staff": "1010"}),
    "second": Person(BUREAU, {"emergency": "officer", "staff": "1011"}),
    "auditor": Person(HEALTH, {"emergency": "reviewer", "staff": "3010"}),
    "passer-by": Person(ECO, {"staff": "2009"}),
}

GOVERNANCE = FixedGovernance(
    parameters={
        ("city", "net"): "test-net",
        ("example", "supervisor"): HEALTH,
        ("example", "review_days"): {ECO: 2, HEALTH: 5},
        ("example", "pause_seconds"): 86_400,
        ("example", "late_seconds"): 7200,
        ("example", "floors"): 10,
        ("example", "applicant-key"): {"key_id": "bureau-1", "purpose": "applications"},
        ("example", "expert_days"): {BUREAU: 9, ECO: 2, HEALTH: 5},
        **break_glass_parameters("example"),
    },
    roles=break_glass_roles("example", BUREAU, HEALTH),
    certifiers={BANK: BUREAU},
    calendars=tuple(bundled_calendars()),
)

SAMPLES = {
    "apply": Sample(
        "clerk",
        "A1",
        {"item": "building", "applicant": APPLICANT, "reviewers": [ECO, HEALTH]},
        private={"plan": {"floors": 6}},
    ),
    "agree": Sample("eco", "A1", first=("apply",)),
    "object": Sample("health", "A1", first=("apply",)),
    "deem": Sample("passer-by", "A1", first=("apply",), later=8 * 86_400),
    "pause": Sample("clerk", "A1", first=("apply",)),
    "resume": Sample("clerk", "A1", first=("pause",)),
    "wake": Sample("passer-by", "A1", first=("pause",), later=86_400),
    "open_loan": Sample("banker", "L1", {"house": "H1", "first_month": 10, "last_month": 30}),
    "release": Sample("banker", "L1", {"deed": "D1"}, first=("open_loan",)),
    "open_loan#second": Sample(
        "banker", "L2", {"house": "H2", "first_month": 10, "last_month": 30}
    ),
    "release#second": Sample("banker", "L2", {"deed": "D1"}, first=("open_loan#second",)),
    "issue": Sample(
        "clerk", "V1", {"public_key": "@key:anna", "fen": 500, "until": "2026-03-20T00:00:00Z"}
    ),
    "redeem": Sample("passer-by", "V1", {"shop": "S1"}, first=("issue",), signer="anna"),
    "expire": Sample("passer-by", "V1", first=("issue",), later=9 * 86_400),
    "call_for": Sample("clerk", "T1", {"experts": [BUREAU, ECO, HEALTH], "needed": 2}),
    "judge": Sample("eco", "T1", first=("call_for",)),
    "fail": Sample("passer-by", "T1", first=("call_for",), later=8 * 86_400),
    "file_permit": Sample("clerk", "P1", {"reviewers": [ECO, HEALTH], "days": 10, "break_days": 3}),
    "advise": Sample("eco", "P1", first=("file_permit",)),
    "pass_over": Sample("passer-by", "P1", first=("file_permit",), later=8 * 86_400),
    "halt": Sample("clerk", "P1", first=("file_permit",)),
    "restart": Sample("clerk", "P1", first=("halt",)),
    "go_on": Sample("passer-by", "P1", first=("halt",), later=6 * 86_400),
    "name_holder": Sample("clerk", "P1", first=("file_permit",)),
    "give": Sample("clerk", "P1", first=("name_holder",)),
    "enter_house": Sample("clerk", "H1"),
    "inspect": Sample(
        "clerk",
        "H1",
        first=("enter_house",),
        private={"shown": {"floors": 6}, "filed": {"floors": 6}},
    ),
    "divide": Sample("clerk", "H1", {"twelfths": [6, 6]}, first=("enter_house",)),
    "store": Sample("clerk", "B1", {"origin": "O1", "grams": 1000, "grade": "A"}),
    "weigh_again": Sample("clerk", "B1", {"grams": 1000}, first=("store",)),
    "split": Sample("clerk", "B1", {"grams": [600, 395]}, first=("store",)),
    "recall": Sample("passer-by", "O1", first=("store",)),
    "weigh": Sample(
        "clerk",
        "W1",
        {
            "lot": "B1",
            "grams": 1000,
            "harvested": "2026-03-10T00:00:00Z",
            "weighed": "2026-03-11T01:00:00Z",
        },
        first=("store",),
    ),
    "grant": Sample("clerk", "G1", {"rows": 100}),
    "lease_rows": Sample("clerk", "G1", {"worker": "w1", "rows": 40}, first=("grant",)),
    "give_back_rows": Sample("clerk", "G1", {"worker": "w1"}, first=("lease_rows",)),
    "deliver": Sample(
        "clerk", "D1", {"grant": "G1", "worker": "w1", "rows": 30}, first=("lease_rows",)
    ),
    "report": Sample("supervisor", arguments={"system": "water works"}),
    "close": Sample("supervisor", "@report", first=("report",)),
    "look_up": Sample(
        "clerk",
        "X1",
        {"scope": "emergency records", "break_glass": "@break_glass"},
        first=("confirm_break_glass",),
    ),
    **break_glass_samples(
        officer="officer", second="second", reviewer="auditor", anybody="passer-by"
    ),
}


def collection(name: str) -> CollectionConfig:
    """Return a collection of two departments, which only they read and write."""
    return CollectionConfig(
        name=name,
        policy=f"OR('{BUREAU}.member', '{HEALTH}.member')",
        member_only_read=True,
        member_only_write=True,
    )


STORY = Story(
    contract=ExampleContract,
    governance=GOVERNANCE,
    people=PEOPLE,
    samples=SAMPLES,
    outsider="passer-by",
    reader="archivist",
    now=START,
    collections=(collection("plans"), collection("incidents")),
    organizations=(BUREAU, ECO, HEALTH),
    examples={
        "quota-exceeded": Example(step="lease_rows", arguments={"rows": 101}),
        "lease-exceeded": Example(step="deliver", arguments={"rows": 41}),
    },
    resting=frozenset(
        {
            ("house", "whole"),
            ("grant", "active"),
            ("permit", "open"),
            ("permit", "named"),
            ("incident", "open"),
            RESTING,
        }
    ),
)
