"""The story of the contract `Sharing`: its people, and a valid call of each step."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from pyfabric_municipal.catalogue import bundled_calendars
from pyfabric_municipal.common.governance import Department, FixedGovernance
from pyfabric_municipal.common.private import blind, commitment
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.testing.stories import Person, Sample, Story
from pyfabric_municipal.directory.description import Description

from tests.support.municipal.entries import Entries, FixedSharing

ECON, MKT, HAI = "EconInfoMSP", "MktSupMSP", "HaidianMSP"
GOV, OUTSIDE = "GovServiceDataMSP", "OutsideMSP"
USCC = {
    ECON: "11110000MB9E10013R",
    MKT: "11110000MB9K20022C",
    HAI: "11110108MB9H30033U",
    GOV: "11110000MB9P22225R",
}
START = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
CODE, SECRET, KEPT, FREE = (f"102001/00000{number}" for number in range(1, 5))
CONDITIONAL = {"type": "conditional", "condition": "限依法履职使用"}
UNCONDITIONAL = {"type": "unconditional"}
NOT_SHARED = {"type": "not_shared", "basis": "《中华人民共和国统计法》"}
SALT = hashlib.sha256(b"salt of scope").hexdigest()
SCOPE = {"rows": "注册地在海淀区的企业"}
EXCHANGE = {"query": "注册号=110108000001", "result": "0" * 64}
EVIDENCE = {"statement": "登记状态与年报不符"}
SUBJECT = blind(b"k" * 32, "mktsup-1", "receipts", "somebody").model_dump()


def description(code: str = CODE, **changes: Any) -> dict[str, Any]:
    """Return a resource as an argument: three fields, on the platform, on condition."""
    return {
        "secrecy": "unclassified",
        "code": code,
        "title": "市场主体登记基本信息",
        "title_en": "Basic register",
        "abstract": "登记机关依法登记的基本信息",
        "duty": "MKTSUP-001",
        "provider": USCC[MKT],
        "region": "110000",
        "fields": [
            {"name": "uscc", "title": "统一社会信用代码", "type": "code"},
            {"name": "entity_name", "title": "主体名称", "type": "string"},
            {"name": "capital_fen", "title": "注册资本（分）", "type": "integer"},
        ],
        "share": CONDITIONAL,
        "opening": {"open": False},
        "cycle": "monthly",
        "issued": "2020-03-02",
        "on_platform": True,
        "distributions": [{"title": "登记表", "system": "登记系统", "format": "table"}],
    } | changes


RETYPED = [
    {**one, "type": "integer"} if one["name"] == "entity_name" else one
    for one in description()["fields"]
]


def terms(**changes: Any) -> dict[str, Any]:
    """Return terms as an argument: two fields for a year, 100 rows."""
    return {
        "fields": ["entity_name", "uscc"],
        "valid_from": "2026-03-11T00:00:00Z",
        "valid_until": "2027-03-11T00:00:00Z",
        "quota": 100,
    } | changes


BRIEF = terms(valid_until="2026-03-11T03:00:00Z")


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
        "scope": commitment(SALT, SCOPE),
        "terms": terms(),
    } | changes


def exchange(number: int = 1) -> dict[str, Any]:
    """Return a query and its result, as they travel."""
    salt = hashlib.sha256(f"salt of exchange {number}".encode()).hexdigest()
    return {"salt": salt, "value": EXCHANGE}


def delivery(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a delivery of forty rows as an argument."""
    sealed = exchange(number)
    return {
        "revision": 2,
        "exchange": commitment(sealed["salt"], sealed["value"]),
        "schema_digest": Description.model_validate(description()).schema_digest(),
        "fields": ["uscc"],
        "rows": 40,
        "delivered": "2026-03-11T02:00:00Z",
        "subjects": [SUBJECT],
    } | changes


def fault(**changes: Any) -> dict[str, Any]:
    """Return a fault as an argument."""
    return {
        "field": "uscc",
        "subject": SUBJECT,
        "evidence": commitment(SALT, {"statement": EVIDENCE["statement"], "documents": []}),
        "description": "登记状态与年报不符",
    } | changes


PEOPLE = {
    "user": Person(HAI, {"role": "clerk", "staff": "1001"}),
    "provider": Person(MKT, {"role": "steward", "staff": "2001"}),
    "manager": Person(ECON, {"role": "manager", "staff": "3001"}),
    "arbiter": Person(GOV, {"role": "clerk", "staff": "4001"}),
    "outsider": Person(OUTSIDE, {"staff": "9001"}),
    "passer-by": Person(GOV, {"staff": "4002"}),
}

