"""Chaincode definitions as documents: what one department sends to the others, for all to approve the same."""

from typing import Any, Final

from pyfabric.admin.definitions import ChaincodeDefinition
from pyfabric.errors import ConfigError
from pyfabric.messages.lifecycle import ENDORSEMENT_PLUGIN, VALIDATION_PLUGIN
from pyfabric.rules.collection_configs import collection_package
from pyfabric.rules.collection_documents import collections_document, read_collections
from pyfabric.rules.policies.application import check_reference, show_policy
from pyfabric.rules.policies.paths import ENDORSEMENT

_REQUIRED: Final = ("name", "version", "sequence")
_OTHERS: Final = (
    "endorsement_policy",
    "init_required",
    "endorsement_plugin",
    "validation_plugin",
    "collections",
)


def definition_document(definition: ChaincodeDefinition) -> dict[str, Any]:
    """Return a definition as a JSON object; its collections have the members of Fabric's collections JSON."""
    return {
        "name": definition.name,
        "version": definition.version,
        "sequence": definition.sequence,
        "endorsement_policy": show_policy(definition.validation_parameter()) or ENDORSEMENT,
        "init_required": definition.init_required,
        "endorsement_plugin": definition.endorsement_plugin,
        "validation_plugin": definition.validation_plugin,
        "collections": collections_document(definition.collections),
    }


def read_definition(document: object) -> ChaincodeDefinition:
    """Return the definition of a document; without the optional members it has Fabric's defaults.

    Raises ConfigError that names the member.
    """
    if not isinstance(document, dict):
        raise ConfigError("a chaincode definition must be an object")
    missing = [member for member in _REQUIRED if member not in document]
    others = [member for member in document if member not in (*_REQUIRED, *_OTHERS)]
    if missing or others:
        problem = f"lacks {missing[0]}" if missing else f"has the unknown member {others[0]}"
        raise ConfigError(f"the chaincode definition {problem}")
    init_required = document.get("init_required", False)
    if not isinstance(init_required, bool):
        raise ConfigError(
            f"chaincode definition: init_required must be a truth value, not {init_required!r}"
        )
    definition = ChaincodeDefinition(
        name=document["name"],
        version=document["version"],
        sequence=document["sequence"],
        endorsement_policy=endorsement_policy(document.get("endorsement_policy") or ENDORSEMENT),
        collections=collection_package(read_collections(document.get("collections", []))),
        init_required=init_required,
        endorsement_plugin=document.get("endorsement_plugin", ENDORSEMENT_PLUGIN),
        validation_plugin=document.get("validation_plugin", VALIDATION_PLUGIN),
    )
    definition.validation_parameter()
    return definition


def endorsement_policy(text: object) -> str:
    """Return the text if it can be an endorsement policy: an expression or a path; raises ConfigError."""
    if not isinstance(text, str):
        raise ConfigError(f"chaincode definition: endorsement_policy must be a text, not {text!r}")
    if "(" not in text:
        check_reference(text)
    return text
