"""The story of the directory: its people, and a valid call of each step."""

from dataclasses import replace

from pyfabric_municipal.common.governance import (
    Clock,
    FixedGovernance,
    Governance,
)
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.testing.stories import Person, Sample, Story
from pyfabric_municipal.directory.contract import Directory

from pyfabric.chaincode import Context
from tests.support.municipal.entries import FixedSharing
from tests.support.municipal.municipal import (
    CODE,
    ECON,
    GOVERNANCE,
    HAI,
    MKT,
    NOT_SHARED,
    START,
    USCC,
    application,
    description,
    offer,
)

OUTSIDE = "OutsideMSP"
DUTY = "MKTSUP-001"
"""The duty to which the resources of the story belong."""
DAY = 86_400
OTHER_DUTY, OTHER = "MKTSUP-002", "102001/000002"
LATER = description(abstract="登记机关依法登记的基本信息，含注销信息")
NARROWER = description(fields=description()["fields"][:1])
"""Without a field that Haidian's grant has."""

PEOPLE = {
    "steward": Person(MKT, {"role": "steward", "staff": "1001"}),
    "manager": Person(ECON, {"role": "manager", "staff": "2001"}),
    "deputy": Person(HAI, {"role": "manager", "staff": "3001"}),
    "outsider": Person(OUTSIDE, {"role": "manager", "staff": "9001"}),
    "user": Person(HAI, {"role": "clerk", "staff": "3002"}),
}
"""Haidian has the deputy, and takes over the duty of market supervision where the story asks for it."""


class GovernedDirectory(Directory):
    """The directory with agreements that a test sets, and a clock that goes with the proposals."""

    name = "Directory"

    def __init__(self, governance: FixedGovernance) -> None:
        self.governance = governance

    def governance_of(self, ctx: Context) -> Governance:
        """Return the test's governance at the time of the proposal."""
        seconds = int(ctx.stub.timestamp.timestamp())
        return replace(self.governance, now=Clock(begun=seconds, proposal=seconds))


SAMPLES = {
    "claim_duties": Sample("steward", DUTY, {"title": "登记", "basis": "三定规定"}),
    "offer_duty": Sample("steward", DUTY, {"to": HAI}, first=("claim_duties",)),
    "accept_duty": Sample("deputy", DUTY, first=("offer_duty",)),
    "end_offer": Sample("steward", DUTY, first=("offer_duty",)),
    "keep_duty": Sample("outsider", DUTY, first=("offer_duty",), later=30 * DAY),
    "dispute_duty": Sample("deputy", DUTY, first=("claim_duties",)),
    "rule_duty": Sample("manager", DUTY, {"owner": HAI}, first=("dispute_duty",)),
    "dismiss_claim": Sample("outsider", DUTY, first=("dispute_duty",), later=30 * DAY),
    "take_over": Sample("deputy", DUTY, {"resources": [CODE]}, first=("publish", "accept_duty")),
    "draft": Sample("steward", CODE, {"description": description()}, first=("claim_duties",)),
    "revise": Sample("steward", CODE, {"description": LATER}, first=("draft",)),
    "submit": Sample("steward", CODE, first=("draft",)),
    "send_back": Sample("manager", CODE, first=("submit",)),
    "publish": Sample("manager", CODE, first=("submit",)),
    "give_notice": Sample("steward", CODE, {"description": LATER}, first=("publish",)),
    "change": Sample("steward", CODE, {"description": LATER}, first=("publish",)),
    "suspend": Sample("steward", CODE, first=("publish",)),
    "resume": Sample("steward", CODE, first=("suspend",)),
    "hold": Sample("manager", CODE, first=("publish",)),
    "release": Sample("deputy", CODE, first=("hold",)),
    "retire": Sample("steward", CODE, first=("publish",)),
    "refresh": Sample(
        "steward",
        CODE,
        {"data_updated": "2026-03-11T02:30:00Z", "rows": 10},
        first=("publish",),
        later=3600,
    ),
    "claim_duties#other": Sample("steward", OTHER_DUTY, {"title": "年报", "basis": "三定规定"}),
    "draft#other": Sample(
        "steward",
        OTHER,
        {"description": description(OTHER, duty=OTHER_DUTY)},
        first=("claim_duties#other",),
    ),
    "give_notice#narrower": Sample("steward", CODE, {"description": NARROWER}, first=("publish",)),
    "Sharing:apply": Sample("user", arguments={"application": application()}, first=("publish",)),
    "Sharing:check": Sample("manager", "@Sharing:apply", first=("Sharing:apply",)),
    "Sharing:grant": Sample(
        "steward", "@Sharing:apply", {"offer": offer()}, first=("Sharing:check",)
    ),
}

NOTICED = ("Sharing:grant", "give_notice#narrower")

STORY = Story(
    contract=GovernedDirectory,
    governance=GOVERNANCE,
    people=PEOPLE,
    samples=SAMPLES,
    outsider="outsider",
    now=START,
    organizations=(ECON, MKT, HAI, OUTSIDE),
    examples={
        "other-code": Example(
            step="revise", arguments={"description": description("102001/000009")}
        ),
        "other-publisher": Example(arguments={"description": description(provider=USCC[HAI])}),
        "unchanged": Example(arguments={"description": description()}),
        "no-successor": Example(arguments={"successor": CODE}),
        "no-other-department": Example(arguments={"to": MKT}),
        "own-duty": Example(by="steward"),
        "no-party": Example(arguments={"owner": ECON}),
        "other-duty": Example(arguments={"resources": [OTHER]}, first=("draft#other",)),
        "not-shared-in-use": Example(
            arguments={"description": description(share={**NOT_SHARED, "condition": ""})},
            first=("Sharing:grant",),
        ),
        "no-notice": Example(arguments={"description": NARROWER}, first=("Sharing:grant",)),
        "notice-runs": Example(arguments={"description": NARROWER}, first=NOTICED),
        "notice-lapsed": Example(
            arguments={"description": NARROWER}, first=NOTICED, later=90 * DAY
        ),
        "in-use": Example(first=("Sharing:grant",)),
    },
    beside=lambda governance: (FixedSharing(governance),),
    resting=frozenset(
        {
            ("duty", "owned"),
            ("resource", "draft"),
            ("resource", "published"),
            ("freshness", "current"),
        }
    ),
    giving_up=frozenset({"retire"}),
    free_ids={
        "duty": "MKTSUP-999",
        "resource": "102001/000099",
        "freshness": "102001/000099",
    },
)
