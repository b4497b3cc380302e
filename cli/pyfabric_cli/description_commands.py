"""`pyfabric chaincode metadata` and `describe`: the functions and life cycles of a deployed chaincode, by its own account."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from pyfabric_network.contexts import Language

from pyfabric_cli import options
from pyfabric_cli.acting import Acting, Calling
from pyfabric_cli.commands import command
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say_result

if TYPE_CHECKING:
    from pyfabric.gateway import Contract

_SYSTEM: Final = "org.hyperledger.fabric"
_METADATA: Final = f"{_SYSTEM}:GetMetadata"
_LIFE_CYCLES: Final = "life_cycles"
"""The function with which a contract of declared steps answers its tables as JSON (pyfabric_municipal.common)."""
_NEW: Final = "new"
"""The source of a step that makes a record."""

app = plain_app()

Rows = Iterator[dict[str, Any]]


@command(app)
def metadata(invocation: Acting, name: options.ChaincodeName) -> None:
    """List a chaincode's functions, with parameters and results."""
    actor = invocation.actor
    with actor.gateway() as gateway:
        described = _metadata(gateway.network(actor.channel).contract(name))
    if invocation.as_json:
        invocation.printer.document(described)
        return
    functions = (one for contract in _own(described) for one in _functions(contract, described))
    invocation.printer.rows(["function", "kind", "parameters", "result"], functions)


@command(app)
def describe(
    invocation: Calling,
    name: options.ChaincodeName,
    mermaid: Annotated[
        bool, typer.Option("--mermaid", help="Print the life cycles as state diagrams.")
    ] = False,
) -> None:
    """Show a chaincode's life cycles, roles, refusals and functions.

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
            say_result("\n".join(_diagrams(found)))
            continue
        invocation.printer.record(
            {"contract": contract, "title": found.get("title"), "description": found.get("doc")},
            records=(["record", "fields", "description"], _records(found)),
            steps=(
                ["record", "step", "from", "to", "by", "guards", "waits_for", "description"],
                _steps(found, invocation.language),
            ),
            refusals=(["code", "text"], _refusals(found, invocation.language)),
            functions=(
                ["function", "kind", "parameters", "result"],
                _functions(contract, described),
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


def _records(found: Mapping[str, Any]) -> Rows:
    for one in found.get("records", ()):
        yield {"record": one["kind"], "fields": one["fields"], "description": _line(one["doc"])}


def _steps(found: Mapping[str, Any], language: Language) -> Rows:
    names = {role["role"]: _role(role, language) for one in _all_steps(found) for role in one["by"]}
    for one in _all_steps(found):
        yield {
            "record": one["record"],
            "step": one["step"],
            "from": one["from"],
            "to": [target["state"] for target in one["to"]],
            "by": [_role(role, language) for role in one["by"]],
            "guards": [guard["code"] for guard in one["guards"]],
            "waits_for": [
                f"{names.get(wait['for'], wait['for'] or '-')}: {wait['exit']}"
                for wait in one["waits"]
            ],
            "description": _line(one["doc"]),
        }


def _refusals(found: Mapping[str, Any], language: Language) -> Rows:
    for code, texts in found.get("refusals", {}).items():
        yield {"code": code, "text": texts[language]}


def _diagrams(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a mermaid state diagram of each record that has steps between states."""
    for kind in (one["kind"] for one in found.get("records", ()) if not one["is_fact"]):
        arrows = [
            f"  {'[*]' if source == _NEW else source} --> {target['state']}: {step['step']}"
            for step in _all_steps(found)
            if step["record"] == kind
            for source in step["from"]
            for target in step["to"]
        ]
        if arrows:
            yield from (f"%% {kind}", "stateDiagram-v2", *arrows)


def _all_steps(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = found.get("steps", [])
    return steps


def _role(role: Mapping[str, Any], language: Language) -> str:
    return str(role["zh" if language is Language.ZH else "role"])


def _line(text: str) -> str:
    return text.partition("\n")[0]


def _functions(contract: str, described: Mapping[str, Any]) -> Rows:
    for each in described["contracts"][contract]["transactions"]:
        yield {
            "function": f"{contract}:{each['name']}",
            "kind": "transaction" if "submitTx" in each.get("tag", []) else "query",
            "parameters": [
                f"{one['name']}: {_type(one.get('schema', {}))}"
                for one in each.get("parameters", [])
            ],
            "result": _type(each.get("returns", {})),
        }


def _type(schema: Mapping[str, Any]) -> str:
    """Return the short name of a JSON schema."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return " or ".join(_type(one) for one in schema.get("anyOf", ())) or schema.get("type", "-")
