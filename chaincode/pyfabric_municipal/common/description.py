"""The description of a contract as JSON, made from its declarations: for commands, pages and the metadata."""

import inspect
from collections.abc import Mapping
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from pyfabric_municipal.common.diagrams import diagram
from pyfabric_municipal.common.invariants import SetInvariant
from pyfabric_municipal.common.records import Fact, Record
from pyfabric_municipal.common.refusals import Rule
from pyfabric_municipal.common.roles import (
    Appointed,
    Governed,
    HolderRole,
    On,
    OrganisationRole,
    Role,
)
from pyfabric_municipal.common.step_refusals import refusals_of
from pyfabric_municipal.common.steps import Step, Wait
from pyfabric_municipal.common.waiting import Until

if TYPE_CHECKING:
    from pyfabric_municipal.common.contract import CityContract


def describe(contract: "type[CityContract]") -> dict[str, Any]:
    """Return the contract as JSON: its records with their fields, its steps with all that was declared, its refusals.

    Docstrings are whole: `in_language` has them in one language.
    """
    return {
        "contract": contract.contract_name(),
        "title": contract.title,
        "doc": inspect.getdoc(contract) or "",
        "records": [
            _record(one)
            | {"diagram": {"en": diagram(contract, one, "en"), "zh": diagram(contract, one, "zh")}}
            for one in contract.RECORDS
        ],
        "steps": [_step(contract, one) for one in contract.STEPS.values()],
        "lasting_collections": sorted(lasting_collections(contract)),
        "transactions": [_rule(one) for one in contract.TRANSACTIONS],
        "parameters": _parameters(contract),
        "refusals": _texts(refusals(contract)),
    }


def describe_step(contract: "type[CityContract]", step: Step) -> dict[str, Any]:
    """Return what the metadata have of a step: where it leads from and to, who takes it, and what can refuse it."""
    whole = _step(contract, step)
    kept = ("record", "from", "to", "by", "guards", "reason", "private")
    return {name: whole[name] for name in kept} | {"refusals": _texts(refusals_of(contract, step))}


def refusals(contract: "type[CityContract]") -> dict[str, Rule]:
    """Return the rules that can refuse the contract's steps, by their codes."""
    found: dict[str, Rule] = {}
    for step in contract.STEPS.values():
        found |= refusals_of(contract, step)
    return dict(sorted(found.items()))


def _texts(rules: Mapping[str, Rule]) -> dict[str, dict[str, str]]:
    return {code: {"zh": rule.zh, "en": rule.en} for code, rule in rules.items()}


def _parameters(contract: "type[CityContract]") -> list[str]:
    """Return the names of the parameters that declarations name; code can read further ones."""
    steps = contract.STEPS.values()
    waits = [wait for step in steps for wait in step.waits]
    waits += [wait for step in steps for move in step.moves for wait in move.waits]
    found = {wait.limit.parameter for wait in waits if not isinstance(wait.limit, Until)}
    named = (role.of for step in steps for role in step.by)
    found |= {one.parameter for one in named if isinstance(one, Governed)}
    found |= {name for step in steps for guard in step.guards for name in guard.parameters}
    return sorted(found)


def lasting_collections(contract: "type[CityContract]") -> set[str]:
    """Return the collections of which a step reads what an earlier one wrote: they keep it for ever (BlockToLive 0)."""
    kept = {one.COLLECTION for one in contract.RECORDS if one.COLLECTION}
    marks = (mark for step in contract.STEPS.values() for _, mark in step.private.values())
    return kept | {mark.name for mark in marks if not mark.lapses}


def _record(record: type[Record]) -> dict[str, Any]:
    return {
        "kind": record.KIND,
        "doc": inspect.getdoc(record) or "",
        "schema_version": record.SCHEMA,
        "is_fact": issubclass(record, Fact),
        "fields": [name for name in record.model_fields if name not in Record.model_fields],
        "indexes": {one.name: list(one.paths) for one in record.INDEXES},
        "claims": [one.name for one in record.CLAIMS],
        "states": dict(record.STATES),
        "collection": record.COLLECTION,
        "views": {name: list(fields) for name, fields in record.VIEWS.items()},
        "invariants": [
            _rule(one) | ({"index": one.index} if isinstance(one, SetInvariant) else {})
            for one in record.INVARIANTS
        ],
    }


def _step(contract: "type[CityContract]", step: Step) -> dict[str, Any]:
    return {
        "step": step.name,
        "doc": step.doc,
        "record": step.record.KIND,
        "from": list(step.sources),
        "to": [
            {"state": one.state, "when": None if one.when is None else _rule(one.when)}
            for one in step.targets
        ],
        "by": [_role(one) for one in step.by],
        "arguments": [one.name for one in step.arguments],
        "private": {name: mark.name for name, (_, mark) in step.private.items()},
        "guards": [_rule(one) for one in step.guards],
        "reason": step.reason,
        "waits": [_wait(one) for one in step.waits],
        "joins": step.joins,
        "by_time": step.when_due,
        "timer": step.timer.value,
        "moves": [
            {"record": one.record.KIND, "from": list(one.sources), "to": one.target}
            for one in step.moves
        ],
        "event": list(step.event),
        "recorded": [one.code for one in step.denies],
        "mode": step.mode.value,
        "over": step.over,
        "refusals": list(refusals_of(contract, step)),
    }


def _rule(rule: Rule) -> dict[str, str]:
    return {"code": rule.code, "zh": rule.zh, "en": rule.en}


def _role(role: Role) -> dict[str, Any]:
    kinds = {OrganisationRole: "organisation", HolderRole: "holder"}
    named = {On: "field", Governed: "parameter", Appointed: "role"}
    place = None
    if role.of is not None:
        (value,) = astuple(role.of)
        place = {named[type(role.of)]: value}
    return {
        "role": role.name,
        "zh": role.zh,
        "kind": kinds.get(type(role), "department"),
        "named_by": place,
        "attribute": None if role.attribute is None else list(role.attribute),
        "not_department": list(role.not_department),
        "not_person": list(role.not_person),
    }


def _wait(wait: Wait) -> dict[str, Any]:
    limit = wait.limit.path if isinstance(wait.limit, Until) else wait.limit.parameter
    return {
        "for": None if wait.role is None else wait.role.name,
        "need": {"field": wait.need.path} if isinstance(wait.need, On) else wait.need or "all",
        "limit": {type(wait.limit).__name__.lower(): limit},
        "exit": wait.exit,
    }
