"""The story of the contract `Security`: its people, and a valid call of each step."""

from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from cryptography.x509 import load_pem_x509_certificate
from pyfabric_municipal.catalogue import bundled_calendars
from pyfabric_municipal.common.certificates import key_id
from pyfabric_municipal.common.governance import CodeList, Department, FixedGovernance
from pyfabric_municipal.common.private import blind, commitment
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.testing import WithFixedGovernance
from pyfabric_municipal.common.testing.break_glass import (
    RESTING,
    break_glass_parameters,
    break_glass_roles,
    break_glass_samples,
)
from pyfabric_municipal.common.testing.stage import certificate
from pyfabric_municipal.common.testing.stories import Person, Sample, Story
from pyfabric_municipal.common.values import json_digest
from pyfabric_municipal.founding import settings
from pyfabric_municipal.security.contract import Security

from tests.support.municipal.entries import Entries
from tests.support.municipal.sharing_story import CODE, description

MKT, HAI, AUDIT, POLICE = "MktSupMSP", "HaidianMSP", "AuditMSP", "PubSecMSP"
START = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
OTHER = "102002/000001"
"""A resource for which no policy is in force, or one with an attribute that nobody knows."""
PURPOSE = "产业扶持资金审核"
POLICY, NEXT, UNKNOWN = (
    "102001/important/none@1",
    "102001/important/none@2",
    "102002/important/none@1",
)
IMPORTANT = {"level": "important", "personal": "none"}
DAY = 86_400
SALT = sha256(b"salt of details").hexdigest()
DETAILS = {"system": "政务外网出口", "account": "边界防火墙被绕过，已隔离受影响主机"}
SUBJECT = blind(b"k" * 32, "haidian-1", "access", "somebody").model_dump()

PEOPLE = {
    "provider": Person(MKT, {"role": "security", "staff": "1001"}),
    "colleague": Person(MKT, {"role": "security", "staff": "1002"}),
    "steward": Person(MKT, {"role": "steward", "staff": "1003"}),
    "approver": Person(AUDIT, {"role": "security", "staff": "2001"}),
    "auditor": Person(AUDIT, {"emergency": "reviewer", "staff": "2002"}),
    "police": Person(POLICE, {"role": "security", "staff": "3001"}),
    "user": Person(HAI, {"role": "clerk", "staff": "4001"}),
    "officer": Person(HAI, {"role": "security", "staff": "4002"}),
    "second": Person(HAI, {"role": "security", "staff": "4003"}),
    "on duty": Person(HAI, {"emergency": "officer", "staff": "4004"}),
    "on call": Person(HAI, {"emergency": "officer", "staff": "4005"}),
    "outsider": Person("OutsideMSP", {"staff": "9001"}),
}
KEY = key_id(load_pem_x509_certificate(certificate(PEOPLE["user"]).certificate))
LATER_KEY, OTHER_KEY = (sha256(name).hexdigest() for name in (b"later", b"other"))


def key(**changes: Any) -> dict[str, Any]:
    """Return what is registered of a key: for a year from an hour before the story on."""
    return {
        "purpose": "signing",
        "algorithm": "ECDSA-SHA256",
        "valid_from": "2026-03-11T01:00:00Z",
        "valid_until": "2027-03-11T01:00:00Z",
    } | changes


def policy(*rules: tuple[str, list[str]]) -> dict[str, Any]:
    """Return the arguments by which a policy of these rules is proposed."""
    found = [{"attribute": name, "values": values} for name, values in rules]
    return {"rules": found, "endorsers": 3}


RULES = policy(("purpose", [PURPOSE]), ("role", ["clerk"]), ("department", [HAI, MKT]))
NEXT_RULES = policy(("role", ["clerk"]))
UNKNOWN_RULES = policy(("clearance", ["secret"]))


def read(policy_id: str, proposed: dict[str, Any]) -> dict[str, str]:
    """Return the arguments by which an approver names the policy that was read."""
    return {"digest": json_digest({"id": policy_id, "text": None, **proposed})}


def incident(**changes: Any) -> dict[str, Any]:
    """Return a report of an incident that was detected a minute ago."""
    details = commitment(SALT, DETAILS)
    return {"severity": "major", "detected": "2026-03-11T01:59:00Z", "details": details} | changes


class FixedSecurity(WithFixedGovernance, Security):
    """The contract, with the agreements that a test sets."""

    name = "Security"


_SETTINGS = settings("security")
GOVERNANCE = FixedGovernance(
    parameters={
        **{("security", one["name"]): one["value"] for one in _SETTINGS if "value" in one},
        **break_glass_parameters("security"),
    },
    departments=tuple(
        Department(each, "11110000MB9E10013R", each, "110000") for each in (MKT, HAI, AUDIT, POLICE)
    ),
    roles={
        ("security", "approver"): (AUDIT, MKT),
        ("security", "police"): (POLICE,),
        ("security", "reviewer"): (AUDIT,),
        **break_glass_roles("security", AUDIT, HAI),
    },
    code_lists=tuple(
        CodeList(one["name"], 1, date.fromisoformat(one["since"]), None, one["codes"])
        for one in _SETTINGS
        if one["kind"] == "codes"
    ),
    calendars=tuple(bundled_calendars()),
)

