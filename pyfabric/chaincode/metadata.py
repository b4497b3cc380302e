"""The description of a chaincode that `org.hyperledger.fabric:GetMetadata` answers.

Its shape is that of Fabric's Node runtime (contract-schema.json): contracts, their functions with a JSON
schema for each argument and result, and the schemas of the types they use.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter

from pyfabric.chaincode.contract import ContractBase, FunctionKind
from pyfabric.chaincode.functions import Argument, Function

SYSTEM_CONTRACT = "org.hyperledger.fabric"

_SCHEMA = "https://hyperledger.github.io/fabric-chaincode-node/main/api/contract-schema.json"
_REFERENCE = "#/components/schemas/{model}"
_TAGS = {FunctionKind.SUBMIT: ["SUBMIT", "submitTx"], FunctionKind.EVALUATE: ["EVALUATE"]}


def describe(
    contracts: Iterable[ContractBase], functions: Mapping[str, Mapping[str, Function]]
) -> dict[str, Any]:
    """The metadata of contracts; `functions` are those of each contract's name."""
    schemas: dict[str, Any] = {}
    described: dict[str, Any] = {}
    for contract in contracts:
        name = contract.contract_name()
        instance = {"name": name} | ({} if described else {"default": True})
        described[name] = {
            "name": name,
            "contractInstance": instance,
            "transactions": [_function(each, schemas) for each in functions[name].values()],
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
        "components": {"schemas": schemas},
    }


def _function(function: Function, schemas: dict[str, Any]) -> dict[str, Any]:
    arguments = [*function.arguments, *([] if function.rest is None else [function.rest])]
    described: dict[str, Any] = {
        "tag": _TAGS[function.kind],
        "parameters": [_argument(each, schemas) for each in arguments],
        "name": function.name,
    }
    if function.result.schema_hint is not type(None):
        described["returns"] = _schema(function.result.schema_hint, schemas, "serialization")
    return described


def _argument(argument: Argument, schemas: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": argument.name,
        "description": "",
        "required": argument.required and not argument.conversion.optional,
        "schema": _schema(argument.conversion.schema_hint, schemas, "validation"),
    }


def _schema(hint: Any, schemas: dict[str, Any], mode: Any) -> Any:
    """The hint's schema; the types that it names are added to `schemas`."""
    keyed, shared = TypeAdapter.json_schemas(
        [("it", mode, TypeAdapter(hint))], ref_template=_REFERENCE
    )
    for name, schema in shared.get("$defs", {}).items():
        schemas[name] = {"$id": name, **schema}
    return keyed["it", mode]
