"""The description of a contract as JSON, made from its declarations: for commands, pages and the metadata."""

import inspect
from collections.abc import Mapping
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from pyfabric.messages.json_schemas import type_name
from pyfabric_municipal.common.diagrams import diagram
from pyfabric_municipal.common.invariants import SetInvariant
from pyfabric_municipal.common.records import Fact, Record, Tracked
from pyfabric_municipal.common.refusals import Rule
from pyfabric_municipal.common.roles import (
    Appointed,
    Governed,
    HolderRole,
    MemberRole,
    On,
    OrganisationRole,
    Role,
)
from pyfabric_municipal.common.step_refusals import refusals_of
from pyfabric_municipal.common.steps import Step, Wait
from pyfabric_municipal.common.waiting import Days, Seconds

if TYPE_CHECKING:
    from pyfabric_municipal.common.contract import CityContract

_OF_EVERY_RECORD: Final = frozenset((*Record.model_fields, *Tracked.model_fields))


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
        "parts": [{"record": one.record.KIND, "part": one.name} for one in contract.PARTS],
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


def _parameters(contract: "type[CityContract]") -> dict[str, dict[str, list[str]]]:
    """Return who reads each parameter that declarations name: roles, limits after steps, guards, effects."""
    found: dict[str, dict[str, list[str]]] = {}
    for step in contract.STEPS.values():
        waits = (*step.waits, *(wait for move in step.moves for wait in move.waits))
        read = [
            *(
                (one.of.parameter, "role", one.name)
                for one in step.by
                if isinstance(one.of, Governed)
            ),
            *(
                (one.limit.parameter, "limit", step.name)
                for one in waits
                if isinstance(one.limit, Days | Seconds)
            ),
            *((name, "guard", one.code) for one in step.conditions for name in one.parameters),
            *((name, "step", step.name) for name in step.parameters),
        ]
        for name, kind, reader in read:
            readers = found.setdefault(name, {}).setdefault(kind, [])
            if reader not in readers:
                readers.append(reader)
    return dict(sorted(found.items()))


def _fields(record: type[Record]) -> list[dict[str, str]]:
    """Return the fields that a record has beside those of every record."""
    schemas = record.model_json_schema()["properties"]
    own = (name for name in record.model_fields if name not in _OF_EVERY_RECORD)
    return [{"name": name} | _typed(schemas[name]) for name in own]


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
        "fields": _fields(record),
        "indexes": {one.name: list(one.paths) for one in record.INDEXES},
        "claims": [one.name for one in record.CLAIMS],
        "states": dict(record.STATES),
        "collection": record.COLLECTION,
        "lock": None
        if record.LOCK is None
        else {"field": record.LOCK.field, "record": record.LOCK.record.KIND},
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
        "private": _private(step),
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


def _private(step: Step) -> dict[str, dict[str, str]]:
    """Return the arguments that travel as transient data: their collection, type and description."""
    hints = {name: (hint, mark.name) for name, (hint, mark) in step.private.items()}
    if step.record.COLLECTION:
        hints |= {one.name: (one.annotation, step.record.COLLECTION) for one in step.arguments}
    return {
        name: {"collection": collection} | _typed(TypeAdapter(hint).json_schema())
        for name, (hint, collection) in hints.items()
    }


def _typed(schema: Mapping[str, Any]) -> dict[str, str]:
    name = type_name(schema)
    title = schema.get("$defs", {}).get(name, {}).get("title", name)
    described = (one.get("description") for one in (schema, *schema.get("anyOf", ())))
    return {"type": title, "description": next(filter(None, described), "")}


def _role(role: Role) -> dict[str, Any]:
    kinds = {OrganisationRole: "organisation", HolderRole: "holder", MemberRole: "member"}
    named = {On: "field", Governed: "parameter", Appointed: "role"}
    place = None
    if role.of is not None:
        (value,) = astuple(role.of)
        place = {named[type(role.of)]: value}
    return {
        "role": role.name,
        "zh": role.zh,
        "kind": "anybody" if role.is_anybody else kinds.get(type(role), "department"),
        "named_by": place,
        "attribute": None if role.attribute is None else list(role.attribute),
        "not_department": list(role.not_department),
        "not_person": list(role.not_person),
    }


def _wait(wait: Wait) -> dict[str, Any]:
    limit = wait.limit.parameter if isinstance(wait.limit, Days | Seconds) else wait.limit.path
    return {
        "for": None if wait.role is None else _role(wait.role),
        "need": {"field": wait.need.path} if isinstance(wait.need, On) else wait.need or "all",
        "limit": {type(wait.limit).__name__.lower(): limit},
        "exit": wait.exit,
        "states": list(wait.states),
    }
