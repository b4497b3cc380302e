"""`pyfabric chaincode metadata` and `describe`: the functions and life cycles of a deployed chaincode, by its own account."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from pyfabric_network.contexts import Language

from pyfabric.messages.json_schemas import type_name
from pyfabric.messages.languages import in_language, summary
from pyfabric_cli import options
from pyfabric_cli.acting import Calling
from pyfabric_cli.commands import command
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say_result

if TYPE_CHECKING:
    from pyfabric.gateway import Contract

_SYSTEM: Final = "org.hyperledger.fabric"
_METADATA: Final = f"{_SYSTEM}:GetMetadata"
_LIFE_CYCLES: Final = "life_cycles"
"""The function with which a contract of declared steps answers its tables as JSON (pyfabric_municipal.common)."""

_CHINESE: Final = {
    "contract": "合约",
    "title": "名称",
    "description": "说明",
    "records": "记录",
    "record": "记录",
    "fields": "字段",
    "steps": "步骤",
    "step": "步骤",
    "from": "从",
    "to": "到",
    "by": "由谁办理",
    "guards": "条件",
    "waits_for": "等待",
    "refusals": "拒绝代码",
    "code": "代码",
    "text": "文字",
    "functions": "函数",
    "function": "函数",
    "kind": "类别",
    "parameters": "参数",
    "result": "结果",
    "arguments": "参数说明",
    "argument": "参数",
    "type": "类型",
}
"""The headings in Chinese."""

app = plain_app()

Rows = Iterator[dict[str, Any]]


@command(app)
def metadata(invocation: Calling, name: options.ChaincodeName) -> None:
    """List a chaincode's functions, with parameters, results and what they do."""
    actor = invocation.actor
    with actor.gateway() as gateway:
        described = _metadata(gateway.network(actor.channel).contract(name))
    if invocation.as_json:
        invocation.printer.document(described)
        return
    functions = (
        row
        for contract in _own(described)
        for row in _functions(contract, described, invocation.language)
    )
    invocation.printer.rows(["function", "kind", "parameters", "result", "description"], functions)


@command(app)
def describe(
    invocation: Calling,
    name: options.ChaincodeName,
    mermaid: Annotated[
        bool, typer.Option("--mermaid", help="Print the life cycles as state diagrams.")
    ] = False,
) -> None:
    """Show a chaincode's life cycles, roles, refusals and functions, in English or Chinese.

    Contracts whose steps are not declared have functions alone.
    """
    actor = invocation.actor
    with actor.gateway() as gateway:
        chaincode = gateway.network(actor.channel).contract(name)
        described = _metadata(chaincode)
        cycles = {one: _life_cycles(chaincode, one, described) for one in _own(described)}
    if invocation.as_json:
        invocation.printer.document({"metadata": described, "life_cycles": cycles})
        return
    for contract, found in cycles.items():
        if mermaid:
            say_result("\n".join(_diagrams(found, invocation.language)))
            continue
        language = invocation.language
        invocation.printer.record(
            {
                "contract": contract,
                "title": found.get("title"),
                "description": in_language(found.get("doc", ""), language),
            },
            _CHINESE if language is Language.ZH else None,
            records=(["record", "fields", "description"], _records(found, language)),
            steps=(
                ["record", "step", "from", "to", "by", "guards", "waits_for", "description"],
                _steps(found, language),
            ),
            refusals=(["code", "text"], _refusals(found, language)),
            functions=(
                ["function", "kind", "parameters", "result", "description"],
                _functions(contract, described, language),
            ),
            arguments=(
                ["function", "argument", "type", "description"],
                _arguments(contract, described, language),
            ),
        )


def _metadata(chaincode: "Contract") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(chaincode.evaluate(_METADATA))
    return found


def _own(described: Mapping[str, Any]) -> list[str]:
    """Return the names of a chaincode's contracts, without the one that every chaincode has."""
    return [contract for contract in described["contracts"] if contract != _SYSTEM]


def _life_cycles(
    chaincode: "Contract", contract: str, described: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a contract's own tables, empty if it has none."""
    functions = described["contracts"][contract]["transactions"]
    if all(one["name"] != _LIFE_CYCLES for one in functions):
        return {}
    found: dict[str, Any] = json.loads(chaincode.evaluate(f"{contract}:{_LIFE_CYCLES}"))
    return found


def _records(found: Mapping[str, Any], language: Language) -> Rows:
    for one in found.get("records", ()):
        text = summary(one["doc"], language)
        fields = [field["name"] for field in one["fields"]]
        yield {"record": one["kind"], "fields": fields, "description": text}


def _steps(found: Mapping[str, Any], language: Language) -> Rows:
    for one in _all_steps(found):
        yield {
            "record": one["record"],
            "step": one["step"],
            "from": one["from"],
            "to": [target["state"] for target in one["to"]],
            "by": [_role(role, language) for role in one["by"]],
            "guards": [guard["code"] for guard in one["guards"]],
            "waits_for": [
                f"{_role(wait['for'], language)}: {wait['exit']}" for wait in one["waits"]
            ],
            "description": summary(one["doc"], language),
        }


def _refusals(found: Mapping[str, Any], language: Language) -> Rows:
    for code, texts in found.get("refusals", {}).items():
        yield {"code": code, "text": texts[language]}


def _diagrams(found: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Yield the contract's own mermaid diagram of each record that has a life cycle."""
    for one in found.get("records", ()):
        if drawn := one["diagram"][language]:
            yield f"%% {one['kind']}\n{drawn}"


def _all_steps(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = found.get("steps", [])
    return steps


def _role(role: Mapping[str, Any] | None, language: Language) -> str:
    if role is None:
        return "-"
    return str(role["zh" if language is Language.ZH else "role"])


def _functions(contract: str, described: Mapping[str, Any], language: Language) -> Rows:
    for each in described["contracts"][contract]["transactions"]:
        yield {
            "function": f"{contract}:{each['name']}",
            "kind": "transaction" if "submitTx" in each.get("tag", []) else "query",
            "parameters": [
                f"{one['name']}: {type_name(one.get('schema', {}))}"
                for one in each.get("parameters", [])
            ],
            "result": type_name(each.get("returns", {})),
            "description": summary(each.get("description", ""), language),
        }


def _arguments(contract: str, described: Mapping[str, Any], language: Language) -> Rows:
    """Yield the arguments of which the contract says more than name and type."""
    for each in described["contracts"][contract]["transactions"]:
        for one in each.get("parameters", ()):
            if one.get("description"):
                yield {
                    "function": f"{contract}:{each['name']}",
                    "argument": one["name"],
                    "type": type_name(one.get("schema", {})),
                    "description": in_language(one["description"], language),
                }
