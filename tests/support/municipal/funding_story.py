"""The story of the contract `Funding`: a project of an enterprise with a good grade, and a valid call of each step."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pyfabric_municipal.common.governance import FixedGovernance
from pyfabric_municipal.common.private import blind
from pyfabric_municipal.common.testing.fixed import WithFixedGovernance
from pyfabric_municipal.common.testing.stories import Person, Sample, Story
from pyfabric_municipal.credit.samples import SUBJECT
from pyfabric_municipal.founding import settings
from pyfabric_municipal.funding.contract import Funding
from pyfabric_municipal.funding.founding import ROLES

from tests.support.municipal import credit_story as credit
from tests.support.municipal.credit_story import DAY, FINANCE, MKT, StagedCredit
from tests.support.municipal.municipal import ECON, START

ZGC, HAIDIAN, SCITECH = "ZgcMSP", "HaidianMSP", "SciTechMSP"
OTHER = "91350200MA2YJ1XR9G"
UNTIL = "2026-06-30T16:00:00Z"


def project(name: str = "quantum sensor") -> dict[str, str]:
    """Return the blinded key of a project, as every department makes it."""
    return blind(b"p" * 32, "projects-1", "funding", name).model_dump()


def of_credit(name: str, **changes: Any) -> Sample:
    """Return a sample of the contract `Credit` beside this one."""
    found = credit.SAMPLES[name]
    target = f"@Credit:{found.id[1:]}" if found.id.startswith("@") else found.id
    return replace(found, id=target, first=[f"Credit:{one}" for one in found.first], **changes)


APPLICATION = {
    "subject": SUBJECT,
    "funder": ZGC,
    "programme": "2026年度园区创新资金",
    "project": project(),
    "amount": 300_000_000,
    "score": "@Credit:compute_score",
    "delegation": "@delegate",
}
GRANTED = {
    "decision": "中科园发〔2026〕12号",
    "granted": 200_000_000,
    "score": "@Credit:compute_score",
}

PEOPLE = {
    **credit.PEOPLE,
    "office": Person(MKT, {"staff": "7001", "uscc": SUBJECT}),
    "funder": Person(ZGC, {"role": "officer", "staff": "5001"}),
    "payer": Person(FINANCE, {"role": "clerk", "staff": "4002"}),
}

SAMPLES = {
    "Credit:register": of_credit("register"),
    "Credit:register#other": Sample(
        "market", OTHER, {"region": "350203", "name": "厦门某某有限公司"}
    ),
    "Credit:cancel": of_credit("cancel"),
    "Credit:record": of_credit("record"),
    "Credit:publish": of_credit("publish"),
    "Credit:object": replace(of_credit("object"), arguments={"penalty": "@Credit:record"}),
    "Credit:grade_taxpayer#low": Sample(
        "tax", arguments={"subject": SUBJECT, "year": 2025, "grade": "D"}
    ),
    "Credit:compute_score": of_credit("compute_score"),
    "Credit:compute_score#again": of_credit("compute_score"),
    "Credit:compute_score#low": of_credit("compute_score"),
    "Credit:compute_score#other": Sample(
        "platform",
        arguments={"subject": OTHER, "as_of": "2026-03-11"},
        first=("Credit:register#other",),
    ),
    "register_key": Sample(
        "market", SUBJECT, {"public_key": "@key:boss"}, first=("Credit:register",)
    ),
    "replace_key": Sample("market", SUBJECT, {"public_key": "@key:boss"}, first=("register_key",)),
    "delegate": Sample(
        "passer-by",
        arguments={"subject": SUBJECT, "public_key": "@key:li", "until": UNTIL},
        first=("register_key",),
        signer="boss",
    ),
    "end_delegation": Sample("passer-by", "@delegate", first=("delegate",), signer="boss"),
    "lapse_delegation": Sample("passer-by", "@delegate", first=("delegate",), later=120 * DAY),
    "apply": Sample(
        "passer-by",
        arguments=APPLICATION,
        first=("delegate", "Credit:compute_score"),
        signer="li",
    ),
    "withdraw": Sample("passer-by", "@apply", first=("apply",), signer="li"),
    "grant": Sample("funder", "@apply", GRANTED, first=("apply",)),
    "refuse": Sample("funder", "@apply", first=("apply",)),
    "lapse": Sample("passer-by", "@apply", first=("apply",), later=40 * DAY),
    "pay": Sample("payer", "@apply", {"payment": "国库支付2026-0815"}, first=("grant",)),
    "revoke": Sample("funder", "@apply", first=("grant",)),
    "apply#second": Sample(
        "passer-by",
        arguments=APPLICATION | {"project": project("tidal pump")},
        first=("delegate", "Credit:compute_score"),
        signer="li",
    ),
    "grant#second": Sample(
        "funder",
        "@apply#second",
        GRANTED | {"decision": "中科园发〔2026〕13号"},
        first=("apply#second",),
    ),
    "pay#second": Sample(
        "payer", "@apply#second", {"payment": "国库支付2026-0815"}, first=("grant#second",)
    ),
}


class StagedFunding(WithFixedGovernance, Funding):
    """The contract with what the departments have agreed on."""

    name = "Funding"


def beside(governance: FixedGovernance) -> Sequence[StagedCredit]:
    """Return the contract that the chaincode has, too."""
    return (StagedCredit(governance),)


PARAMETERS = {one["name"]: one["value"] for one in settings("funding")}
GOVERNANCE = replace(
    credit.GOVERNANCE,
    parameters={
        **credit.GOVERNANCE.parameters,
        **{("funding", name): value for name, value in PARAMETERS.items()},
    },
    roles={
        **credit.GOVERNANCE.roles,
        **{("funding", name): tuple(members) for name, members in ROLES.items()},
    },
    certifiers={SUBJECT: MKT},
)

STORY = Story(
    contract=StagedFunding,
    governance=GOVERNANCE,
    people=PEOPLE,
    samples=SAMPLES,
    outsider="passer-by",
    now=START,
    collections=credit.STORY.collections,
    organizations=(ECON, MKT, credit.TAX, FINANCE, HAIDIAN, SCITECH, ZGC),
    free_ids={"company_key": OTHER},
    giving_up=frozenset({"withdraw"}),
    resting=frozenset({("company_key", "registered")}),
    beside=beside,
)
