"""The story of the contract `Services`: its people, and a valid call of each step."""

import hashlib
from datetime import UTC, date, datetime
from typing import Any

from pyfabric_municipal.catalogue import bundled_calendars
from pyfabric_municipal.common.governance import CodeList, Department, FixedGovernance
from pyfabric_municipal.common.private import blind, commitment
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.testing.fixed import WithFixedGovernance
from pyfabric_municipal.common.testing.stories import Person, Sample, Story
from pyfabric_municipal.founding import settings
from pyfabric_municipal.services.contract import Services

from tests.support.municipal.entries import Entries
from tests.support.municipal.sharing_story import description

GOV, MKT, ECO, HAI = "GovServiceDataMSP", "MktSupMSP", "EcoEnvMSP", "HaidianMSP"
OUTSIDE = "OutsideMSP"
USCC = {
    GOV: "11110000MB9P22225R",
    MKT: "11110000MB9K20022C",
    ECO: "11110000MB9E10013R",
    HAI: "11110108MB9H30033U",
}
START = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
DAY = 86_400
ITEM, OTHER, PLAIN = (f"{USCC[MKT]}33701170020{number}" for number in (11, 12, 13))
LICENCE_TYPE = f"{USCC[MKT]}002"
LICENCE = f"1.2.156.3005.2.{LICENCE_TYPE}.{USCC[MKT]}.2026000001.001.F"

REGISTER, PREMISES = "102001/000001", "102001/000002"
REMEDY = "可以在六十日内申请行政复议，或者在六个月内提起行政诉讼"
SALT = hashlib.sha256(b"salt of application").hexdigest()
APPLICATION = {
    "applicant": "somebody",
    "identifier": "number of somebody",
    "contact": "telephone of somebody",
    "object": "a shop",
    "documents": {"floor_plan": "1" * 64, "lease": "2" * 64},
}


def blinded(who: str) -> dict[str, Any]:
    """Return the blinded key of somebody or something, as an argument."""
    return blind(b"k" * 32, "services-1", "services", who).model_dump()


def content(**changes: Any) -> dict[str, Any]:
    """Return an item's content as an argument: two documents are asked for, a resource and a licence supply the rest."""
    return {
        "title": "食品经营许可",
        "basis": "《中华人民共和国食品安全法》第三十五条",
        "legal_days": 20,
        "promised_days": 10,
        "exclusive": True,
        "reviewers": [ECO],
        "materials": [
            {"code": "floor_plan", "title": "布局图", "data": ["premises.floor_plan"]},
            {"code": "lease", "title": "租赁合同", "data": ["premises.lease"]},
            {
                "code": "business_licence",
                "title": "营业执照",
                "data": ["enterprise.name"],
                "sources": [REGISTER],
            },
            {
                "code": "qualification",
                "title": "从业人员资格证",
                "data": ["person.qualification"],
                "licence": LICENCE_TYPE,
            },
        ],
        "result": LICENCE_TYPE,
    } | changes


def asking(code: str, datum: str, **changes: Any) -> dict[str, Any]:
    """Return content with one material, which shows a data element."""
    material = {"code": code, "title": "材料", "data": [datum]} | changes
    return content(materials=[material])


def resource(code: str, datum: str, **changes: Any) -> dict[str, Any]:
    """Return a resource that collects a data element, as an argument."""
    fields = [{"name": "value", "title": "内容", "type": "string", "datum": datum}]
    return description(code, fields=fields, **changes)


def case(number: int, item: str = ITEM, **changes: Any) -> dict[str, Any]:
    """Return the arguments of a case about a thing of its own, with both documents."""
    return {
        "item": item,
        "applicant": blinded("somebody"),
        "object": blinded(f"shop {number}"),
        "public_key": "@key:anna",
        "application": commitment(SALT, APPLICATION),
        "materials": ["floor_plan", "lease"],
    } | changes


def _clerk(msp_id: str, staff: str) -> Person:
    return Person(msp_id, {"role": "clerk", "staff": staff})


PEOPLE = {
    "window": _clerk(HAI, "1001"),
    "handler": _clerk(MKT, "2001"),
    "reviewer": _clerk(ECO, "3001"),
    "supervisor": Person(GOV, {"role": "manager", "staff": "4001"}),
    "steward": Person(MKT, {"role": "steward", "staff": "2002"}),
    "outsider": Person(OUTSIDE, {"role": "clerk", "staff": "9001"}),
    "passer-by": Person(GOV, {"staff": "4002"}),
}

_SETTINGS = settings("services")
GOVERNANCE = FixedGovernance(
    parameters={
        ("city", "net"): "test-net",
        **{
            ("services", one["name"]): one["value"]
            for one in _SETTINGS
            if one["kind"] == "parameter"
        },
        ("services", "stop-days"): 10,
    },
    roles={("services", "supervisor"): (GOV,)},
    departments=tuple(
        Department(one, code, one, "110108" if one == HAI else "110000")
        for one, code in USCC.items()
    ),
    calendars=tuple(bundled_calendars()),
    code_lists=tuple(
        CodeList(one["name"], 1, date.fromisoformat(one["since"]), None, one["codes"])
        for one in _SETTINGS
        if one["kind"] == "codes"
    ),
)


class GovernedServices(WithFixedGovernance, Services):
    """The contract, with the agreements that a test sets."""

    name = "Services"


def _item(code: str, **changes: Any) -> Sample:
    return Sample("handler", code, {"content": content(**changes)}, first=("Directory:enter",))


