"""Descriptions of a contract, made from its declarations: JSON tables, diagrams, and a page of documentation."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, Literal

from pyfabric_municipal.common.invariants import SetInvariant
from pyfabric_municipal.common.records import NEW, Fact, Record
from pyfabric_municipal.common.refusals import Rule
from pyfabric_municipal.common.roles import (
    Appointed,
    Governed,
    HolderRole,
    On,
    OrganisationRole,
    Role,
)
from pyfabric_municipal.common.steps import Step, Wait
from pyfabric_municipal.common.waiting import Until

if TYPE_CHECKING:
    from pyfabric_municipal.common.contract import CityContract

Language = Literal["zh", "en"]

_HEADINGS: Mapping[Language, tuple[str, ...]] = {
    "zh": ("步骤", "从", "到", "由谁办理", "条件", "等待", "说明"),
    "en": ("step", "from", "to", "by", "guards", "waits for", "description"),
}
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "refusals": "拒绝代码",
        "code": "代码",
        "text": "文字",
        "records": "记录",
        "always": "不变量",
    },
    "en": {
        "refusals": "Refusals",
        "code": "code",
        "text": "text",
        "records": "Records",
        "always": "Invariants",
    },
}


def describe(contract: "type[CityContract]") -> dict[str, Any]:
    """Return the contract as JSON: its records with their fields, its steps with all that was declared, its refusals."""
    return {
        "contract": contract.contract_name(),
        "title": contract.title,
        "doc": inspect.getdoc(contract) or "",
        "records": [_record(one) for one in contract.RECORDS],
        "steps": [_step(one) for one in contract.STEPS.values()],
        "transactions": [_rule(one) for one in contract.TRANSACTIONS],
        "refusals": {
            code: {"zh": rule.zh, "en": rule.en} for code, rule in refusals(contract).items()
        },
    }


def diagram(contract: "type[CityContract]", record: type[Record]) -> str:
    """Return the life cycle of a record as a mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    for step in contract.STEPS.values():
        if step.record is not record or issubclass(record, Fact):
            continue
        for source in step.sources:
            start = "[*]" if source == NEW else source
            lines += [f"  {start} --> {target.state}: {step.name}" for target in step.targets]
    return "\n".join(lines)


def page(contract: "type[CityContract]", language: Language) -> str:
    """Return the page of a contract in Markdown: diagrams, steps, invariants and refusals."""
    words = _WORDS[language]
    lines = [f"# {contract.title or contract.contract_name()}", "", inspect.getdoc(contract) or ""]
    for record in contract.RECORDS:
        lines += ["", f"## {record.KIND}", "", inspect.getdoc(record) or "", ""]
        if not issubclass(record, Fact):
            lines += ["```mermaid", diagram(contract, record), "```", ""]
        lines += _table(_HEADINGS[language], _rows(contract, record, language))
        if record.INVARIANTS:
            rows = [(f"`{one.code}`", getattr(one, language)) for one in record.INVARIANTS]
            lines += ["", f"### {words['always']}", ""]
            lines += _table((words["code"], words["text"]), iter(rows))
    lines += ["", f"## {words['refusals']}", ""]
    rules = refusals(contract).items()
    found = ((f"`{code}`", getattr(rule, language)) for code, rule in rules)
    return "\n".join([*lines, *_table((words["code"], words["text"]), found), ""])


def refusals(contract: "type[CityContract]") -> Mapping[str, Rule]:
    """Return the contract's own rules by the codes of their refusals."""
    steps = contract.STEPS.values()
    rules: list[Rule] = [guard for step in steps for guard in step.guards]
    rules += [target.when for step in steps for target in step.targets if target.when is not None]
    rules += [rule for record in contract.RECORDS for rule in record.INVARIANTS]
    rules += [claim.rule for record in contract.RECORDS for claim in record.CLAIMS]
    rules += contract.TRANSACTIONS
    name = contract.contract_name()
    return dict(sorted((rule.code_in(name), rule) for rule in rules))


def _record(record: type[Record]) -> dict[str, Any]:
    return {
        "kind": record.KIND,
        "doc": inspect.getdoc(record) or "",
        "schema_version": record.SCHEMA,
        "is_fact": issubclass(record, Fact),
        "fields": [name for name in record.model_fields if name not in Record.model_fields],
        "indexes": {one.name: list(one.paths) for one in record.INDEXES},
        "claims": [one.name for one in record.CLAIMS],
        "collection": record.COLLECTION,
        "views": {name: list(fields) for name, fields in record.VIEWS.items()},
        "invariants": [
            _rule(one) | ({"index": one.index} if isinstance(one, SetInvariant) else {})
            for one in record.INVARIANTS
        ],
    }


def _step(step: Step) -> dict[str, Any]:
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
        "private": {name: collection for name, (_, collection) in step.private.items()},
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
        "need": wait.need or "all",
        "limit": {type(wait.limit).__name__.lower(): limit},
        "exit": wait.exit,
    }


def _rows(
    contract: "type[CityContract]", record: type[Record], language: Language
) -> Iterator[tuple[str, ...]]:
    for step in contract.STEPS.values():
        if step.record is record:
            waits = [f"{_named(one.role, language)} → {one.exit}" for one in step.waits]
            yield (
                f"`{step.name}`",
                ", ".join(step.sources),
                ", ".join(one.state for one in step.targets),
                ", ".join(_named(one, language) for one in step.by),
                ", ".join(f"`{one.code}`" for one in step.guards),
                ", ".join(waits),
                step.doc.partition("\n")[0],
            )


def _named(role: Role | None, language: Language) -> str:
    if role is None:
        return "时间" if language == "zh" else "time"
    return role.zh if language == "zh" else role.name


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> list[str]:
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    return [lines[0], "|" + "---|" * len(head), *lines[1:]]
