"""Edits as JSON documents, and back."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NewType

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from pyfabric.admin.config.edits.batch import SetBatch
from pyfabric.admin.config.edits.capabilities import SetCapabilities
from pyfabric.admin.config.edits.consensus import MoveToBFT, SetConsensusOptions, SetMaintenance
from pyfabric.admin.config.edits.consenters import AddConsenter, RemoveConsenter, ReplaceConsenter
from pyfabric.admin.config.edits.edit import Edit
from pyfabric.admin.config.edits.msp import AddToMSP, RemoveFromMSP, SetMSP, SetRevocationList
from pyfabric.admin.config.edits.organizations import (
    AddOrganization,
    RemoveOrganization,
    SetAnchorPeers,
    SetEndpoints,
    SetOrdererAddresses,
)
from pyfabric.admin.config.edits.patch import JSONPatch
from pyfabric.admin.config.edits.policies import (
    RemoveACLs,
    RemovePolicy,
    SetACLs,
    SetModPolicy,
    SetPolicy,
)
from pyfabric.errors import ConfigError

KINDS: Final[Mapping[str, type[Edit]]] = {
    kind.kind: kind
    for kind in (
        SetBatch,
        SetPolicy,
        RemovePolicy,
        SetModPolicy,
        SetACLs,
        RemoveACLs,
        SetCapabilities,
        AddOrganization,
        RemoveOrganization,
        SetMSP,
        AddToMSP,
        RemoveFromMSP,
        SetRevocationList,
        SetAnchorPeers,
        SetEndpoints,
        SetOrdererAddresses,
        AddConsenter,
        RemoveConsenter,
        ReplaceConsenter,
        SetMaintenance,
        SetConsensusOptions,
        MoveToBFT,
        JSONPatch,
    )
}
"""Every edit, by the name that documents have for it."""
_NAME: Final = "edit"


def document(edit: Edit) -> dict[str, Any]:
    """Return the JSON of an edit: its kind under "edit", and its fields; certificates stand as PEM."""
    try:
        fields = _adapter(type(edit)).dump_python(edit, mode="json", exclude_none=True)
    except (PydanticSerializationError, UnicodeDecodeError) as error:
        raise ConfigError(f"the edit {edit.kind} cannot be written as JSON: {error}") from error
    return {_NAME: edit.kind, **fields}


def read_edit(document: object) -> Edit:
    """Return the edit that `Edit.document` wrote; raises ConfigError with the place that is wrong."""
    if not isinstance(document, Mapping) or document.get(_NAME) not in KINDS:
        raise ConfigError(f'not an edit: "{_NAME}" is one of {", ".join(KINDS)}')
    kind = KINDS[document[_NAME]]
    fields = {name: value for name, value in document.items() if name != _NAME}
    try:
        edit: Edit = _adapter(kind).validate_json(json.dumps(fields), strict=True)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise ConfigError(f"edit {kind.kind}: {place}: {problem['msg']}") from error
    return edit


@cache
def _adapter(kind: type[Edit]) -> TypeAdapter[Any]:
    # pydantic lets a configuration reach plain dataclasses only through a name of its own.
    return TypeAdapter(_named(kind), config=ConfigDict(extra="forbid", allow_inf_nan=False))


def _named(hint: Any) -> Any:
    return NewType(hint.__name__, hint)