def _drafted(code: str, found: dict[str, Any]) -> Sample:
    return Sample("handler", code, {"content": found}, first=("Directory:enter",))


ITEMS = {
    "Directory:enter": Sample(
        "steward", REGISTER, {"description": resource(REGISTER, "enterprise.name")}
    ),
    "Directory:enter#premises": Sample(
        "steward", PREMISES, {"description": resource(PREMISES, "premises.lease")}
    ),
    "enter": _item(ITEM),
    "enter#plain": _item(PLAIN, reviewers=[], result=None, exclusive=False),
    "enter#own": _item(OTHER, reviewers=[MKT]),
    "enter#unsupplied": _drafted(
        OTHER, asking("register", "enterprise.capital", sources=[REGISTER])
    ),
    "enter#unlisted": _item(OTHER, result="11100000000013338W011"),
    "revise": Sample("handler", ITEM, {"content": content(promised_days=8)}, first=("enter",)),
    "publish": Sample("supervisor", ITEM, first=("enter",)),
    "publish#plain": Sample("supervisor", PLAIN, first=("enter#plain",)),
    "propose": Sample("handler", ITEM, {"content": content(promised_days=5)}, first=("publish",)),
    "publish#again": Sample("supervisor", ITEM, first=("propose",)),
    "drop": Sample("handler", ITEM, first=("propose",)),
    "retire": Sample("handler", ITEM, first=("publish",)),
}

ACCEPTANCE = {
    "submit": Sample("window", "C1", case(1), first=("publish",)),
    "submit#partial": Sample("window", "C2", case(2, materials=["lease"]), first=("publish",)),
    "submit#other": Sample("window", "C3", case(3), first=("publish",)),
    "submit#plain": Sample("window", "C4", case(4, PLAIN), first=("publish#plain",)),
    "ask_supplement": Sample("handler", "C1", {"materials": ["floor_plan"]}, first=("submit",)),
    "supply": Sample(
        "window",
        "C1",
        {"application": "a" * 64, "materials": ["floor_plan", "lease"]},
        first=("ask_supplement",),
    ),
    "lapse": Sample("passer-by", "C1", first=("ask_supplement",), later=40 * DAY),
    "accept": Sample("handler", "C1", first=("submit",)),
    "accept#other": Sample("handler", "C3", first=("submit#other",)),
    "accept#plain": Sample("handler", "C4", first=("submit#plain",)),
    "deem_accepted": Sample("passer-by", "C1", first=("submit",), later=8 * DAY),
    "not_accept": Sample("handler", "C1", {"remedy": REMEDY}, first=("submit",)),
    "withdraw": Sample("passer-by", "C1", first=("submit",), signer="anna"),
}

HANDLING = {
    "advise": Sample("reviewer", "C1", {"agrees": True}, first=("accept",)),
    "advise#against": Sample("reviewer", "C3", {"agrees": False}, first=("accept#other",)),
    "advise#other": Sample("reviewer", "C3", {"agrees": True}, first=("accept#other",)),
    "pass_over": Sample("passer-by", "C1", first=("accept",), later=8 * DAY),
    "stop": Sample("handler", "C1", {"procedure": "testing"}, first=("accept",)),
    "resume": Sample("handler", "C1", first=("stop",)),
    "wake": Sample("passer-by", "C1", first=("stop",), later=15 * DAY),
    "grant": Sample("handler", "C1", first=("advise",)),
    "grant#other": Sample("handler", "C3", first=("advise#other",)),
    "grant#plain": Sample("handler", "C4", first=("accept#plain",)),
    "refuse": Sample("handler", "C1", {"remedy": REMEDY}, first=("advise",)),
    "deliver": Sample("handler", "C1", {"licence": LICENCE}, first=("grant",)),
    "deliver#other": Sample("handler", "C3", {"licence": LICENCE}, first=("grant#other",)),
    "deliver#plain": Sample("handler", "C4", {"licence": None}, first=("grant#plain",)),
    "deliver#refused": Sample("handler", "C1", {"licence": None}, first=("refuse",)),
    "close": Sample("window", "C1", first=("deliver",)),
    "close_silently": Sample("passer-by", "C1", first=("deliver",), later=40 * DAY),
    "rate": Sample("passer-by", "C1", {"grade": 1}, first=("close",), signer="anna"),
    "answer": Sample("handler", "C1", first=("rate",)),
}

STORY = Story(
    contract=GovernedServices,
    beside=lambda governance: (Entries(governance),),
    governance=GOVERNANCE,
    people=PEOPLE,
    samples=ITEMS | ACCEPTANCE | HANDLING,
    outsider="outsider",
    now=START,
    organizations=(GOV, MKT, ECO, HAI, OUTSIDE),
    giving_up=frozenset({"withdraw", "retire", "lapse"}),
    resting=frozenset(
        {
            ("item", "draft"),
            ("item", "published"),
            ("case", "closed"),
            ("case", "complaint"),
        }
    ),
    examples={
        "other-implementer": Example(id=f"{USCC[ECO]}3370117002011"),
        "no-reviewer": Example(id=OTHER, first=("enter#own",)),
        "directory-supplies": Example(first=("Directory:enter#premises",)),
        "not-supplied": Example(id=OTHER, first=("enter#unsupplied",)),
        "no-licence-type": Example(id=OTHER, first=("enter#unlisted",)),
    },
    free_ids={"item": OTHER},
    known=frozenset({LICENCE_TYPE}),
)