GOVERNANCE = FixedGovernance(
    parameters={
        ("city", "net"): "test-net",
        ("sharing", "manager-days"): 2,
        ("sharing", "provider-days-on-platform"): 5,
        ("sharing", "provider-days-off-platform"): 10,
        ("sharing", "user-days"): 10,
        ("sharing", "arbiter-days"): 10,
        ("sharing", "confirm-days"): 10,
        ("sharing", "remedy-days"): 5,
        ("sharing", "receipt-seconds"): 86_400,
    },
    roles={("sharing", "manager"): (ECON,), ("sharing", "arbiter"): (GOV,)},
    departments=tuple(
        Department(one, code, one, "110108" if one == HAI else "110000")
        for one, code in USCC.items()
    ),
    calendars=tuple(bundled_calendars()),
)

DAY = 86_400
ENTERED = ("Directory:enter",)


def _change(*first: str, **changes: Any) -> Sample:
    return Sample("provider", CODE, {"description": description(**changes)}, first=first)


def _entry(code: str, share: dict[str, str]) -> Sample:
    return Sample("provider", code, {"description": description(code, share=share)})


RESOURCES = {
    "Directory:enter": _entry(CODE, CONDITIONAL),
    "Directory:enter#secret": _entry(SECRET, NOT_SHARED),
    "Directory:enter#kept": _entry(KEPT, CONDITIONAL),
    "Directory:enter#free": _entry(FREE, UNCONDITIONAL),
    "Directory:change": _change("Directory:enter", share=UNCONDITIONAL),
    "Directory:change#back": _change("Directory:change", title="登记基本信息"),
    "Directory:change#secret": _change("Directory:enter", share=NOT_SHARED),
    "Directory:change#retype": _change("Directory:enter", fields=RETYPED),
    "Directory:suspend": Sample("provider", CODE, first=("Directory:enter",)),
    "Directory:retire": Sample("provider", CODE, first=("Directory:enter",)),
}

REQUESTS = {
    "apply": Sample("user", arguments={"application": application()}, first=ENTERED),
    "apply#kept": Sample(
        "user", arguments={"application": application(KEPT)}, first=("Directory:enter#kept",)
    ),
    "apply#free": Sample(
        "user", arguments={"application": application(FREE)}, first=("Directory:enter#free",)
    ),
    "apply#brief": Sample(
        "user", arguments={"application": application(terms=BRIEF)}, first=ENTERED
    ),
    "refile": Sample("user", "@apply", {"application": application()}, first=("reject",)),
    "check": Sample("manager", "@apply", first=("apply",)),
    "check#kept": Sample("manager", "@apply#kept", first=("apply#kept",)),
    "check#brief": Sample("manager", "@apply#brief", first=("apply#brief",)),
    "deem_checked": Sample("passer-by", "@apply", first=("apply",), later=4 * DAY),
    "grant_open": Sample("manager", "@apply", first=("apply", "Directory:change")),
    "grant_open#free": Sample("manager", "@apply#free", first=("apply#free",)),
    "take_open": Sample("user", "@apply", first=("check", "check#brief", "Directory:change")),
    "reject": Sample("manager", "@apply", first=("apply",)),
    "withdraw": Sample("user", "@apply", first=("apply",)),
    "lapse": Sample("user", "@apply", first=("apply", "Directory:change#retype")),
    "grant": Sample("provider", "@apply", {"offer": offer()}, first=("check",)),
    "grant#kept": Sample("provider", "@apply#kept", {"offer": offer()}, first=("check#kept",)),
    "refuse": Sample("provider", "@apply", first=("check",)),
    "offer": Sample("provider", "@apply", {"offer": offer(quota=50)}, first=("check",)),
    "offer#brief": Sample(
        "provider",
        "@apply#brief",
        {"offer": {"terms": BRIEF, "licence": "限本次业务使用"}},
        first=("check#brief",),
    ),
    "accept": Sample("user", "@apply", first=("offer",)),
    "lapse_offer": Sample("passer-by", "@apply", first=("offer",), later=20 * DAY),
    "dispute": Sample("user", "@apply", first=("refuse",)),
    "refer": Sample("user", "@apply", first=("offer",)),
    "escalate": Sample("passer-by", "@apply", first=("check",), later=8 * DAY),
    "rule_for": Sample("arbiter", "@apply", {"offer": offer()}, first=("refer",)),
    "rule_against": Sample("arbiter", "@apply", first=("refer",)),
    "leave_unresolved": Sample("passer-by", "@apply", first=("refer",), later=20 * DAY),
}

