"""The description of a chaincode that `org.hyperledger.fabric:GetMetadata` answers.

Its shape is that of Fabric's Node runtime (contract-schema.json): contracts, their functions with a JSON
schema for each argument and result, and the schemas of the types they use. Beyond what that schema names, a function
has its docstring (`description`) and the members `x-…` that its contract adds; arguments allow no further members.
"""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter

from pyfabric.chaincode.contract import ContractBase, FunctionKind
from pyfabric.chaincode.functions import Argument, Function

SYSTEM_CONTRACT = "org.hyperledger.fabric"

_SCHEMA = "https://hyperledger.github.io/fabric-chaincode-node/main/api/contract-schema.json"
_REFERENCE = "#/components/schemas/{model}"
_RESULT = ""
_TAGS = {FunctionKind.SUBMIT: ["SUBMIT", "submitTx"], FunctionKind.EVALUATE: ["EVALUATE"]}


def describe(
    contracts: Iterable[ContractBase], functions: Mapping[str, Mapping[str, Function]]
) -> dict[str, Any]:
    """Return the metadata of contracts; `functions` are those of each contract's name."""
    schemas, shared = _schemas(functions)
    described: dict[str, Any] = {}
    for contract in contracts:
        name = contract.contract_name()
        instance = {"name": name} | ({} if described else {"default": True})
        described[name] = {
            "name": name,
            "contractInstance": instance,
            "transactions": [
                _function(each, {at: schemas[name, each.name, at] for at in _hints(each)})
                | dict(contract.describe_function(each.name))
                for each in functions[name].values()
            ],
            "info": {"title": contract.title, "version": contract.version},
        }
    described[SYSTEM_CONTRACT] = {
        "name": SYSTEM_CONTRACT,
        "contractInstance": {"name": SYSTEM_CONTRACT},
        "transactions": [{"name": "GetMetadata"}],
        "info": {"title": "", "version": ""},
    }
    return {
        "$schema": _SCHEMA,
        "contracts": described,
        "info": {"title": "", "version": ""},
        "components": {"schemas": {name: {"$id": name, **each} for name, each in shared.items()}},
    }


def _schemas(
    functions: Mapping[str, Mapping[str, Function]],
) -> tuple[dict[tuple[str, str, str], Any], dict[str, Any]]:
    """Return the schema of each argument and result, and those of the types that they name.

    All are made at once: two types of one name then get names of their own.
    """
    wanted = {
        (contract, function.name, at): TypeAdapter(hint)
        for contract, each in functions.items()
        for function in each.values()
        for at, hint in _hints(function).items()
    }
    found, shared = TypeAdapter.json_schemas(
        [(place, "validation", adapter) for place, adapter in wanted.items()],
        ref_template=_REFERENCE,
    )
    return {place: found[place, "validation"] for place in wanted}, shared.get("$defs", {})


def _hints(function: Function) -> dict[str, Any]:
    """Return the type of each argument by its name, and of the result by ""."""
    hints = {each.name: each.conversion.schema_hint for each in _all_arguments(function)}
    if function.result.schema_hint is not type(None):
        hints[_RESULT] = function.result.schema_hint
    return hints


def _all_arguments(function: Function) -> tuple[Argument, ...]:
    return (*function.arguments, *(() if function.rest is None else (function.rest,)))


def _function(function: Function, schemas: Mapping[str, Any]) -> dict[str, Any]:
    returns = {"returns": schemas[_RESULT]} if _RESULT in schemas else {}
    docstring = inspect.getdoc(function.call)
    return {
        "name": function.name,
        **({"description": docstring} if docstring else {}),
        "tag": _TAGS[function.kind],
        "parameters": [
            {
                "name": each.name,
                "description": schemas[each.name].get("description", ""),
                "required": each.required and not each.conversion.optional,
                "schema": schemas[each.name],
            }
            for each in _all_arguments(function)
        ],
        **returns,
    }