DECIDED = {"resource": CODE, "purpose": PURPOSE, "subject": SUBJECT}
LOWER = {"grade": {"level": "general", "personal": "none"}}
HIGHER = {"grade": {"level": "core", "personal": "none"}}
SINCE = {"since": "2026-03-11T01:30:00Z"}

SAMPLES = {
    "Directory:enter": Sample("steward", CODE, {"description": description()}),
    "Directory:enter#other": Sample("steward", OTHER, {"description": description(OTHER)}),
    "classify": Sample(
        "provider", CODE, {"grade": IMPORTANT, "basis": "分类分级规则"}, first=("Directory:enter",)
    ),
    "classify#other": Sample(
        "provider",
        OTHER,
        {"grade": IMPORTANT, "basis": "分类分级规则"},
        first=("Directory:enter#other",),
    ),
    "raise_grade": Sample("provider", CODE, HIGHER, first=("classify",)),
    "propose_lowering": Sample("provider", CODE, LOWER, first=("classify",)),
    "lower_grade": Sample("approver", CODE, first=("propose_lowering",)),
    "refuse_lowering": Sample("approver", CODE, first=("propose_lowering",)),
    "drop_lowering": Sample("outsider", CODE, first=("propose_lowering",), later=9 * DAY),
    "propose_policy": Sample("provider", POLICY, RULES),
    "propose_policy#next": Sample("provider", NEXT, NEXT_RULES, first=("propose_policy",)),
    "propose_policy#unknown": Sample("provider", UNKNOWN, UNKNOWN_RULES),
    "approve_policy": Sample("approver", POLICY, read(POLICY, RULES), first=("propose_policy",)),
    "approve_policy#next": Sample(
        "approver", NEXT, read(NEXT, NEXT_RULES), first=("propose_policy#next",)
    ),
    "approve_policy#unknown": Sample(
        "approver", UNKNOWN, read(UNKNOWN, UNKNOWN_RULES), first=("propose_policy#unknown",)
    ),
    "refuse_policy": Sample("approver", POLICY, first=("propose_policy",)),
    "drop_policy": Sample("outsider", POLICY, first=("propose_policy",), later=9 * DAY),
    "decide": Sample("user", arguments=DECIDED, first=("classify", "approve_policy")),
    "register_key": Sample("officer", KEY, key()),
    "register_key#later": Sample("officer", LATER_KEY, key(replaces=KEY), first=("activate_key",)),
    "register_key#other": Sample("provider", OTHER_KEY, key()),
    "activate_key": Sample("second", KEY, first=("register_key",)),
    "activate_key#later": Sample("second", LATER_KEY, first=("register_key#later",)),
    "end_rotation": Sample("outsider", KEY, first=("activate_key#later",), later=7 * DAY),
    "retire_key": Sample("officer", KEY, first=("register_key",)),
    "expire_key": Sample("outsider", KEY, first=("activate_key",), later=365 * DAY),
    "report_compromise": Sample("officer", KEY, SINCE, first=("activate_key",)),
    "find_compromise": Sample("police", KEY, SINCE, first=("activate_key",)),
    "mark_steps": Sample("outsider", KEY, {"most": 10}, first=("decide", "report_compromise")),
    "report_incident": Sample("police", arguments=incident()),
    "contain": Sample("police", "@report_incident", first=("report_incident",)),
    "close_incident": Sample("approver", "@report_incident", first=("contain",)),
    **break_glass_samples(
        officer="on duty", second="on call", reviewer="auditor", anybody="outsider", scope=CODE
    ),
}

STORY = Story(
    contract=FixedSecurity,
    beside=lambda governance: (Entries(governance),),
    governance=GOVERNANCE,
    people=PEOPLE,
    samples=SAMPLES,
    outsider="outsider",
    now=START,
    organizations=(MKT, HAI, AUDIT, POLICE, "OutsideMSP"),
    free_ids={
        "classification": "102001/000099",
        "policy": "103001/general/none@1",
        "key": sha256(b"free").hexdigest(),
    },
    examples={
        "version-gap": Example(id="102001/important/none@3"),
        "older-version": Example(first=("approve_policy#next",)),
        "other-owner": Example(
            first=("register_key#other",), arguments={"replaces": "@register_key#other"}
        ),
        "last-active-key": Example(first=("activate_key",)),
        "key-compromised": Example(first=("report_compromise",)),
        "unclassified": Example(arguments={"resource": "102001/000099"}),
        "no-policy": Example(first=("classify#other",), arguments={"resource": OTHER}),
        "unknown-attribute": Example(
            first=("classify#other", "approve_policy#unknown"), arguments={"resource": OTHER}
        ),
        "attribute-missing": Example(arguments={"purpose": "统计分析"}),
    },
    resting=frozenset(
        {
            ("classification", "classified"),
            ("key", "active"),
            ("key", "retired"),
            ("key", "compromised"),
            ("incident", "contained"),
            RESTING,
        }
    ),
    giving_up=frozenset({"retire_key"}),
)
"""What is contained stays so until its review, and is listed as overdue meanwhile, as a break-glass is."""