GRANTS = {
    "activate": Sample("user", "@grant", first=("grant",)),
    "activate#kept": Sample("user", "@grant#kept", first=("grant#kept",)),
    "renew": Sample(
        "provider",
        "@activate",
        {"fields": ["uscc"]},
        first=("activate", "Directory:change#retype"),
    ),
    "renew_unused": Sample(
        "provider", "@grant", {"fields": ["uscc"]}, first=("grant", "Directory:change#retype")
    ),
    "revoke": Sample("provider", "@activate", first=("activate",)),
    "exhaust": Sample("user", "@activate", first=("deliver", "deliver#rest")),
    "lapse_grant": Sample("user", "@activate", first=("activate", "Directory:change#retype")),
    "expire": Sample("passer-by", "@activate", first=("activate",), later=365 * DAY),
    "lease_rows": Sample(
        "provider",
        arguments={"grant": "@activate", "worker": "w1", "rows": 100},
        first=("activate",),
    ),
    "return_rows": Sample(
        "provider", arguments={"grant": "@activate", "worker": "w1"}, first=("lease_rows",)
    ),
}

RECEIPTS = {
    "deliver": Sample(
        "provider",
        arguments={"grant": "@activate", "worker": "w1", "delivery": delivery()},
        first=("lease_rows",),
    ),
    "deliver#rest": Sample(
        "provider",
        arguments={"grant": "@activate", "worker": "w1", "delivery": delivery(2, rows=60)},
        first=("lease_rows",),
    ),
    "confirm": Sample("user", "@deliver", first=("deliver",)),
    "deem_confirmed": Sample("passer-by", "@deliver", first=("deliver",), later=20 * DAY),
    "contest": Sample("user", "@deliver", first=("deliver",)),
    "concede": Sample("provider", "@deliver", first=("contest",)),
    "defend": Sample("provider", "@deliver", first=("contest",)),
    "deem_conceded": Sample("passer-by", "@deliver", first=("contest",), later=9 * DAY),
    "uphold_delivery": Sample("arbiter", "@deliver", first=("defend",)),
    "undo_delivery": Sample("arbiter", "@deliver", first=("defend",)),
}

REPORTS = {
    "raise_error": Sample(
        "user", arguments={"grant": "@activate", "fault": fault()}, first=("activate",)
    ),
    "accept_error": Sample("provider", "@raise_error", first=("raise_error",)),
    "correct_error": Sample(
        "provider", "@raise_error", {"correction": "1" * 64}, first=("accept_error",)
    ),
    "reject_error": Sample("provider", "@raise_error", first=("raise_error",)),
    "appeal_error": Sample("user", "@raise_error", first=("reject_error",)),
    "escalate_error": Sample("passer-by", "@raise_error", first=("raise_error",), later=8 * DAY),
    "uphold_error": Sample("arbiter", "@raise_error", first=("appeal_error",)),
    "deem_upheld": Sample("passer-by", "@raise_error", first=("appeal_error",), later=20 * DAY),
    "dismiss_error": Sample("arbiter", "@raise_error", first=("appeal_error",)),
}

STORY = Story(
    contract=FixedSharing,
    beside=lambda governance: (Entries(governance),),
    governance=GOVERNANCE,
    people=PEOPLE,
    samples=RESOURCES | REQUESTS | GRANTS | RECEIPTS | REPORTS,
    outsider="outsider",
    now=START,
    organizations=(HAI, MKT, ECON, GOV, OUTSIDE),
    giving_up=frozenset({"withdraw", "lapse", "lapse_grant", "lapse_offer"}),
    resting=frozenset(
        {
            ("request", "refused"),
            ("request", "rejected"),
            ("request", "unresolved"),
            ("request", "lapsed"),
            ("report", "rejected"),
            ("report", "upheld"),
        }
    ),
    examples={
        "quota-exceeded": Example(step="lease_rows", arguments={"rows": 101}),
        "lease-exceeded": Example(step="deliver", arguments={"delivery": {"rows": 101}}),
    },
)
